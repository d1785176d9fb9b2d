/** Where a text stops being JSON, and what would have been right there. */
export interface JsonError {
  /** Offset in UTF-16 code units. */
  readonly offset: number;
  /** What would be right there, e.g. `"," or "}"`. */
  readonly expected: string;
  /** What is there instead, quoted, or `the end of the text`. */
  readonly found: string;
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const LITERAL = /true|false|null/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const SPACE = /[ \t\n\r]*/y;

/** What is expected, and how the sentence says it. */
const EXPECTED = {
  value: 'a value',
  valueOrEnd: 'a value or "]"',
  key: 'a key in double quotes',
  keyOrEnd: 'a key in double quotes or "}"',
  colon: '":"',
  objectNext: '"," or "}"',
  arrayNext: '"," or "]"',
  end: 'the end of the text',
} as const;

type State = keyof typeof EXPECTED;

function match(pattern: RegExp, text: string, offset: number): number {
  pattern.lastIndex = offset;
  return pattern.test(text) ? pattern.lastIndex : -1;
}

function found(text: string, offset: number): string {
  const code = text.codePointAt(offset);
  if (code === undefined) return 'the end of the text';
  const shown = /^[\w.+-]{1,20}/.exec(text.slice(offset, offset + 20))?.[0] ?? String.fromCodePoint(code);
  return code < 0x20
    ? `the control character U+${code.toString(16).padStart(4, '0').toUpperCase()}`
    : JSON.stringify(shown);
}

/** The end of the string that begins at `offset`, or the place where it goes wrong. */
function readString(text: string, offset: number): number | JsonError {
  let at = offset + 1;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at + 1;
    if (code === 0x5c) {
      const next = match(ESCAPE, text, at);
      if (next < 0) {
        const shown = at + 1 < text.length ? JSON.stringify(text.slice(at, at + 2)) : 'the end of the text';
        return { offset: at, expected: 'an escape sequence that JSON knows', found: shown };
      }
      at = next;
    } else if (Number.isNaN(code) || code < 0x20) {
      return { offset: at, expected: 'the closing double quote of a string', found: found(text, at) };
    } else {
      at++;
    }
  }
}

/**
 * The first place where a text is not JSON (RFC 8259); undefined when it is. Slower than JSON.parse, whose messages
 * differ between versions and often name no place: for texts that it refused. Does not recurse.
 */
export function findJsonError(text: string): JsonError | undefined {
  const open: ('{' | '[')[] = [];
  let state: State = 'value';
  let at = 0;
  const afterValue = (): State => (open.length === 0 ? 'end' : open.at(-1) === '{' ? 'objectNext' : 'arrayNext');
  for (;;) {
    at = match(SPACE, text, at);
    if (state === 'end' && at >= text.length) return undefined;
    const error: JsonError = { offset: at, expected: EXPECTED[state], found: found(text, at) };
    const char = text[at];
    const takesValue: boolean = state === 'value' || state === 'valueOrEnd';
    if (char === '"' && (takesValue || state === 'key' || state === 'keyOrEnd')) {
      const end = readString(text, at);
      if (typeof end !== 'number') return end;
      at = end;
      state = takesValue ? afterValue() : 'colon';
    } else if (takesValue && (char === '{' || char === '[')) {
      open.push(char);
      state = char === '{' ? 'keyOrEnd' : 'valueOrEnd';
      at++;
    } else if (
      (char === '}' && (state === 'keyOrEnd' || state === 'objectNext')) ||
      (char === ']' && (state === 'valueOrEnd' || state === 'arrayNext'))
    ) {
      open.pop();
      state = afterValue();
      at++;
    } else if (char === ',' && (state === 'objectNext' || state === 'arrayNext')) {
      state = state === 'objectNext' ? 'key' : 'value';
      at++;
    } else if (char === ':' && state === 'colon') {
      state = 'value';
      at++;
    } else if (takesValue) {
      const end = Math.max(match(NUMBER, text, at), match(LITERAL, text, at));
      if (end < 0) return error;
      at = end;
      state = afterValue();
    } else {
      return error;
    }
  }
}

/** Line and column, counted from 1, of an offset in a text. */
export function lineAndColumn(text: string, offset: number): { readonly line: number; readonly column: number } {
  let line = 1;
  let start = 0;
  for (let next = text.indexOf('\n'); next >= 0 && next < offset; next = text.indexOf('\n', start)) {
    line++;
    start = next + 1;
  }
  return { line, column: offset - start + 1 };
}
