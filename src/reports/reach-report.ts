/** Who reaches whom: the matrix, what denies, and what a change cuts and opens. */
import type { Answer, ReachPair, ReachResult } from '../contract/answers.js';
import { backgroundMarkdown, markdownReport } from './assumptions.js';
import { joinSections, type Layout, type Report } from './form.js';
import { changesText, findingsText, footer, headline } from './frame.js';
import { notDelivered } from './reach-causes.js';
import { cellOf, type Matrix, matrixOf } from './reach-matrix.js';
import { markdownText, printable } from './safe-text.js';
import { fittedTable, markdownTable, shortened } from './text-table.js';
import { item } from './wrap.js';

/** Lines of the matrix, policies and changed pairs that the first screen has. */
const ROWS = 16;
const POLICIES = 4;
const CHANGED = 8;
/** The widest name of a line. */
const NAME = 34;

const WORDS = 'yes: delivered  no: denied by policy  lost: otherwise  1/3: a part  ?: not known';
const MIXED = 'no+lost: nothing delivered, some of each';

const wordsOf = ({ rows }: Matrix) =>
  rows.some(({ cells }) => cells.some((cell) => cell.includes('no+lost'))) ? `${WORDS}  ${MIXED}` : WORDS;

const several = (names: readonly string[], width: number) => {
  const all = names.join(', ');
  if (all.length <= width) return all;
  const few = names.length > 1 ? ` and ${names.length - 1} more` : '';
  return `${shortened(names[0] ?? '', Math.max(11, width - few.length))}${few}`;
};

/** Columns in blocks that fit the width, each with the lines of the matrix. */
function blocks(
  { rows, columns }: Matrix,
  { width, view }: Layout,
): { readonly lines: string[]; readonly hidden: boolean } {
  const shown = view.all ? rows : rows.slice(0, ROWS);
  const labels = shown.map(({ names }) => printable(several(names, NAME)));
  const label = Math.max(4, ...labels.map((text) => text.length));
  const widths = columns.map((_, index) =>
    Math.max(String(index + 1).length, ...shown.map(({ cells }) => (cells[index] ?? '').length)),
  );
  const parts: number[][] = [];
  let used = 0;
  for (const [index, one] of widths.entries()) {
    const last = parts.at(-1);
    if (last !== undefined && used + 2 + one <= width - 2) {
      last.push(index);
      used += 2 + one;
    } else {
      parts.push([index]);
      used = label + 2 + one;
    }
  }
  const wanted = view.all ? parts : parts.slice(0, 1);
  const line = (head: string, cells: readonly string[]) => `  ${[head.padEnd(label), ...cells].join('  ')}`.trimEnd();
  const lines = wanted.flatMap((part, number) => [
    ...(number === 0 ? [] : ['']),
    line(
      '',
      part.map((index) => String(index + 1).padStart(widths[index] as number)),
    ),
    ...shown.map(({ cells }, row) =>
      line(
        labels[row] ?? '',
        part.map((index) => (cells[index] ?? '').padStart(widths[index] as number)),
      ),
    ),
    ...part.flatMap((index) =>
      item(`  ${String(index + 1).padStart(3)}  `, printable(several(columns[index] ?? [], width - 7)), width, 7),
    ),
  ]);
  return { lines, hidden: shown.length < rows.length || wanted.length < parts.length };
}

const SHOWN: readonly ReachPair['change'][] = ['CUT', 'UNKNOWN', 'OPENED', 'OTHER'];

/** The pairs that a change makes others: first those that it cuts, and those of which that is not known. */
function changedRows(pairs: readonly ReachPair[]): readonly (readonly string[])[] {
  const isOfTwo = new Set(pairs.map(({ family }) => family)).size > 1;
  return pairs
    .filter(({ change }) => SHOWN.includes(change))
    .sort((a, b) => SHOWN.indexOf(a.change) - SHOWN.indexOf(b.change))
    .map((pair) => {
      const { policies = [] } = pair.causes?.[0] ?? pair.before?.causes?.[0] ?? {};
      const to = `${pair.to}${isOfTwo ? ` ${pair.family}` : ''}`;
      return [pair.change ?? '', pair.from, to, cellOf(pair).replace('>', ' > '), policies.join(', ')].map(printable);
    });
}

const CHANGED_COLUMNS = [
  { title: '' },
  { title: 'from' },
  { title: 'to' },
  { title: 'delivered' },
  { title: 'policies' },
];

function text(answer: Answer<ReachResult>, layout: Layout): string {
  const { result } = answer;
  const { view, width } = layout;
  const matrix = matrixOf(result);
  const { lines, hidden } = blocks(matrix, layout);
  const all = notDelivered(result.pairs);
  const named = all.map(({ title, reasons }) => ({ title, reasons: view.all ? reasons : reasons.slice(0, POLICIES) }));
  const changed = changedRows(result.pairs);
  const first = view.all ? changed : changed.slice(0, CHANGED);
  const isLeftOut = named.some(({ reasons }, part) => reasons.length < (all[part]?.reasons.length ?? 0));
  const behind = hidden || isLeftOut || first.length < changed.length;
  return joinSections([
    headline(answer, layout),
    findingsText(answer, layout),
    first.length === 0 ? [] : fittedTable(CHANGED_COLUMNS, first, width - 2).map((line) => `  ${line}`.trimEnd()),
    result.pairs.length === 0 ? [] : [...lines, '', ...item('', wordsOf(matrix), width, 0)],
    ...named.map(({ title, reasons }) => [title, ...reasons.flatMap((one) => item('  ', printable(one), width, 4))]),
    changesText(answer, layout),
    ...footer(answer, layout, behind ? [['every workload, target and policy', '--all'] as const] : []),
  ]);
}

function markdown(answer: Answer<ReachResult>): string {
  const { result } = answer;
  const { rows, columns } = matrixOf(result);
  const changed = changedRows(result.pairs);
  const table = markdownTable(
    [{ title: 'from' }, ...columns.map((names) => ({ title: markdownText(several(names, 60)) }))],
    rows.map(({ names, cells }) => [markdownText(several(names, 60)), ...cells.map(markdownText)]),
  );
  return markdownReport([
    [`**${markdownText(answer.summary)}**`],
    changed.length === 0
      ? []
      : markdownTable(
          CHANGED_COLUMNS,
          changed.map((cells) => cells.map(markdownText)),
        ),
    result.pairs.length === 0 ? [] : table,
    notDelivered(result.pairs).flatMap(({ title, reasons }) =>
      reasons.map((one) => `- ${title}: ${markdownText(one)}`),
    ),
    ...backgroundMarkdown(answer),
  ]);
}

/** Who reaches whom. */
export const reachReport: Report<Answer<ReachResult>> = { text, markdown };
