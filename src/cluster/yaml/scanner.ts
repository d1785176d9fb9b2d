/**
 * YAML 1.1 as tokens, by the rules of libyaml, which Go's yaml.v2 and so kubectl follow. They are laxer than the
 * specification: quoted text may go on at any indentation, a comment may follow a quote without a blank. Each character
 * is looked at a bounded number of times.
 */
import { YamlError } from './error.js';

export type TokenType =
  | 'END'
  | 'DOCUMENT_START'
  | 'DOCUMENT_END'
  | 'DIRECTIVE'
  | 'BLOCK_SEQUENCE'
  | 'BLOCK_MAPPING'
  | 'BLOCK_END'
  | '['
  | ']'
  | '{'
  | '}'
  | ','
  | '-'
  | 'KEY'
  | 'VALUE'
  | 'ALIAS'
  | 'ANCHOR'
  | 'TAG'
  | 'SCALAR';

export interface Token {
  readonly type: TokenType;
  /** Of a scalar, an alias, an anchor or a directive; of a tag what follows its handle. */
  readonly value: string;
  /** Of a tag: its handle, `!`, `!!`, `!name!`, or empty where the tag is whole. */
  readonly handle: string;
  /** Of a scalar: whether it is plain, that is without quotes and not a block. */
  readonly plain: boolean;
  /** From 0. */
  readonly line: number;
  readonly column: number;
}

/** The deepest nesting that is read; Kubernetes objects stay far below it. */
const MAX_NESTING = 200;

/** A key ends on its line and within so many characters (libyaml). */
const MAX_KEY = 1024;

interface SimpleKey {
  possible: boolean;
  required: boolean;
  /** The number of the token that would be the key. */
  token: number;
  index: number;
  line: number;
  column: number;
}

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;

const isBreak = (code: number) => code === LF || code === CR || code === 0x85 || code === 0x2028 || code === 0x2029;
const isBlank = (code: number) => code === SPACE || code === TAB;
/** The end of the text is NaN. */
const isEnd = (code: number) => Number.isNaN(code);
const isBlankOrEnd = (code: number) => isBlank(code) || isEnd(code) || isBreak(code);

