export interface Column {
  readonly title: string;
  /** Numbers are right, everything else left (default). */
  readonly align?: 'left' | 'right';
}

/** Width on a terminal, one cell per code point (names in Kubernetes are ASCII). */
function widthOf(text: string): number {
  return [...text].length;
}

function pad(text: string, width: number, column: Column): string {
  const fill = ' '.repeat(Math.max(0, width - widthOf(text)));
  return column.align === 'right' ? fill + text : text + fill;
}

/**
 * A table for a terminal: a line of titles, then one line per row, columns two spaces apart. Cells must be printable.
 * Columns that are empty in every row are left out. Lines have no trailing spaces.
 */
export function textTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const used = columns.map((_, index) => rows.some((row) => (row[index] ?? '') !== ''));
  const widths = columns.map((column, index) =>
    rows.reduce((widest, row) => Math.max(widest, widthOf(row[index] ?? '')), widthOf(column.title)),
  );
  const line = (cells: readonly string[]) =>
    columns
      .map((column, index) => (used[index] ? pad(cells[index] ?? '', widths[index] as number, column) : undefined))
      .filter((cell) => cell !== undefined)
      .join('  ')
      .trimEnd();
  return [line(columns.map((column) => column.title)), ...rows.map(line)];
}

/** No cell is shortened below this. */
const LEAST = 11;

/** The text, or its start and end with `…` between where it is longer than `width`. */
export function shortened(text: string, width: number): string {
  const letters = [...text];
  if (letters.length <= width) return text;
  const head = Math.ceil((width - 1) / 2);
  return `${letters.slice(0, head).join('')}…${letters.slice(letters.length - (width - 1 - head)).join('')}`;
}

/**
 * The same as {@link textTable}, at most `width` columns wide where that can be: the longest names are shortened in the
 * middle until all lines fit. Numbers, which are aligned right, are never cut.
 */
export function fittedTable(columns: readonly Column[], rows: readonly (readonly string[])[], width: number): string[] {
  const widths = columns.map(({ title }, index) =>
    rows.some((row) => (row[index] ?? '') !== '')
      ? Math.max(widthOf(title), ...rows.map((row) => widthOf(row[index] ?? '')))
      : 0,
  );
  const total = () => widths.reduce((sum, one) => sum + (one === 0 ? 0 : one + 2), -2);
  while (total() > width) {
    const longest = widths.reduce(
      (best, one, index) =>
        columns[index]?.align !== 'right' && one > LEAST && one > (widths[best] ?? 0) ? index : best,
      -1,
    );
    if (longest < 0) break;
    widths[longest] = Math.max(LEAST, (widths[longest] ?? 0) - (total() - width > 8 ? 4 : 1));
  }
  return textTable(
    columns,
    rows.map((row) =>
      row.map((cell, index) => (columns[index]?.align === 'right' ? cell : shortened(cell, widths[index] || 1))),
    ),
  );
}

/** A table in GitHub's Markdown. Cells must be Markdown already. Columns that are empty in every row are left out. */
export function markdownTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const used = columns.map((_, index) => rows.some((row) => (row[index] ?? '') !== ''));
  const line = (cells: readonly string[]) =>
    `| ${columns
      .map((_, index) => cells[index] ?? '')
      .filter((_, index) => used[index])
      .join(' | ')} |`;
  return [
    line(columns.map((column) => column.title)),
    line(columns.map((column) => (column.align === 'right' ? '---:' : '---'))),
    ...rows.map(line),
  ];
}
