export interface Column {
  readonly title: string;
  /** Numbers stand right, everything else left (default). */
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
