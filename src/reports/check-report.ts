import { remember } from '../base/remember.js';
import type { Answer, CheckedDoor, CheckResult } from '../contract/answers.js';
import { alikeFindings, type FindingGroup, groupedFindings } from '../questions/findings/effects.js';
import { backgroundMarkdown, details, markdownGroup, markdownReport } from './assumptions.js';
import {
  doorTitle,
  endpointsText,
  keptText,
  loadText,
  portTitle,
  scopeText,
  sortedDoors,
  verdictText,
} from './check-words.js';
import { joinSections, type Layout, type Report } from './form.js';
import { changesText, findingsText, footer, headline } from './frame.js';
import { markdownCode, markdownText, printable } from './safe-text.js';
import { type Column, markdownTable, textTable } from './text-table.js';
import { item } from './wrap.js';

const COLUMNS: readonly Column[] = [
  { title: 'Service' },
  { title: 'door' },
  { title: 'change' },
  { title: 'new connections' },
  { title: 'endpoints' },
  { title: 'source address' },
  { title: 'load' },
];

/** The columns of a check: loads where there is traffic. */
function columnsOf({ services }: CheckResult): readonly Column[] {
  const loaded = services.some(({ doors }) => doors.some(({ load }) => load !== undefined));
  return loaded ? COLUMNS : COLUMNS.slice(0, -1);
}

/** A comment on a pull request is to be short: rows beyond these are folded away or left out, and counted. */
const MAX_ROWS = 20;
const MAX_FOLDED = 50;
/** So many findings are in sight, if there are so many, and at least one of each kind. */
const FEW_ROWS = 8;
/** GitHub takes comments of 65536 characters. */
const MAX_CHARACTERS = 60_000;

/** The sections that fit, the first ones; how many do not is said. */
function fitting(sections: readonly (readonly string[])[]): readonly (readonly string[])[] {
  let left = MAX_CHARACTERS;
  const kept = sections.filter((section) => {
    const size = section.reduce((sum, line) => sum + line.length + 1, 1);
    if (size > left) return false;
    left -= size;
    return true;
  });
  const out = sections.length - kept.length;
  return out === 0
    ? kept
    : [...kept, [`${out} parts are left out, since the comment would be too long: see the JSON answer.`]];
}

function cells(door: CheckedDoor): string[] {
  return [
    portTitle(door),
    doorTitle(door),
    door.change,
    verdictText(door),
    endpointsText(door),
    keptText(door),
    loadText(door),
  ];
}

function nodeLine({ nodes: { added, removed } }: CheckResult): string[] {
  const tell = (names: readonly string[], word: string) =>
    names.length === 0
      ? []
      : [`Nodes ${word}: ${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}.`];
  return [...tell(added, 'added'), ...tell(removed, 'removed')];
}

function notAskedLines({ services }: CheckResult): string[] {
  return services.flatMap(({ service, notAsked }) =>
    notAsked.map(({ clients, via, why }) => `${service} via ${via} (${clients}): ${why}`),
  );
}

/** Doors that the first screen has rows for. */
const MOST_DOORS = 12;

function text(answer: Answer<CheckResult>, layout: Layout): string {
  const { result } = answer;
  const { paint, view } = layout;
  const doors = sortedDoors(result);
  const changed = doors.filter(({ change }) => change !== 'SAME');
  const groups = view.all ? changed.map((door) => [door]) : alikeDoors(changed);
  const shown = view.all ? groups : groups.slice(0, MOST_DOORS);
  const same = doors.length - changed.length;
  const lines = notAskedLines(result);
  const left = groups.slice(shown.length).flat().length;
  return joinSections([
    headline(answer, layout),
    findingsText(answer, layout),
    changesText(answer, layout),
    nodeLine(result).map(printable),
    shown.length === 0 ? [] : doorLines(shown, layout),
    [
      ...(left === 0 ? [] : [`${left} more ${left === 1 ? 'door changes' : 'doors change'}: --all`]),
      ...(same === 0
        ? []
        : [
            `${same} ${same === 1 ? 'door' : 'doors'} of touched Services ${same === 1 ? 'stays' : 'stay'} ` +
              `as ${same === 1 ? 'it is' : 'they are'}.`,
          ]),
      ...(view.all || lines.length === 0 ? [] : [`${lines.length} not asked about: --all`]),
    ],
    view.all && lines.length > 0 ? [paint.bold('Not asked about'), ...lines.map((line) => `  ${printable(line)}`)] : [],
    view.all ? item('', scopeText(result), layout.width, 0) : [],
    ...footer(answer, layout, view.all ? [] : [['everything', '--all'] as const]),
  ]);
}

/** Doors of several Services to which the same happens, taken together, in the order of their first. */
function alikeDoors(doors: readonly CheckedDoor[]): readonly (readonly CheckedDoor[])[] {
  const groups = new Map<string, CheckedDoor[]>();
  for (const door of doors) {
    const [, ...rest] = cells(door);
    remember(groups, JSON.stringify(rest), (): CheckedDoor[] => []).push(door);
  }
  return [...groups.values()];
}

/** So many Services are named of those to which the same happens. */
const NAMED_SERVICES = 2;

