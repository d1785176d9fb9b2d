/** What is least, best and worst: each solution with what binds and the next value that fails. */
import type {
  Answer,
  SolvedPlacement,
  SolvedPolicy,
  SolvedState,
  SolvedValue,
  SolveResult,
} from '../contract/answers.js';
import { chanceText, shortNumber } from '../questions/load/fields.js';
import { policyName } from '../questions/solve/policy-choices.js';
import { backgroundMarkdown, markdownReport } from './assumptions.js';
import { joinSections, type Layout, type Report } from './form.js';
import { changesText, findingsText, footer, headline } from './frame.js';
import { markdownText, printable } from './safe-text.js';
import { type Column, fittedTable, markdownTable } from './text-table.js';
import { item } from './wrap.js';

/** States and candidates that the first screen has. */
const FIRST_STATES = 5;

const right = (title: string): Column => ({ title, align: 'right' });

/** `294 requests per second` as a cell. */
function shortLoad(hottest: string): string {
  return hottest
    .replace(' requests per second', '/s')
    .replace(' connections at the 99th percentile', ' at p99')
    .replace(' of connections', '');
}

interface Table {
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
  /** Rows that the first screen leaves out. */
  readonly hidden: number;
}

function statesOf(
  value: SolvedValue | undefined,
  binding: string | undefined,
  all: boolean,
): { readonly rows: string[][]; readonly hidden: number } {
  if (value === undefined) return { rows: [], hidden: 0 };
  const rank = (state: SolvedState) =>
    (state.state === 'whole' ? 2 : 0) + (state.fits ? 0 : 1) + (state.state === binding ? 4 : 0);
  const sorted = [...value.states].sort(
    (a, b) => rank(b) - rank(a) || (b.chance ?? 0) - (a.chance ?? 0) || a.pods - b.pods,
  );
  const shown = all ? sorted : sorted.slice(0, FIRST_STATES);
  const rows = shown.map(({ state, pods, hottest, chance, fits }, index) => [
    index === 0 ? value.value : '',
    state,
    String(pods),
    shortLoad(hottest),
    chance === undefined ? '' : chanceText(chance),
    fits ? 'enough' : `not enough${state === binding ? ' ←' : ''}`,
  ]);
  return { rows, hidden: sorted.length - shown.length };
}

function valueTable(
  title: string,
  first: string,
  one: { readonly holds?: SolvedValue; readonly fails?: SolvedValue; readonly binding?: string },
  all: boolean,
): Table[] {
  const [fails, holds] = [statesOf(one.fails, one.binding, all), statesOf(one.holds, undefined, all)];
  const rows = [...fails.rows, ...holds.rows];
  if (rows.length === 0) return [];
  const columns = [
    right(first),
    { title: 'state' },
    right('pods'),
    { title: 'hottest pod' },
    right('over capacity'),
    { title: '' },
  ];
  return [{ title, columns, rows, hidden: fails.hidden + holds.hidden }];
}

function percent(share: number | undefined): string {
  return share === undefined ? '' : chanceText(share);
}

function policyTable({ candidates }: SolvedPolicy): Table {
  const columns = [
    { title: 'policy' },
    right('cost'),
    right('imbalance'),
    right('cross-zone'),
    right('address kept'),
    right('over capacity'),
  ];
  const rows = candidates.map(({ policy, cost, imbalance, crossZone, clientAddressKept, chance }) => [
    policyName(policy),
    cost === undefined ? '' : shortNumber(cost, 4),
    imbalance === undefined ? '' : shortNumber(imbalance),
    percent(crossZone),
    percent(clientAddressKept),
    percent(chance),
  ]);
  return { title: 'Policies', columns, rows, hidden: 0 };
}

function turnsText({ turns = [] }: SolvedPolicy): string[] {
  return turns.map(({ cost, value, policy }) => `with ${cost} at ${shortNumber(value, 4)}: ${policyName(policy)}`);
}

/** Why policies are not among those that are compared. */
function refusedText({ candidates }: SolvedPolicy): string[] {
  return candidates.flatMap(({ policy, why }) => (why === undefined ? [] : [`${policyName(policy)}: ${why}`]));
}

function placementTable({ worst, best, forbids }: SolvedPlacement): Table[] {
  const row = (what: string, one: SolvedPlacement['worst']) =>
    one === undefined
      ? []
      : [
          [
            what,
            shortNumber(one.imbalance),
            shortLoad(one.hottest),
            one.chance === undefined ? '' : chanceText(one.chance),
            one.delivered === undefined || one.delivered >= 1 ? '' : chanceText(1 - one.delivered),
            one.nodes.map(({ node, pods }) => `${node} ${pods}`).join(', '),
          ],
        ];
  const rows = [
    ...row('worst', worst),
    ...row('best', best),
    ...forbids.flatMap(({ topologyKey, maxSkew, worst: left }) =>
      row(`worst with maxSkew ${maxSkew} over ${topologyKey.split('/').at(-1)}`, left),
    ),
  ];
  if (rows.length === 0) return [];
  const columns = [
    { title: 'placement' },
    right('imbalance'),
    { title: 'hottest pod' },
    right('over capacity'),
    right('lost'),
    { title: 'pods' },
  ];
  return [{ title: 'Placements', columns, rows, hidden: 0 }];
}

function tablesOf({ replicas, policy, placement, rollout }: SolveResult, all: boolean): readonly Table[] {
  return [
    ...(replicas === undefined ? [] : valueTable('Replicas', 'replicas', replicas, all)),
    ...(policy === undefined ? [] : [policyTable(policy)]),
    ...(placement === undefined ? [] : placementTable(placement)),
    ...(rollout === undefined ? [] : valueTable('Roll-out', 'surge/unavailable', rollout, all)),
  ];
}

function notes({ policy, placement }: SolveResult): readonly string[] {
  return [
    ...(policy === undefined ? [] : [...refusedText(policy), ...turnsText(policy)]),
    ...(placement === undefined || placement.constraints.length === 0
      ? []
      : [
          `Placements are held to: ${placement.constraints.join('; ')}. ` +
            `${placement.exhaustive ? `All ${placement.tried} that differ` : `${placement.tried} uneven ones`} ` +
            'were looked at.',
        ]),
  ];
}

function text(answer: Answer<SolveResult>, layout: Layout): string {
  const { view, width } = layout;
  const tables = tablesOf(answer.result, view.all);
  const hidden = tables.some((table) => table.hidden > 0);
  return joinSections([
    headline(answer, layout),
    findingsText(answer, layout),
    ...tables.map(({ columns, rows }) =>
      fittedTable(
        columns,
        rows.map((cells) => cells.map(printable)),
        width - 2,
      ).map((line) => `  ${line}`.trimEnd()),
    ),
    notes(answer.result).flatMap((note) => item('  ', printable(note), width, 4)),
    changesText(answer, layout),
    ...footer(answer, layout, hidden ? [['every state', '--all'] as const] : []),
  ]);
}

function markdown(answer: Answer<SolveResult>): string {
  return markdownReport([
    [`**${markdownText(answer.summary)}**`],
    ...tablesOf(answer.result, true).flatMap(({ title, columns, rows }) => [
      [`### ${title}`],
      markdownTable(
        columns,
        rows.map((cells) => cells.map(markdownText)),
      ),
    ]),
    notes(answer.result).map((note) => `- ${markdownText(note)}`),
    ...backgroundMarkdown(answer),
  ]);
}

/** The solutions, what binds them, and the next values that fail. */
export const solveReport: Report<Answer<SolveResult>> = { text, markdown };
