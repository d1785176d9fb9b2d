/** The outcomes of a path as a table: one row each, or one for those that differ only in the endpoint of a node. */
import { joinHostPort } from '../base/address.js';
import { add, formatFraction, parseFraction, toNumber, ZERO } from '../base/fraction.js';
import type { PathResult, PathTrace } from '../contract/answers.js';
import type { Layout } from './form.js';
import { paintVerdict } from './paint.js';
import { printable } from './safe-text.js';
import { percent, shortShare } from './share-text.js';
import { type Column, fittedTable } from './text-table.js';

/** Rows of the first screen. */
const MOST_ROWS = 12;

const COLUMNS: readonly Column[] = [
  { title: '', align: 'right' },
  { title: '', align: 'right' },
  { title: '' },
  { title: '' },
  { title: '' },
  { title: '' },
];

interface Row {
  readonly share: { readonly fraction: string; readonly value: number };
  readonly verdict: PathTrace['verdict'];
  readonly cells: readonly string[];
}

function rowOf(trace: PathTrace, alone: boolean): Row {
  const { verdict, cause, endpoint, count = 1, client } = trace;
  const name = endpoint?.pod ?? '';
  const where = endpoint === undefined ? '' : joinHostPort(endpoint.address, endpoint.port);
  const what = verdict === 'DELIVERED' ? '' : `${verdict}${cause === undefined ? '' : ` ${cause}`}`;
  const many = count > 1 ? `${count} outcomes` : '';
  const cells = [alone ? '' : client, many, name, where, endpoint?.node ?? '', what].filter((cell) => cell !== '');
  return { share: trace.probability, verdict, cells };
}

/** Outcomes of one client, verdict, cause and node as one row. */
function classes(traces: readonly PathTrace[]): Row[] {
  const groups = new Map<string, PathTrace[]>();
  for (const trace of traces) {
    const { verdict, cause = '', endpoint } = trace;
    const key = JSON.stringify([
      verdict,
      cause,
      endpoint?.node ?? '',
      verdict === 'DELIVERED' ? '' : trace.explanation,
    ]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [trace]);
    else group.push(trace);
  }
  return [...groups.values()].map((group) => {
    const [first] = group as [PathTrace];
    if (group.length === 1) return rowOf(first, true);
    const total = group.reduce((sum, { probability }) => add(sum, parseFraction(probability.fraction) ?? ZERO), ZERO);
    const size = group.reduce((sum, { count = 1 }) => sum + count, 0);
    const what =
      first.verdict === 'DELIVERED' ? `${size} pods` : `${size} outcomes ${first.verdict} ${first.cause ?? ''}`.trim();
    const cells = [what, first.endpoint?.node ?? ''].filter((cell) => cell !== '');
    return { share: { fraction: formatFraction(total), value: toNumber(total) }, verdict: first.verdict, cells };
  });
}

/** What is not delivered first, then the most likely. */
function worstFirst(rows: readonly Row[]): Row[] {
  return [...rows].sort(
    (a, b) => Number(a.verdict === 'DELIVERED') - Number(b.verdict === 'DELIVERED') || b.share.value - a.share.value,
  );
}

/** The table; nothing where there is one outcome. `left`: rows that are not shown. */
export function outcomeRows(
  { traces }: PathResult,
  { view, paint, width }: Layout,
): { readonly lines: string[]; readonly left: number } {
  if (traces.length < 2) return { lines: [], left: 0 };
  const alone = traces.every(({ client }) => client === traces[0]?.client);
  const whole = traces.map((trace) => rowOf(trace, alone));
  const rows = worstFirst(view.all || whole.length <= MOST_ROWS ? whole : classes(traces));
  const shown = view.all ? rows : rows.slice(0, MOST_ROWS);
  const drawn = fittedTable(
    COLUMNS,
    shown.map(({ share, cells }) => [shortShare(share), percent(share), ...cells.map(printable)]),
    view.all ? Number.POSITIVE_INFINITY : width - 2,
  ).slice(1);
  const lines = drawn.map((line, index) => {
    const { verdict = 'UNKNOWN' } = shown[index] ?? {};
    return `  ${verdict === 'DELIVERED' ? line : paintVerdict(paint, verdict, line)}`;
  });
  return { lines, left: rows.length - shown.length };
}
