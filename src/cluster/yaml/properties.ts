/** What is beside values: names of anchors and aliases, tags, directives. */
import { type Cursor, isBlankOrEnd } from './cursor.js';

/** What the text of a tag consists of: characters of URIs. */
const TAG_CHARACTER = /[\w\-;/?:@&=+$,.!~*'()[\]%#]/;

/** A key ends on its line and within so many characters (libyaml). */
export const MAX_KEY = 1024;

/** The name of an alias or anchor, from its `*` or `&` on. Throws YamlError. */
export function anchorName(cursor: Cursor, type: 'ALIAS' | 'ANCHOR'): string {
  const start = ++cursor.at;
  const isWord = (code: number) =>
    (code >= 0x30 && code <= 0x39) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x61 && code <= 0x7a) ||
    code === 0x5f ||
    code === 0x2d;
  while (isWord(cursor.code())) cursor.at++;
  const code = cursor.code();
  const ends = isBlankOrEnd(code) || '?:,]}%@`'.includes(String.fromCharCode(code));
  if (cursor.at === start || !ends) {
    throw cursor.fail(
      `the name of an ${type === 'ALIAS' ? 'alias' : 'anchor'} is made of letters, digits, "-" and "_"`,
    );
  }
  return cursor.text.slice(start, cursor.at);
}

/** A tag, from its `!` on; the handle is `!`, `!!`, `!name!`, or empty where the tag is whole. Throws YamlError. */
export function tagText(cursor: Cursor, inFlow: boolean): { readonly handle: string; readonly value: string } {
  let handle = '';
  let value: string;
  if (cursor.code(1) === 0x3c) {
    const end = cursor.text.indexOf('>', cursor.at);
    if (end < 0 || end - cursor.at > MAX_KEY) throw cursor.fail("expected '>' after a tag");
    value = cursor.text.slice(cursor.at + 2, end);
    cursor.at = end + 1;
  } else {
    const start = cursor.at;
    while (TAG_CHARACTER.test(String.fromCharCode(cursor.code()))) cursor.at++;
    const text = cursor.text.slice(start, cursor.at);
    handle = /^!(?:[\w-]*!)?/.exec(text)?.[0] ?? '!';
    value = text.slice(handle.length);
  }
  if (!isBlankOrEnd(cursor.code()) && !(inFlow && cursor.code() === 0x2c)) {
    throw cursor.fail('expected a blank after a tag');
  }
  return { handle, value };
}

/** A directive, from its `%` on. Throws YamlError for one that is not known. */
export function directiveText(cursor: Cursor): string {
  const [line, column, start] = [cursor.line, cursor.column, cursor.at];
  cursor.skipLine();
  const text = cursor.text
    .slice(start, cursor.at)
    .replace(/\s+#.*$/, '')
    .trim();
  if (!/^%(YAML +\d+\.\d+|TAG +!(\w*!)? +\S+)$/.test(text))
    throw cursor.fail('this directive is not known', line, column);
  return text;
}
