/**
 * YAML 1.1 as tokens, by the rules of libyaml, which Go's yaml.v2 and so kubectl follow. They are laxer than the
 * specification: quoted text may go on at any indentation, a comment may follow a quote without a blank. Each character
 * is looked at a bounded number of times.
 */
import { blockText } from './block-text.js';
import { Cursor, isBlank, isBlankOrEnd, isBreak, isEnd, SPACE, TAB } from './cursor.js';
import { YamlError } from './error.js';
import { plainText } from './plain-text.js';
import { anchorName, directiveText, MAX_KEY, tagText } from './properties.js';
import { quotedText } from './quoted.js';
import type { Token, TokenType } from './token.js';

/** The deepest nesting that is read; Kubernetes objects stay far below it. */
const MAX_NESTING = 200;

interface SimpleKey {
  possible: boolean;
  required: boolean;
  /** The number of the token that would be the key. */
  token: number;
  index: number;
  line: number;
  column: number;
}

/** Characters that a plain scalar does not begin with. */
const INDICATORS: ReadonlySet<number> = new Set([...'-?:,[]{}#&*!|>\'"%@`'].map((char) => char.charCodeAt(0)));

export class Scanner {
  readonly #cursor: Cursor;
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
    this.#cursor = new Cursor(text, offset, line);
    this.#keys.push(this.#noKey());
  }

  #noKey(): SimpleKey {
    return { possible: false, required: false, token: 0, index: 0, line: 0, column: 0 };
  }

  fail(message: string, line?: number, column?: number): YamlError {
    return this.#cursor.fail(message, line, column);
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
    if (key.line === this.#cursor.line && key.index + MAX_KEY >= this.#cursor.at) return;
    if (key.required) throw this.fail("expected ':' after this key", key.line, key.column);
    this.#forget(key);
  }

  #forget(key: SimpleKey): void {
    if (!key.possible) return;
    key.possible = false;
    this.#possible--;
  }

  #add(
    type: TokenType,
    line = this.#cursor.line,
    column = this.#cursor.column,
    value = '',
    plain = false,
    handle = '',
  ): void {
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
    const required = this.#flow === 0 && this.#indent === this.#cursor.column;
    if (!this.#keyAllowed) return;
    this.#removeKey();
    const key = this.#keys[this.#keys.length - 1] as SimpleKey;
    key.possible = true;
    key.required = required;
    key.token = this.#nextNumber;
    key.index = this.#cursor.at;
    key.line = this.#cursor.line;
    key.column = this.#cursor.column;
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
      throw new YamlError(detail, this.#cursor.line + 1, this.#cursor.column + 1, 'DEPTH');
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

  #skipToToken(): void {
    for (;;) {
      if (this.#cursor.column === 0 && this.#cursor.code() === 0xfeff) {
        this.#cursor.skipMark();
      }
      const tabs = this.#flow > 0 || !this.#keyAllowed;
      for (let code = this.#cursor.code(); code === SPACE || (tabs && code === TAB); code = this.#cursor.code())
        this.#cursor.at++;
      if (this.#cursor.code() === 0x23) this.#cursor.skipLine();
      if (!isBreak(this.#cursor.code())) return;
      this.#cursor.newline();
      if (this.#flow === 0) this.#keyAllowed = true;
    }
  }

  #fetch(): void {
    this.#skipToToken();
    if (this.#possible > 0) for (const key of this.#keys) if (key.possible) this.#checkStale(key);
    this.#unroll(this.#cursor.column);
    const code = this.#cursor.code();
    if (isEnd(code)) {
      this.#unroll(-1);
      this.#removeKey();
      this.#keyAllowed = false;
      this.#add('END');
      this.#ended = true;
      return;
    }
    if (this.#cursor.column === 0 && code === 0x25) {
      this.#unroll(-1);
      this.#removeKey();
      this.#keyAllowed = false;
      const { line, column } = this.#cursor;
      this.#add('DIRECTIVE', line, column, directiveText(this.#cursor));
      return;
    }
    if (this.#cursor.atMarker()) {
      this.#unroll(-1);
      this.#removeKey();
      this.#keyAllowed = false;
      this.#add(code === 0x2d ? 'DOCUMENT_START' : 'DOCUMENT_END');
      this.#cursor.at += 3;
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
        if (!isBlankOrEnd(this.#cursor.code(1))) break;
        if (!inFlow) {
          if (!this.#keyAllowed) throw this.fail('a list item may not be here');
          this.#roll(this.#cursor.column, 'BLOCK_SEQUENCE', undefined, this.#cursor.line);
        }
        this.#removeKey();
        this.#keyAllowed = true;
        this.#single('-');
        return;
      case 0x3f:
        if (!inFlow && !isBlankOrEnd(this.#cursor.code(1))) break;
        if (!inFlow) {
          if (!this.#keyAllowed) throw this.fail('a key may not be here');
          this.#roll(this.#cursor.column, 'BLOCK_MAPPING', undefined, this.#cursor.line);
        }
        this.#removeKey();
        this.#keyAllowed = !inFlow;
        this.#single('KEY');
        return;
      case 0x3a:
        if (!inFlow && !isBlankOrEnd(this.#cursor.code(1))) break;
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
        this.#scalar(() => blockText(this.#cursor, code === 0x7c, this.#indent));
        return;
      case 0x27:
      case 0x22:
        this.#saveKey();
        this.#keyAllowed = false;
        this.#scalar(() => quotedText(this.#cursor, code));
        return;
    }
    const begins =
      !(isBlankOrEnd(code) || INDICATORS.has(code)) ||
      (code === 0x2d && !isBlank(this.#cursor.code(1))) ||
      (!inFlow && (code === 0x3f || code === 0x3a) && !isBlankOrEnd(this.#cursor.code(1)));
    if (!begins) {
      const shown = code === TAB ? 'a tab' : JSON.stringify(String.fromCharCode(code));
      throw this.fail(`${shown} cannot begin a value; put it in quotes`);
    }
    this.#saveKey();
    this.#keyAllowed = false;
    this.#plain();
  }

  /** A scalar that is not plain. */
  #scalar(read: () => string): void {
    const { line, column } = this.#cursor;
    this.#add('SCALAR', line, column, read());
  }

  #plain(): void {
    const { line, column } = this.#cursor;
    const { text, isBroken } = plainText(this.#cursor, this.#indent + 1, this.#flow > 0);
    this.#add('SCALAR', line, column, text, true);
    if (isBroken) this.#keyAllowed = true;
  }

  #anchor(type: 'ALIAS' | 'ANCHOR'): void {
    const { line, column } = this.#cursor;
    this.#add(type, line, column, anchorName(this.#cursor, type));
  }

  #tag(): void {
    const { line, column } = this.#cursor;
    const { handle, value } = tagText(this.#cursor, this.#flow > 0);
    this.#add('TAG', line, column, value, false, handle);
  }

  #single(type: TokenType): void {
    this.#add(type);
    this.#cursor.at++;
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
        this.#roll(this.#cursor.column, 'BLOCK_MAPPING', undefined, this.#cursor.line);
      }
      this.#keyAllowed = this.#flow === 0;
    }
    this.#single('VALUE');
  }
}
