/** Plain text: without quotes, over several lines where it is indented. */
import { type Cursor, isBlank, isBlankOrEnd, isBreak, TAB } from './cursor.js';

/**
 * A plain scalar. `indent`: the least indentation of its further lines; `isBroken`: whether it ended after a line
 * break.
 */
export function plainText(
  cursor: Cursor,
  indent: number,
  inFlow: boolean,
): { readonly text: string; readonly isBroken: boolean } {
  const pieces: string[] = [];
  let gap = '';
  let broken = false;
  for (;;) {
    if (cursor.atMarker() || cursor.code() === 0x23) break;
    const start = cursor.at;
    for (let code = cursor.code(); !isBlankOrEnd(code); code = cursor.code()) {
      if (code === 0x3a && isBlankOrEnd(cursor.code(1))) break;
      if (inFlow && (code === 0x2c || code === 0x5b || code === 0x5d || code === 0x7b || code === 0x7d)) break;
      if (inFlow && code === 0x3f && isBlankOrEnd(cursor.code(1))) break;
      cursor.at++;
    }
    if (cursor.at > start) {
      if (gap !== '') pieces.push(gap);
      pieces.push(cursor.text.slice(start, cursor.at));
      gap = '';
      broken = false;
    }
    if (!isBlank(cursor.code()) && !isBreak(cursor.code())) break;
    const blanks = cursor.at;
    cursor.skipBlanks();
    if (!isBreak(cursor.code())) {
      gap = cursor.text.slice(blanks, cursor.at);
      continue;
    }
    const breaks: string[] = [];
    for (;;) {
      const code = cursor.code();
      if (code === TAB && cursor.column < indent && breaks.length > 0) {
        throw cursor.fail('a tab is where only blanks may indent');
      }
      if (isBlank(code)) cursor.at++;
      else if (isBreak(code)) breaks.push(cursor.newline());
      else break;
    }
    broken = true;
    const [first = '', ...more] = breaks;
    gap = first === '\n' ? (more.length === 0 ? ' ' : more.join('')) : breaks.join('');
    if (!inFlow && cursor.column < indent) break;
  }
  return { text: pieces.join(''), isBroken: broken };
}