/** The cells of doors that are alike: of the first, with the names of several Services. */
function groupCells(doors: readonly CheckedDoor[]): string[] {
  const [first] = doors;
  if (first === undefined) return [];
  const [own = '', ...rest] = cells(first);
  if (doors.length === 1) return [own, ...rest];
  const names = doors.slice(0, NAMED_SERVICES).map(portTitle);
  const left = doors.length - names.length;
  return [`${doors.length} Service ports (${names.join(', ')}${left > 0 ? ` and ${left} more` : ''})`, ...rest];
}

/** A table where it fits; otherwise two lines for each group of doors. */
function doorLines(groups: readonly (readonly CheckedDoor[])[], { width }: Layout): string[] {
  const rows = groups.map((doors) => groupCells(doors).map(printable));
  const table = textTable(COLUMNS, rows);
  if (table.every((line) => [...line].length <= width - 2)) return table.map((line) => `  ${line}`);
  return rows.flatMap((row) => {
    const [service = '', way = '', change = '', ...rest] = row;
    const more = rest.filter((cell) => cell !== '').join('; ');
    return [...item('  ', `${change} ${service} by ${way}`, width, 4), ...item('    ', more, width, 6)];
  });
}

const markdownCells = (door: CheckedDoor): string[] => {
  const [service = '', ...rest] = cells(door);
  return [markdownCode(service), ...rest.map(markdownText)];
};

function findingRows(groups: readonly FindingGroup[]): string[] {
  const columns = [{ title: 'severity' }, { title: 'code' }, { title: 'finding' }];
  const icon = { ERROR: '❌', WARNING: '⚠️', INFO: 'ℹ️' } as const;
  return markdownTable(
    columns,
    groups.map(({ cause, effects, severity }) => [
      `${icon[severity]} ${severity}`,
      markdownCode(cause.code),
      markdownGroup(cause, effects),
    ]),
  );
}

function folded(title: string, columns: readonly Column[], rows: readonly string[][]): string[] {
  if (rows.length === 0) return [];
  const shown = rows.slice(0, MAX_FOLDED);
  const more = rows.length > shown.length ? `\n\n${rows.length - shown.length} more are not shown.` : '';
  return [details(`${title}: ${rows.length}`, `${markdownTable(columns, shown).join('\n')}${more}`)];
}

function iconOf({ failed, unknown }: CheckResult): string {
  if (failed) return '❌';
  return unknown === undefined ? '✅' : '❓';
}

function markdown(answer: Answer<CheckResult>): string {
  const { result, findings } = answer;
  const doors = sortedDoors(result);
  const changed = doors.filter(({ change }) => change !== 'SAME').map(markdownCells);
  const same = doors.filter(({ change }) => change === 'SAME').map(markdownCells);
  const groups = groupedFindings(findings);
  const kinds = alikeFindings(groups.filter(({ severity }) => severity !== 'INFO'));
  // The first of each kind, then the others: a comment names what is wrong before how often.
  const grave = [...kinds.map(({ first }) => first), ...kinds.flatMap(({ others }) => others)];
  const most = Math.min(MAX_ROWS, Math.max(kinds.length, FEW_ROWS));
  const light = groups.filter(({ severity }) => severity === 'INFO');
  const lines = notAskedLines(result);
  const columns = columnsOf(result);
  const sections: (readonly string[])[] = [
    [`**${iconOf(result)} ${markdownText(answer.summary)}**`],
    [scopeText(result)],
    nodeLine(result).map(markdownText),
    grave.length === 0 ? [] : findingRows(grave.slice(0, most)),
    grave.length > most
      ? [details(`More findings: ${grave.length - most}`, findingRows(grave.slice(most, most + MAX_FOLDED)).join('\n'))]
      : [],
    changed.length === 0
      ? [result.unknown === undefined ? 'No door of a touched Service changes.' : 'No door is seen to change.']
      : markdownTable(columns, changed.slice(0, MAX_ROWS)),
    folded('More doors that change', columns, changed.slice(MAX_ROWS)),
    folded('Doors that stay as they are', columns, same),
    light.length === 0
      ? []
      : [details(`For information: ${light.length}`, findingRows(light.slice(0, MAX_FOLDED)).join('\n'))],
    lines.length === 0
      ? []
      : [
          details(
            `Not asked about: ${lines.length}`,
            lines
              .slice(0, MAX_FOLDED)
              .map((line) => `- ${markdownText(line)}`)
              .join('\n'),
          ),
        ],
    ...foldedBackground(answer),
  ];
  return markdownReport(fitting(sections));
}

/** The changes and assumptions, folded away. */
function foldedBackground(answer: Answer<CheckResult>): string[][] {
  const { changes } = answer;
  const assumptions = backgroundMarkdown({ ...answer, changes: [], findings: [] });
  if (changes.length === 0) return assumptions;
  const [, lines = []] = backgroundMarkdown({ ...answer, findings: [], assumptions: [] });
  const shown = lines.slice(0, MAX_FOLDED);
  const more = lines.length > shown.length ? [`- and ${lines.length - shown.length} more lines`] : [];
  return [[details(`What the changes did: ${changes.length}`, [...shown, ...more].join('\n'))], ...assumptions];
}

/** A check, short: whether it failed, what it found, and the doors that change, the worst first. */
export const checkReport: Report<Answer<CheckResult>> = { text, markdown };
