import type { Answer, CheckedDoor, CheckResult, Finding } from '../contract/answers.js';
import { backgroundMarkdown, backgroundText, details, markdownReport } from './assumptions.js';
import {
  countText,
  doorTitle,
  endpointsText,
  keptText,
  portTitle,
  scopeText,
  sortedDoors,
  verdictText,
} from './check-rows.js';
import { joinSections, type Layout, type Report } from './form.js';
import { markdownCode, markdownText, printable } from './safe-text.js';
import { type Column, markdownTable, textTable } from './table.js';
import { item } from './wrap.js';

const COLUMNS: readonly Column[] = [
  { title: 'Service' },
  { title: 'door' },
  { title: 'change' },
  { title: 'new connections' },
  { title: 'endpoints' },
  { title: 'source address' },
];

/** A comment on a pull request is to be short: rows beyond these are folded away or left out, and counted. */
const MAX_ROWS = 20;
const MAX_FOLDED = 50;
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
  return [portTitle(door), doorTitle(door), door.change, verdictText(door), endpointsText(door), keptText(door)];
}

function verdictLine({ failed, failOn, unknown }: CheckResult): string {
  if (failed) return `Failed: a finding reaches ${failOn}.`;
  if (unknown !== undefined) return `Unknown: ${unknown.why}`;
  return failOn === 'NEVER' ? 'Told only: nothing makes this check fail.' : `Passed: no finding reaches ${failOn}.`;
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

function text(answer: Answer<CheckResult>, layout: Layout): string {
  const { result } = answer;
  const { paint } = layout;
  const doors = sortedDoors(result);
  const changed = doors.filter(({ change }) => change !== 'SAME');
  const same = doors.length - changed.length;
  const lines = notAskedLines(result);
  return joinSections([
    [
      ...item('', verdictLine(result), layout.width, 0).map((line) =>
        (result.failed || result.unknown !== undefined ? paint.bad : paint.good)(printable(line)),
      ),
      `${countText(result)}.`,
      ...item('', scopeText(result), layout.width, 0),
      ...nodeLine(result).map(printable),
    ],
    changed.length === 0
      ? []
      : textTable(
          COLUMNS,
          changed.map((door) => cells(door).map(printable)),
        ),
    same === 0 ? [] : [`${same} doors of touched Services stay as they are.`],
    lines.length === 0 ? [] : [paint.bold('Not asked about'), ...lines.map((line) => `  ${printable(line)}`)],
    ...backgroundText(answer, layout, 'What the changes did'),
  ]);
}

const markdownCells = (door: CheckedDoor): string[] => {
  const [service = '', ...rest] = cells(door);
  return [markdownCode(service), ...rest.map(markdownText)];
};

function findingRows(findings: readonly Finding[]): string[] {
  const columns = [{ title: 'severity' }, { title: 'code' }, { title: 'finding' }];
  const icon = { ERROR: '❌', WARNING: '⚠️', INFO: 'ℹ️' } as const;
  return markdownTable(
    columns,
    findings.map(({ severity, code, message }) => [
      `${icon[severity]} ${severity}`,
      markdownCode(code),
      markdownText(message),
    ]),
  );
}

function folded(title: string, rows: readonly string[][]): string[] {
  if (rows.length === 0) return [];
  const shown = rows.slice(0, MAX_FOLDED);
  const more = rows.length > shown.length ? `\n\n${rows.length - shown.length} more are not shown.` : '';
  return [details(`${title}: ${rows.length}`, `${markdownTable(COLUMNS, shown).join('\n')}${more}`)];
}

function markdownTitle({ failed, unknown }: CheckResult): string {
  const [icon, word] = failed ? ['❌', 'failed'] : unknown === undefined ? ['✅', 'passed'] : ['❓', 'unknown'];
  return `${icon} Service networking: ${word}`;
}

function markdown(answer: Answer<CheckResult>): string {
  const { result, findings } = answer;
  const doors = sortedDoors(result);
  const changed = doors.filter(({ change }) => change !== 'SAME').map(markdownCells);
  const same = doors.filter(({ change }) => change === 'SAME').map(markdownCells);
  const grave = findings.filter(({ severity }) => severity !== 'INFO');
  const light = findings.filter(({ severity }) => severity === 'INFO');
  const lines = notAskedLines(result);
  const sections: (readonly string[])[] = [
    [`## ${markdownTitle(result)}`],
    [`**${markdownText(verdictLine(result))}** ${countText(result)}. ${scopeText(result)}`],
    nodeLine(result).map(markdownText),
    grave.length === 0 ? [] : findingRows(grave.slice(0, MAX_ROWS)),
    grave.length > MAX_ROWS
      ? [
          details(
            `More findings: ${grave.length - MAX_ROWS}`,
            findingRows(grave.slice(MAX_ROWS, MAX_ROWS + MAX_FOLDED)).join('\n'),
          ),
        ]
      : [],
    changed.length === 0
      ? [result.unknown === undefined ? 'No door of a touched Service changes.' : 'No door is seen to change.']
      : markdownTable(COLUMNS, changed.slice(0, MAX_ROWS)),
    folded('More doors that change', changed.slice(MAX_ROWS)),
    folded('Doors that stay as they are', same),
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
