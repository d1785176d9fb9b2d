import type { Answer } from '../questions/answer.js';
import type { ExactShare, SweepPoint, SweepResult, SweptShares } from '../questions/sweep/sweep-answer.js';
import { backgroundMarkdown, backgroundText, markdownReport } from './assumptions.js';
import { bar } from './bars.js';
import { joinSections, type Layout, type Report } from './form.js';
import { markdownCode, markdownText, printable } from './safe-text.js';
import { exact } from './shares.js';
import { type Column, markdownTable, textTable } from './table.js';
import { serviceTitle } from './words.js';
import { item } from './wrap.js';

/** Points that a report shows; of more, as many, evenly chosen. The data have all of them. */
const MAX_ROWS = 40;

const right = (title: string): Column => ({ title, align: 'right' });

/** The points shown: all, or the first, the last, those that the bound is about, and others evenly between. */
function shownPoints({ points, bound }: SweepResult): readonly SweepPoint[] {
  if (points.length <= MAX_ROWS) return points;
  const chosen = new Set(
    [bound?.smallest, bound?.lasting].map((at) => points.findIndex(({ replicas }) => replicas === at)),
  );
  const even = MAX_ROWS - chosen.size;
  for (let i = 0; i < even; i++) chosen.add(Math.round((i * (points.length - 1)) / (even - 1)));
  return points.filter((_, index) => chosen.has(index));
}

function shareCell(share: ExactShare | undefined): string {
  return share === undefined ? '' : exact(share);
}

/** Whether at some point it is not known what becomes of some connections. */
function hasUnknown(points: SweepResult['points']): boolean {
  return points.some(({ services }) => services.some(({ unknown }) => unknown.fraction !== '0'));
}

function columnsOf({ bound, points }: SweepResult): Column[] {
  return [
    right('replicas'),
    right('endpoints'),
    right('largest'),
    right('decimal'),
    right('smallest'),
    right('imbalance'),
    right('nodes'),
    right('busiest node'),
    right('delivered'),
    ...(hasUnknown(points) ? [right('unknown')] : []),
    ...(points.some(({ unplaced }) => unplaced !== undefined) ? [right('not running')] : []),
    ...(bound === undefined ? [] : [{ title: 'bound' }]),
  ];
}

function cellsOf(point: SweepPoint, shares: SweptShares, { bound, points }: SweepResult): string[] {
  const { endpoints, largest, smallest, imbalance, nodes, delivered } = shares;
  return [
    String(point.replicas),
    String(endpoints),
    shareCell(largest),
    largest === undefined ? '' : largest.value.toFixed(6),
    shareCell(smallest),
    imbalance === undefined ? '' : imbalance.value.toFixed(2),
    String(nodes.count),
    shareCell(nodes.largest),
    shareCell(delivered),
    ...(hasUnknown(points) ? [shareCell(shares.unknown)] : []),
    ...(points.some(({ unplaced }) => unplaced !== undefined) ? [String(point.unplaced?.pods ?? 0)] : []),
    ...(bound === undefined
      ? []
      : [point.satisfied ? 'kept' : shares.unknown.fraction === '0' ? 'not kept' : 'not known']),
  ];
}

/** Where pods first stay without a place, and why. */
function unplacedText({ points }: SweepResult): string | undefined {
  const first = points.find(({ unplaced }) => unplaced !== undefined);
  if (first?.unplaced === undefined) return undefined;
  const why = first.unplaced.reasons.map((reason) => `${reason.pods} of them: ${reason.why}`).join('; ');
  return `From ${first.replicas} replicas on, not all pods run; at ${first.replicas} there are ${first.unplaced.pods} that do not. ${why}`;
}

function titleOf({ workload }: SweepResult): string {
  return `${workload.kind} ${workload.namespace}/${workload.name}, which has ${workload.replicas} replicas`;
}

function notShown(result: SweepResult, shown: readonly SweepPoint[]): string | undefined {
  const left = result.points.length - shown.length;
  return left === 0 ? undefined : `${left} of ${result.points.length} points are not shown.`;
}

function text(answer: Answer<SweepResult>, layout: Layout): string {
  const { result } = answer;
  const { paint, width } = layout;
  const shown = shownPoints(result);
  const unplaced = unplacedText(result);
  const left = notShown(result, shown);
  return joinSections([
    [paint.bold(printable(titleOf(result)))],
    ...(result.bound === undefined ? [] : [item('', printable(result.bound.explanation), width, 2)]),
    ...(unplaced === undefined ? [] : [item('', printable(unplaced), width, 2)]),
    ...result.services.flatMap((service, index) => {
      const rows = shown.flatMap((point) => {
        const shares = point.services[index];
        return shares === undefined ? [] : [{ point, shares }];
      });
      const lines = textTable(
        columnsOf(result),
        rows.map(({ point, shares }) => cellsOf(point, shares, result).map(printable)),
      );
      const widest = Math.max(...lines.map((line) => [...line].length));
      const room = Math.min(24, Math.max(8, width - widest - 4));
      const drawn = lines.map((line, at) => {
        const value = rows[at - 1]?.shares.largest?.value;
        return value === undefined
          ? line
          : `${line}${' '.repeat(widest - [...line].length + 2)}${bar(value, room)}`.trimEnd();
      });
      return [
        [paint.bold(printable(serviceTitle(service))), ...item('  clients: ', printable(service.clients), width, 4)],
        drawn.map((line) => `  ${line}`),
      ];
    }),
    left === undefined ? [] : [left],
    ...backgroundText(answer, layout),
  ]);
}

function markdown(answer: Answer<SweepResult>): string {
  const { result } = answer;
  const shown = shownPoints(result);
  const unplaced = unplacedText(result);
  const left = notShown(result, shown);
  return markdownReport([
    [`## ${markdownText(titleOf(result))}`],
    result.bound === undefined ? [] : [markdownText(result.bound.explanation)],
    unplaced === undefined ? [] : [markdownText(unplaced)],
    ...result.services.flatMap((service, index) => [
      [`### ${markdownText(serviceTitle(service))}`],
      [`clients: ${markdownText(service.clients)}`],
      markdownTable(
        columnsOf(result),
        shown.flatMap((point) => {
          const shares = point.services[index];
          return shares === undefined
            ? []
            : [
                cellsOf(point, shares, result).map((cell) =>
                  cell.includes('/') ? markdownCode(cell) : markdownText(cell),
                ),
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
