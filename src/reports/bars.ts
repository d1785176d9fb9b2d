const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A horizontal bar for a share of 0 to 1, drawn in eighths of a cell. Any share above 0 shows at least one eighth. */
export function bar(share: number, width: number): string {
  if (!(share > 0) || width <= 0) return '';
  const eighths = Math.max(1, Math.round(Math.min(1, share) * width * 8));
  return '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8];
}
