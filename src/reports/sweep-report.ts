import { describeChange } from '../changes/index.js';
import type { Answer, ExactShare, SweepPoint, SweepResult, SweptShares } from '../contract/answers.js';
import { chanceText, fieldsOfLoad, type LoadFields, shortNumber } from '../questions/load/fields.js';
import { backgroundMarkdown, markdownReport } from './assumptions.js';
import { bar } from './bars.js';
import { joinSections, type Layout, type Report } from './form.js';
import { changesText, findingsText, footer, headline } from './frame.js';
import { serviceTitle } from './names-in-reports.js';
import { markdownCode, markdownText, printable } from './safe-text.js';
import { shortShare } from './share-text.js';
import { type Column, markdownTable, textTable } from './text-table.js';
import { FIRST_SCREEN } from './view.js';
import { item } from './wrap.js';

/** Points that the first screen shows, and all that a report shows; the data have every point. */
const FIRST_ROWS = 14;
const MAX_ROWS = 400;

const right = (title: string): Column => ({ title, align: 'right' });

/** What a point is like: where it differs from the one before, something begins or ends. */
function shapeOf({ satisfied, unplaced, services, findings }: SweepPoint): string {
  const kinds = services.map(({ delivered, imbalance, unknown }) => [
    delivered.fraction === '1' ? 'all' : delivered.fraction === '0' ? 'none' : 'part',
    imbalance === undefined || imbalance.fraction === '1' ? 'even' : 'uneven',
    unknown.fraction !== '0',
  ]);
  const codes = [...new Set(findings.map(({ code }) => code))].sort();
  return JSON.stringify([satisfied, unplaced !== undefined, kinds, codes]);
}

/** The points shown: the ends, and those around the bound and around each change of shape, while there is room. */
function shownPoints({ points, bound }: SweepResult, { view }: Pick<Layout, 'view'>): readonly SweepPoint[] {
  const most = view.all ? MAX_ROWS : FIRST_ROWS;
  if (points.length <= most) return points;
  const chosen = new Set([0, points.length - 1]);
  const around = (at: number) => {
    for (const index of [at, at - 1, at + 1]) {
      if (index >= 0 && index < points.length && chosen.size < most) chosen.add(index);
    }
  };
  for (const replicas of [bound?.smallest, bound?.lasting]) {
    if (replicas !== undefined) around(points.findIndex((point) => point.replicas === replicas));
  }
  const shapes = points.map(shapeOf);
  for (let at = 1; at < points.length; at++) if (shapes[at] !== shapes[at - 1]) around(at);
  return points.filter((_, index) => chosen.has(index));
}

function shareCell(share: ExactShare | undefined): string {
  return share === undefined ? '' : shortShare(share);
}

/** Whether at some point it is not known what becomes of some connections. */
function hasUnknown(points: SweepResult['points']): boolean {
  return points.some(({ services }) => services.some(({ unknown }) => unknown.fraction !== '0'));
}

interface SweepColumn {
  readonly column: Column;
  readonly cell: (point: SweepPoint, shares: SweptShares) => string;
}

interface LoadColumn {
  readonly title: string;
  cell(load: SweptShares['load']): string;
}

/** The columns of a load: those that some point has. */
function loadColumns(swept: readonly SweptShares[]): readonly LoadColumn[] {
  const all: readonly (readonly [string, (load: LoadFields) => number | undefined, (value: number) => string])[] = [
    ['hottest/s', ({ requestsPerSecond }) => requestsPerSecond?.most, shortNumber],
    ['hottest p50', ({ most }) => most?.p50, shortNumber],
    ['p99', ({ most }) => most?.p99, shortNumber],
    ['idle', ({ expectedIdle }) => expectedIdle, shortNumber],
    ['over capacity', ({ overCapacity }) => overCapacity, chanceText],
    ['cross-zone/s', ({ crossZoneRequestsPerSecond }) => crossZoneRequestsPerSecond, shortNumber],
    ['price/h', ({ crossZonePricePerHour }) => crossZonePricePerHour, shortNumber],
  ];
  return all
    .filter(([, of]) => swept.some(({ load }) => of(fieldsOfLoad(load) ?? {}) !== undefined))
    .map(([title, of, words]) => ({
      title,
      cell(load) {
        const value = of(fieldsOfLoad(load) ?? {});
        return value === undefined ? '' : words(value);
      },
    }));
}

/** The columns: those that say something at these points, or all. */
function columnsOf({ bound, points }: SweepResult, { view }: Pick<Layout, 'view'>): SweepColumn[] {
  const swept = points.flatMap(({ services }) => services);
  const number = (title: string, cell: SweepColumn['cell'], wanted = true): SweepColumn[] =>
    wanted || view.all ? [{ column: right(title), cell }] : [];
  const uneven = swept.some(({ imbalance }) => imbalance !== undefined && imbalance.fraction !== '1');
  const loaded = swept.some(({ load }) => load !== undefined);
  return [
    ...number('replicas', ({ replicas }) => String(replicas)),
    ...number(
      'endpoints',
      (_, { endpoints }) => String(endpoints),
      points.some(({ replicas, services }) => services.some(({ endpoints }) => endpoints !== replicas)),
    ),
    ...number('largest', (_, { largest }) => shareCell(largest), !loaded),
    ...loadColumns(swept).map(({ title, cell }) => ({
      column: right(title),
      cell: (_: SweepPoint, { load }: SweptShares) => cell(load),
    })),
    ...(view.values
      ? number('decimal', (_, { largest }) => (largest === undefined ? '' : largest.value.toFixed(6)))
      : []),
    ...number('smallest', (_, { smallest }) => shareCell(smallest), uneven && !loaded),
    ...number('imbalance', (_, { imbalance }) => (imbalance === undefined ? '' : imbalance.value.toFixed(2)), uneven),
    ...number('nodes', (_, { nodes }) => String(nodes.count), false),
    ...number('busiest node', (_, { nodes }) => shareCell(nodes.largest), !loaded),
    ...number(
      'delivered',
      (_, { delivered }) => shareCell(delivered),
      swept.some(({ delivered }) => delivered.fraction !== '1'),
    ),
    ...(hasUnknown(points) ? number('unknown', (_, { unknown }) => shareCell(unknown)) : []),
    ...(points.some(({ unplaced }) => unplaced !== undefined)
      ? number('not running', ({ unplaced }) => String(unplaced?.pods ?? 0))
      : []),
    ...(bound === undefined ? [] : [{ column: { title: 'bound' }, cell: boundCell }]),
  ];
}

