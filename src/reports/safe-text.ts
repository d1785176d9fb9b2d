/**
 * Text that came from a snapshot, made harmless for where it is printed: names, comments and messages are data and
 * must neither move a terminal's cursor nor open a tag or a table cell in Markdown.
 */

/** Control characters, format characters (bidirectional overrides, zero widths), line separators, lone surrogates. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

function escapeCharacter(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\t') return '\\t';
  if (character === '\r') return '\\r';
  const code = character.codePointAt(0) ?? 0;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`;
}

/** The text on one line, with everything that a terminal would act on spelled out (`\x1b`, `\n`, `\u202e`). */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escapeCharacter);
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** The same JSON with what is {@link UNPRINTABLE} in its strings escaped; JSON.stringify leaves DEL, C1 and such. */
export function printableJson(json: string): string {
  // Line feeds are the layout of the JSON itself: within strings they are escaped already.
  return json.replace(/[^\n\P{C}]|[\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}

/**
 * Text in Markdown, or in an HTML element that is there (`<summary>`, `<code>`): nothing in it is markup, ends a
 * table cell, mentions a person (`@name`), refers to an issue (`#12`) or becomes a link. An empty comment parts those,
 * since forges look for them after entities are resolved.
 */
export function markdownText(text: string): string {
  return printable(text)
    .replace(/[&<>"]/g, (c) => ENTITIES[c] as string)
    .replace(/[\\`*[\]|~$]|(?<!\w)_|_(?!\w)/g, (c) => `&#${c.charCodeAt(0)};`)
    .replace(/@(?=\w)|(?<!&)#(?=\w)|:(?=\/\/)|\bwww(?=\.)/gi, '$&<!-- -->');
}

/** A value in Markdown as inline code, also inside a table's cell. An empty value is an empty text. */
export function markdownCode(text: string): string {
  const line = printable(text);
  if (line.trim() === '') return '';
  // Backticks and pipes end a code span or a cell, and a backslash before a pipe cannot be distinguished from an
  // escape.
  return /[`|\\]/.test(line) || line !== line.trim() ? `<code>${markdownText(line)}</code>` : `\`${line}\``;
}

/** A fenced block; its fence is longer than any run of backticks in the text. Lines are as they are. */
export function markdownBlock(text: string, language = 'text'): string {
  let longest = 0;
  for (const run of text.matchAll(/`+/g)) longest = Math.max(longest, run[0].length);
  const fence = '`'.repeat(Math.max(3, longest + 1));
  return `${fence}${language}\n${text.endsWith('\n') || text === '' ? text : `${text}\n`}${fence}`;
}
