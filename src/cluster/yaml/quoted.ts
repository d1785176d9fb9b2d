/** Text in quotes. */
import { type Cursor, isBlank, isBreak, isEnd } from './cursor.js';

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['0', '\0'],
  ['a', '\x07'],
  ['b', '\b'],
  ['t', '\t'],
  ['\t', '\t'],
  ['n', '\n'],
  ['v', '\v'],
  ['f', '\f'],
  ['r', '\r'],
  ['e', '\x1b'],
  [' ', ' '],
  ['"', '"'],
  ["'", "'"],
  ['\\', '\\'],
  ['N', '\x85'],
  ['_', '\xa0'],
  ['L', '\u2028'],
  ['P', '\u2029'],
]);
const HEX: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/**
 * The text between these quotes; the place is at the first one before, and past the last one after. Throws YamlError.
 */
export function quotedText(cursor: Cursor, quote: number): string {
  const [line, column] = [cursor.line, cursor.column];
  cursor.at++;
  const pieces: string[] = [];
  for (;;) {
    if (cursor.atMarker()) throw cursor.fail('a document ends within quoted text', line, column);
    let start = cursor.at;
    let folded = false;
    for (;;) {
      const code = cursor.code();
      if (isEnd(code))
        throw cursor.fail(`the closing ${String.fromCharCode(quote)} of this text is missing`, line, column);
      if (isBlank(code) || isBreak(code)) break;
      if (code === quote) {
        if (quote === 0x27 && cursor.code(1) === 0x27) {
          pieces.push(cursor.text.slice(start, cursor.at + 1));
          cursor.at += 2;
          start = cursor.at;
          continue;
        }
        break;
      }
      if (code !== 0x5c || quote === 0x27) {
        cursor.at++;
        continue;
      }
      pieces.push(cursor.text.slice(start, cursor.at));
      if (isBreak(cursor.code(1))) {
        cursor.at++;
        cursor.newline();
        start = cursor.at;
        folded = true;
        break;
      }
      pieces.push(escaped(cursor));
      start = cursor.at;
    }
    pieces.push(cursor.text.slice(start, cursor.at));
    if (cursor.code() === quote) break;
    fold(cursor, pieces, folded);
  }
  cursor.at++;
  return pieces.join('');
}

/** Blanks and line breaks within quoted text; `escaped`: a line break before them was escaped. */
function fold(cursor: Cursor, pieces: string[], escaped: boolean): void {
  const start = cursor.at;
  cursor.skipBlanks();
  if (!isBreak(cursor.code())) {
    if (!escaped) pieces.push(cursor.text.slice(start, cursor.at));
    return;
  }
  const breaks = breaksFrom(cursor);
  const [first = '', ...more] = breaks;
  if (escaped) pieces.push(...breaks);
  else if (first === '\n') pieces.push(more.length === 0 ? ' ' : more.join(''));
  else pieces.push(first, ...more);
}

/** The line breaks from here on, and the blanks around them. */
function breaksFrom(cursor: Cursor): string[] {
  const breaks: string[] = [];
  for (;;) {
    if (isBlank(cursor.code())) cursor.at++;
    else if (isBreak(cursor.code())) breaks.push(cursor.newline());
    else return breaks;
  }
}

function escaped(cursor: Cursor): string {
  const char = cursor.text[cursor.at + 1] ?? '';
  const length = HEX[char];
  if (length === undefined) {
    const value = ESCAPES.get(char);
    if (value === undefined) throw cursor.fail('this escape sequence is not known');
    cursor.at += 2;
    return value;
  }
  const digits = cursor.text.slice(cursor.at + 2, cursor.at + 2 + length);
  const code = /^[0-9a-fA-F]+$/.test(digits) && digits.length === length ? Number.parseInt(digits, 16) : -1;
  if (code < 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
    throw cursor.fail('this escape sequence is not a character');
  }
  cursor.at += 2 + length;
  return String.fromCodePoint(code);
}