/** Characters that a plain scalar does not begin with. */
const INDICATORS: ReadonlySet<number> = new Set([...'-?:,[]{}#&*!|>\'"%@`'].map((char) => char.charCodeAt(0)));

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
/** What the text of a tag consists of: characters of URIs. */
const TAG_CHARACTER = /[\w\-;/?:@&=+$,.!~*'()[\]%#]/;
const HEX: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

export class Scanner {
  readonly #text: string;
  #at: number;
  #line: number;
  #lineStart: number;
  #flow = 0;
  #indent = -1;
  readonly #indents: number[] = [];
  readonly #keys: SimpleKey[] = [];
  /** How many of them are possible. */
  #possible = 0;
  #keyAllowed = true;
  /** Tokens that are not taken yet; `#first` is the number of the first one. */
  #queue: Token[] = [];
  #head = 0;
  #first = 0;
  #ended = false;

  /** Reads `text` from `offset` on, which is at the beginning of line `line` (from 0). */
  constructor(text: string, offset = 0, line = 0) {
    this.#text = text;
    this.#at = offset;
    this.#line = line;
    this.#lineStart = offset;
    this.#keys.push(this.#noKey());
  }

  #noKey(): SimpleKey {
    return { possible: false, required: false, token: 0, index: 0, line: 0, column: 0 };
  }

  get #column(): number {
    return this.#at - this.#lineStart;
  }

  fail(message: string, line = this.#line, column = this.#column): YamlError {
    return new YamlError(message, line + 1, column + 1);
  }

  #code(ahead = 0): number {
    return this.#text.charCodeAt(this.#at + ahead);
  }

  /** The next token, which stays. */
  peek(): Token {
    for (;;) {
      if (this.#head < this.#queue.length && !this.#keyPending()) return this.#queue[this.#head] as Token;
      if (this.#ended) return this.#queue[this.#head] as Token;
      this.#fetch();
    }
  }

  /** Takes the next token. */
  next(): Token {
    const token = this.peek();
    if (token.type !== 'END') {
      this.#head++;
      this.#first++;
      if (this.#head > 64 && this.#head * 2 > this.#queue.length) {
        this.#queue = this.#queue.slice(this.#head);
        this.#head = 0;
      }
    }
    return token;
  }

  /** Whether the next token may yet turn out to be a key, before which others belong. */
  #keyPending(): boolean {
    if (this.#possible === 0) return false;
    for (const key of this.#keys) {
      if (!key.possible) continue;
      this.#checkStale(key);
      if (key.possible && key.token === this.#first) return true;
    }
    return false;
  }

  #checkStale(key: SimpleKey): void {
    if (key.line === this.#line && key.index + MAX_KEY >= this.#at) return;
    if (key.required) throw this.fail("expected ':' after this key", key.line, key.column);
    this.#forget(key);
  }

  #forget(key: SimpleKey): void {
    if (!key.possible) return;
    key.possible = false;
    this.#possible--;
  }

  #add(type: TokenType, line = this.#line, column = this.#column, value = '', plain = false, handle = ''): void {
    this.#queue.push({ type, value, handle, plain, line, column });
  }

  #insert(number: number, type: TokenType, line: number, column: number): void {
    this.#queue.splice(this.#head + number - this.#first, 0, {
      type,
      value: '',
      handle: '',
      plain: false,
      line,
      column,
    });
  }

  get #nextNumber(): number {
    return this.#first + this.#queue.length - this.#head;
  }

  #saveKey(): void {
    const required = this.#flow === 0 && this.#indent === this.#column;
    if (!this.#keyAllowed) return;
    this.#removeKey();
    const key = this.#keys[this.#keys.length - 1] as SimpleKey;
    key.possible = true;
    key.required = required;
    key.token = this.#nextNumber;
    key.index = this.#at;
    key.line = this.#line;
    key.column = this.#column;
    this.#possible++;
  }

  #removeKey(): void {
    const key = this.#keys[this.#keys.length - 1] as SimpleKey;
    if (key.possible && key.required) throw this.fail("expected ':' after this key", key.line, key.column);
    this.#forget(key);
  }

  #deeper(): void {
    if (this.#flow + this.#indents.length >= MAX_NESTING) {
      const detail = `it is nested more than ${MAX_NESTING} levels deep`;
      throw new YamlError(detail, this.#line + 1, this.#column + 1, 'DEPTH');
    }
  }

  #roll(column: number, type: TokenType, number: number | undefined, line: number): void {
    if (this.#flow > 0 || this.#indent >= column) return;
    this.#deeper();
    this.#indents.push(this.#indent);
    this.#indent = column;
    if (number === undefined) this.#add(type, line, column);
    else this.#insert(number, type, line, column);
  }

  #unroll(column: number): void {
    if (this.#flow > 0) return;
    while (this.#indent > column) {
      this.#add('BLOCK_END');
      this.#indent = this.#indents.pop() as number;
    }
  }

  /** Goes past a line break, and tells what it stands for in a scalar. */
  #newline(): string {
    const code = this.#code();
    this.#at += code === CR && this.#code(1) === LF ? 2 : 1;
    this.#line++;
    this.#lineStart = this.#at;
    return code === 0x2028 || code === 0x2029 ? String.fromCharCode(code) : '\n';
  }

  #skipToToken(): void {
    for (;;) {
      if (this.#column === 0 && this.#code() === 0xfeff) {
        this.#at++;
        this.#lineStart = this.#at;
      }
      const tabs = this.#flow > 0 || !this.#keyAllowed;
      for (let code = this.#code(); code === SPACE || (tabs && code === TAB); code = this.#code()) this.#at++;
      if (this.#code() === 0x23) while (!isBreak(this.#code()) && !isEnd(this.#code())) this.#at++;
      if (!isBreak(this.#code())) return;
      this.#newline();
      if (this.#flow === 0) this.#keyAllowed = true;
    }
  }

  /** Whether `---` or `...` is here at the beginning of a line. */
  #atMarker(): boolean {
    if (this.#column !== 0) return false;
    const code = this.#code();
    if (code !== 0x2d && code !== 0x2e) return false;
    return this.#code(1) === code && this.#code(2) === code && isBlankOrEnd(this.#code(3));
  }

  #fetch(): void {
    this.#skipToToken();
    if (this.#possible > 0) for (const key of this.#keys) if (key.possible) this.#checkStale(key);
    this.#unroll(this.#column);
    const code = this.#code();
    if (isEnd(code)) {
      this.#unroll(-1);
      this.#removeKey();
      this.#keyAllowed = false;
      this.#add('END');
      this.#ended = true;
      return;
    }
    if (this.#column === 0 && code === 0x25) {
      this.#directive();
      return;
    }
    if (this.#atMarker()) {
      this.#unroll(-1);
      this.#removeKey();
      this.#keyAllowed = false;
      this.#add(code === 0x2d ? 'DOCUMENT_START' : 'DOCUMENT_END');
      this.#at += 3;
      return;
    }
    const inFlow = this.#flow > 0;
    switch (code) {
      case 0x5b:
      case 0x7b:
        this.#saveKey();
        this.#deeper();
        this.#flow++;
        this.#keys.push(this.#noKey());
        this.#keyAllowed = true;
        this.#single(code === 0x5b ? '[' : '{');
        return;
      case 0x5d:
      case 0x7d:
        this.#removeKey();
        if (this.#flow > 0) {
          this.#flow--;
          this.#keys.pop();
        }
        this.#keyAllowed = false;
        this.#single(code === 0x5d ? ']' : '}');
        return;
      case 0x2c:
        this.#removeKey();
        this.#keyAllowed = true;
        this.#single(',');
        return;
      case 0x2d:
        if (!isBlankOrEnd(this.#code(1))) break;
        if (!inFlow) {
          if (!this.#keyAllowed) throw this.fail('a list item may not be here');
          this.#roll(this.#column, 'BLOCK_SEQUENCE', undefined, this.#line);
        }
        this.#removeKey();
        this.#keyAllowed = true;
        this.#single('-');
        return;
      case 0x3f:
        if (!inFlow && !isBlankOrEnd(this.#code(1))) break;
        if (!inFlow) {
          if (!this.#keyAllowed) throw this.fail('a key may not be here');
          this.#roll(this.#column, 'BLOCK_MAPPING', undefined, this.#line);
        }
        this.#removeKey();
        this.#keyAllowed = !inFlow;
        this.#single('KEY');
        return;
      case 0x3a:
        if (!inFlow && !isBlankOrEnd(this.#code(1))) break;
        this.#value();
        return;
      case 0x2a:
      case 0x26:
        this.#saveKey();
        this.#keyAllowed = false;
        this.#anchor(code === 0x2a ? 'ALIAS' : 'ANCHOR');
        return;
      case 0x21:
        this.#saveKey();
        this.#keyAllowed = false;
        this.#tag();
        return;
      case 0x7c:
      case 0x3e:
        if (inFlow) break;
        this.#removeKey();
        this.#keyAllowed = true;
        this.#block(code === 0x7c);
        return;
      case 0x27:
      case 0x22:
        this.#saveKey();
        this.#keyAllowed = false;
        this.#quoted(code);
        return;
    }
    const begins =
      !(isBlankOrEnd(code) || INDICATORS.has(code)) ||
      (code === 0x2d && !isBlank(this.#code(1))) ||
      (!inFlow && (code === 0x3f || code === 0x3a) && !isBlankOrEnd(this.#code(1)));
    if (!begins) {
      const shown = code === TAB ? 'a tab' : JSON.stringify(String.fromCharCode(code));
      throw this.fail(`${shown} cannot begin a value; put it in quotes`);
    }
    this.#saveKey();
    this.#keyAllowed = false;
    this.#plain();
  }

  #single(type: TokenType): void {
    this.#add(type);
    this.#at++;
  }

  #value(): void {
    const key = this.#keys[this.#keys.length - 1] as SimpleKey;
    if (key.possible) {
      this.#forget(key);
      this.#insert(key.token, 'KEY', key.line, key.column);
      this.#roll(key.column, 'BLOCK_MAPPING', key.token, key.line);
      this.#keyAllowed = false;
    } else {
      if (this.#flow === 0) {
        if (!this.#keyAllowed) throw this.fail("':' may not be here; a text with ': ' in it needs quotes");
        this.#roll(this.#column, 'BLOCK_MAPPING', undefined, this.#line);
      }
      this.#keyAllowed = this.#flow === 0;
    }
    this.#single('VALUE');
  }

  #directive(): void {
    this.#unroll(-1);
    this.#removeKey();
    this.#keyAllowed = false;
    const [line, column, start] = [this.#line, this.#column, this.#at];
    while (!isBreak(this.#code()) && !isEnd(this.#code())) this.#at++;
    const text = this.#text
      .slice(start, this.#at)
      .replace(/\s+#.*$/, '')
      .trim();
    if (!/^%(YAML +\d+\.\d+|TAG +!(\w*!)? +\S+)$/.test(text))
      throw this.fail('this directive is not known', line, column);
    this.#add('DIRECTIVE', line, column, text);
  }

  #anchor(type: 'ALIAS' | 'ANCHOR'): void {
    const [line, column] = [this.#line, this.#column];
    const start = ++this.#at;
    const isWord = (code: number) =>
      (code >= 0x30 && code <= 0x39) ||
      (code >= 0x41 && code <= 0x5a) ||
      (code >= 0x61 && code <= 0x7a) ||
      code === 0x5f ||
      code === 0x2d;
    while (isWord(this.#code())) this.#at++;
    const code = this.#code();
    const ends = isBlankOrEnd(code) || '?:,]}%@`'.includes(String.fromCharCode(code));
    if (this.#at === start || !ends) {
      throw this.fail(
        `the name of an ${type === 'ALIAS' ? 'alias' : 'anchor'} is made of letters, digits, "-" and "_"`,
      );
    }
    this.#add(type, line, column, this.#text.slice(start, this.#at));
  }

  #tag(): void {
    const [line, column] = [this.#line, this.#column];
    let handle = '';
    let value: string;
    if (this.#code(1) === 0x3c) {
      const end = this.#text.indexOf('>', this.#at);
      if (end < 0 || end - this.#at > MAX_KEY) throw this.fail("expected '>' after a tag");
      value = this.#text.slice(this.#at + 2, end);
      this.#at = end + 1;
    } else {
      const start = this.#at;
      while (TAG_CHARACTER.test(String.fromCharCode(this.#code()))) this.#at++;
      const text = this.#text.slice(start, this.#at);
      handle = /^!(?:[\w-]*!)?/.exec(text)?.[0] ?? '!';
      value = text.slice(handle.length);
    }
    if (!isBlankOrEnd(this.#code()) && !(this.#flow > 0 && this.#code() === 0x2c)) {
      throw this.fail('expected a blank after a tag');
    }
    this.#add('TAG', line, column, value, false, handle);
  }

  #block(literal: boolean): void {
    const [line, column] = [this.#line, this.#column];
    this.#at++;
    let chomping = 0;
    let increment = 0;
    for (let i = 0; i < 2; i++) {
      const code = this.#code();
      if ((code === 0x2b || code === 0x2d) && chomping === 0) {
        chomping = code === 0x2b ? 1 : -1;
        this.#at++;
      } else if (code >= 0x30 && code <= 0x39 && increment === 0) {
        if (code === 0x30) throw this.fail('the indentation of a block of text is from 1 to 9');
        increment = code - 0x30;
        this.#at++;
      }
    }
    while (isBlank(this.#code())) this.#at++;
    if (this.#code() === 0x23) while (!isBreak(this.#code()) && !isEnd(this.#code())) this.#at++;
    if (!isBreak(this.#code()) && !isEnd(this.#code())) throw this.fail('a block of text begins on the next line');
    if (isBreak(this.#code())) this.#newline();
    let indent = increment === 0 ? 0 : this.#indent >= 0 ? this.#indent + increment : increment;
    const pieces: string[] = [];
    const trailing: string[] = [];
    indent = this.#blockBreaks(indent, trailing);
    let leadingBreak = '';
    let leadingBlank = false;
    while (this.#column === indent && !isEnd(this.#code())) {
      const blank = isBlank(this.#code());
      if (!literal && leadingBreak === '\n' && !leadingBlank && !blank) {
        if (trailing.length === 0) pieces.push(' ');
      } else pieces.push(leadingBreak);
      leadingBreak = '';
      pieces.push(...trailing.splice(0));
      leadingBlank = blank;
      const start = this.#at;
      while (!isBreak(this.#code()) && !isEnd(this.#code())) this.#at++;
      pieces.push(this.#text.slice(start, this.#at));
      if (isBreak(this.#code())) leadingBreak = this.#newline();
      this.#blockBreaks(indent, trailing);
    }
    if (chomping !== -1) pieces.push(leadingBreak);
    const kept = chomping === 1 ? trailing.join('') : '';
    this.#add('SCALAR', line, column, pieces.join('') + kept);
  }

  /** Goes past empty lines and the indentation of the next one; finds the indentation out where it is 0. */
  #blockBreaks(indent: number, breaks: string[]): number {
    let most = 0;
    for (;;) {
      while ((indent === 0 || this.#column < indent) && this.#code() === SPACE) this.#at++;
      most = Math.max(most, this.#column);
      if ((indent === 0 || this.#column < indent) && this.#code() === TAB) {
        throw this.fail('a tab is where only blanks may indent');
      }
      if (!isBreak(this.#code())) break;
      breaks.push(this.#newline());
    }
    return indent === 0 ? Math.max(most, this.#indent + 1, 1) : indent;
  }

  #quoted(quote: number): void {
    const [line, column] = [this.#line, this.#column];
    this.#at++;
    const pieces: string[] = [];
    for (;;) {
      if (this.#atMarker()) throw this.fail('a document ends within quoted text', line, column);
      let start = this.#at;
      let folded = false;
      for (;;) {
        const code = this.#code();
        if (isEnd(code))
          throw this.fail(`the closing ${String.fromCharCode(quote)} of this text is missing`, line, column);
        if (isBlank(code) || isBreak(code)) break;
        if (code === quote) {
          if (quote === 0x27 && this.#code(1) === 0x27) {
            pieces.push(this.#text.slice(start, this.#at + 1));
            this.#at += 2;
            start = this.#at;
            continue;
          }
          break;
        }
        if (code !== 0x5c || quote === 0x27) {
          this.#at++;
          continue;
        }
        pieces.push(this.#text.slice(start, this.#at));
        if (isBreak(this.#code(1))) {
          this.#at++;
          this.#newline();
          start = this.#at;
          folded = true;
          break;
        }
        pieces.push(this.#escape());
        start = this.#at;
      }
      pieces.push(this.#text.slice(start, this.#at));
      if (this.#code() === quote) break;
      this.#fold(pieces, folded);
    }
    this.#at++;
    this.#add('SCALAR', line, column, pieces.join(''));
  }

  /** Blanks and line breaks within quoted text; `escaped`: a line break before them was escaped. */
  #fold(pieces: string[], escaped: boolean): void {
    const start = this.#at;
    while (isBlank(this.#code())) this.#at++;
    if (!isBreak(this.#code())) {
      if (!escaped) pieces.push(this.#text.slice(start, this.#at));
      return;
    }
    const breaks = this.#breaks();
    const [first = '', ...more] = breaks;
    if (escaped) pieces.push(...breaks);
    else if (first === '\n') pieces.push(more.length === 0 ? ' ' : more.join(''));
    else pieces.push(first, ...more);
  }

  /** The line breaks from here on, and the blanks around them. */
  #breaks(): string[] {
    const breaks: string[] = [];
    for (;;) {
      if (isBlank(this.#code())) this.#at++;
      else if (isBreak(this.#code())) breaks.push(this.#newline());
      else return breaks;
    }
  }

  #escape(): string {
    const char = this.#text[this.#at + 1] ?? '';
    const length = HEX[char];
    if (length === undefined) {
      const value = ESCAPES.get(char);
      if (value === undefined) throw this.fail('this escape sequence is not known');
      this.#at += 2;
      return value;
    }
    const digits = this.#text.slice(this.#at + 2, this.#at + 2 + length);
    const code = /^[0-9a-fA-F]+$/.test(digits) && digits.length === length ? Number.parseInt(digits, 16) : -1;
    if (code < 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
      throw this.fail('this escape sequence is not a character');
    }
    this.#at += 2 + length;
    return String.fromCodePoint(code);
  }

  #plain(): void {
    const [line, column] = [this.#line, this.#column];
    const indent = this.#indent + 1;
    const pieces: string[] = [];
    let gap = '';
    let broken = false;
    for (;;) {
      if (this.#atMarker() || this.#code() === 0x23) break;
      const start = this.#at;
      for (let code = this.#code(); !isBlankOrEnd(code); code = this.#code()) {
        if (code === 0x3a && isBlankOrEnd(this.#code(1))) break;
        if (this.#flow > 0 && (code === 0x2c || code === 0x5b || code === 0x5d || code === 0x7b || code === 0x7d))
          break;
        if (this.#flow > 0 && code === 0x3f && isBlankOrEnd(this.#code(1))) break;
        this.#at++;
      }
      if (this.#at > start) {
        if (gap !== '') pieces.push(gap);
        pieces.push(this.#text.slice(start, this.#at));
        gap = '';
        broken = false;
      }
      if (!isBlank(this.#code()) && !isBreak(this.#code())) break;
      const blanks = this.#at;
      while (isBlank(this.#code())) this.#at++;
      if (!isBreak(this.#code())) {
        gap = this.#text.slice(blanks, this.#at);
        continue;
      }
      const breaks: string[] = [];
      for (;;) {
        const code = this.#code();
        if (code === TAB && this.#column < indent && breaks.length > 0) {
          throw this.fail('a tab is where only blanks may indent');
        }
        if (isBlank(code)) this.#at++;
        else if (isBreak(code)) breaks.push(this.#newline());
        else break;
      }
      broken = true;
      const [first = '', ...more] = breaks;
      gap = first === '\n' ? (more.length === 0 ? ' ' : more.join('')) : breaks.join('');
      if (this.#flow === 0 && this.#column < indent) break;
    }
    this.#add('SCALAR', line, column, pieces.join(''), true);
    if (broken) this.#keyAllowed = true;
  }
}
