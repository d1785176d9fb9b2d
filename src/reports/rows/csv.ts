/** Rows as CSV (RFC 4180), harmless where a spreadsheet opens it. */
import { printable } from '../safe-text.js';
import type { Cell, Rows } from './row.js';

/** Exact shares and shifts: spreadsheets take them for what they are. */
const NUMBER = /^-?\d+(\/\d+)?$/;

/** What a spreadsheet would take for the beginning of a formula, after spaces too (OWASP, CSV injection). */
const FORMULA = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/;

function cellText(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell !== 'string') return String(cell);
  const text = printable(cell);
  return FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
}

function field(cell: Cell): string {
  const text = cellText(cell);
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * A line of column names, then a line per row, each ended by CR LF. Text that a spreadsheet would run as a formula
 * (rules begin with a minus) has an apostrophe before it; control characters are spelled out.
 */
export function csvOf({ columns, rows }: Rows): string {
  const lines = [columns.map(field), ...rows.map((row) => columns.map((column) => field(row[column] ?? null)))];
  return lines.map((fields) => `${fields.join(',')}\r\n`).join('');
}