function boundCell({ satisfied }: SweepPoint, { unknown }: SweptShares): string {
  return satisfied ? 'kept' : unknown.fraction === '0' ? 'not kept' : 'not known';
}

/** Where pods first stay without a place, and why. */
function unplacedText({ points }: SweepResult): string | undefined {
  const first = points.find(({ unplaced }) => unplaced !== undefined);
  if (first?.unplaced === undefined) return undefined;
  const why = first.unplaced.reasons.map((reason) => `${reason.pods} of them: ${reason.why}`).join('; ');
  return (
    `From ${first.replicas} replicas on, not all pods run; at ${first.replicas} there are ` +
    `${first.unplaced.pods} that do not. ${why}`
  );
}

function titleOf({ workload }: SweepResult): string {
  return `${workload.kind} ${workload.namespace}/${workload.name}, which has ${workload.replicas} replicas`;
}

/** What happens at every point after the scaling, in one sentence. */
function afterText({ changesAfter }: SweepResult): string | undefined {
  if (changesAfter === undefined) return undefined;
  return `At every point, after the scaling: ${changesAfter.map(describeChange).join('; then ')}.`;
}

function notShown(result: SweepResult, shown: readonly SweepPoint[]): string | undefined {
  const left = result.points.length - shown.length;
  return left === 0 ? undefined : `${left} of ${result.points.length} points are not shown.`;
}

function text(answer: Answer<SweepResult>, layout: Layout): string {
  const { result } = answer;
  const { paint, width, view } = layout;
  const shown = shownPoints(result, layout);
  const unplaced = unplacedText(result);
  const left = notShown(result, shown);
  const after = afterText(result);
  return joinSections([
    headline(answer, layout),
    findingsText(answer, layout),
    changesText(answer, layout),
    [printable(titleOf(result))],
    ...(after === undefined ? [] : [item('', printable(after), width, 2)]),
    ...(unplaced === undefined ? [] : [item('', printable(unplaced), width, 2)]),
    ...result.services.flatMap((service, index) => {
      const rows = shown.flatMap((point) => {
        const shares = point.services[index];
        return shares === undefined ? [] : [{ point, shares }];
      });
      const columns = columnsOf(result, layout);
      const lines = textTable(
        columns.map(({ column }) => column),
        rows.map(({ point, shares }) => columns.map(({ cell }) => printable(cell(point, shares)))),
      );
      const widest = Math.max(...lines.map((line) => [...line].length));
      const room = Math.min(24, width - widest - 4);
      const drawn = lines.map((line, at) => {
        const value = rows[at - 1]?.shares.largest?.value;
        return value === undefined || room < 4
          ? line
          : `${line}${' '.repeat(widest - [...line].length + 2)}${bar(value, room)}`.trimEnd();
      });
      return [
        [paint.bold(printable(serviceTitle(service))), ...item('  clients: ', printable(service.clients), width, 4)],
        drawn.map((line) => `  ${line}`),
      ];
    }),
    left === undefined ? [] : [left],
    ...footer(answer, layout, view.all ? [] : [['every point', '--all'] as const]),
  ]);
}

const MARKDOWN = { view: FIRST_SCREEN };

function markdown(answer: Answer<SweepResult>): string {
  const { result } = answer;
  const shown = shownPoints(result, MARKDOWN);
  const columns = columnsOf(result, { view: { ...FIRST_SCREEN, all: true } });
  const unplaced = unplacedText(result);
  const left = notShown(result, shown);
  const after = afterText(result);
  return markdownReport([
    [`**${markdownText(answer.summary)}**`],
    [markdownText(titleOf(result))],
    after === undefined ? [] : [markdownText(after)],
    unplaced === undefined ? [] : [markdownText(unplaced)],
    ...result.services.flatMap((service, index) => [
      [`### ${markdownText(serviceTitle(service))}`],
      [`clients: ${markdownText(service.clients)}`],
      markdownTable(
        columns.map(({ column }) => column),
        shown.flatMap((point) => {
          const shares = point.services[index];
          return shares === undefined
            ? []
            : [
                columns.map(({ cell }) => {
                  const text = cell(point, shares);
                  return text.includes('/') ? markdownCode(text) : markdownText(text);
                }),
              ];
        }),
      ),
    ]),
    left === undefined ? [] : [left],
    ...backgroundMarkdown(answer),
  ]);
}

/** One line per number of replicas, a table per Service port. */
export const sweepReport: Report<Answer<SweepResult>> = { text, markdown };
