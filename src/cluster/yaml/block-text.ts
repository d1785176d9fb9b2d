/** Blocks of text: `|` keeps their lines, `>` joins them. */
import { type Cursor, isBlank, isBreak, isEnd, SPACE, TAB } from './cursor.js';

/** The text of a block, from its `|` or `>` on; `parent`: the indentation of what it is in. Throws YamlError. */
export function blockText(cursor: Cursor, literal: boolean, parent: number): string {
  cursor.at++;
  let chomping = 0;
  let increment = 0;
  for (let i = 0; i < 2; i++) {
    const code = cursor.code();
    if ((code === 0x2b || code === 0x2d) && chomping === 0) {
      chomping = code === 0x2b ? 1 : -1;
      cursor.at++;
    } else if (code >= 0x30 && code <= 0x39 && increment === 0) {
      if (code === 0x30) throw cursor.fail('the indentation of a block of text is from 1 to 9');
      increment = code - 0x30;
      cursor.at++;
    }
  }
  cursor.skipBlanks();
  if (cursor.code() === 0x23) cursor.skipLine();
  if (!isBreak(cursor.code()) && !isEnd(cursor.code())) throw cursor.fail('a block of text begins on the next line');
  if (isBreak(cursor.code())) cursor.newline();
  let indent = increment === 0 ? 0 : parent >= 0 ? parent + increment : increment;
  const pieces: string[] = [];
  const trailing: string[] = [];
  indent = emptyLines(cursor, parent, indent, trailing);
  let leadingBreak = '';
  let leadingBlank = false;
  while (cursor.column === indent && !isEnd(cursor.code())) {
    const blank = isBlank(cursor.code());
    if (!literal && leadingBreak === '\n' && !leadingBlank && !blank) {
      if (trailing.length === 0) pieces.push(' ');
    } else pieces.push(leadingBreak);
    leadingBreak = '';
    pieces.push(...trailing.splice(0));
    leadingBlank = blank;
    const start = cursor.at;
    cursor.skipLine();
    pieces.push(cursor.text.slice(start, cursor.at));
    if (isBreak(cursor.code())) leadingBreak = cursor.newline();
    emptyLines(cursor, parent, indent, trailing);
  }
  if (chomping !== -1) pieces.push(leadingBreak);
  const kept = chomping === 1 ? trailing.join('') : '';
  return pieces.join('') + kept;
}

/** Goes past empty lines and the indentation of the next one; finds the indentation out where it is 0. */
function emptyLines(cursor: Cursor, parent: number, indent: number, breaks: string[]): number {
  let most = 0;
  for (;;) {
    while ((indent === 0 || cursor.column < indent) && cursor.code() === SPACE) cursor.at++;
    most = Math.max(most, cursor.column);
    if ((indent === 0 || cursor.column < indent) && cursor.code() === TAB) {
      throw cursor.fail('a tab is where only blanks may indent');
    }
    if (!isBreak(cursor.code())) break;
    breaks.push(cursor.newline());
  }
  return indent === 0 ? Math.max(most, parent + 1, 1) : indent;
}
