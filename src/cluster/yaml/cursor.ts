/** A place in a text, and what is there. */
import { YamlError } from './error.js';

export const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
export const SPACE = 0x20;

export const isBreak = (code: number) =>
  code === LF || code === CR || code === 0x85 || code === 0x2028 || code === 0x2029;
export const isBlank = (code: number) => code === SPACE || code === TAB;
/** The end of the text is NaN. */
export const isEnd = (code: number) => Number.isNaN(code);
export const isBlankOrEnd = (code: number) => isBlank(code) || isEnd(code) || isBreak(code);

export class Cursor {
  readonly text: string;
  at: number;
  /** From 0. */
  line: number;
  #lineStart: number;

  /** `offset` is at the beginning of line `line` (from 0). */
  constructor(text: string, offset: number, line: number) {
    this.text = text;
    this.at = offset;
    this.line = line;
    this.#lineStart = offset;
  }

  get column(): number {
    return this.at - this.#lineStart;
  }

  code(ahead = 0): number {
    return this.text.charCodeAt(this.at + ahead);
  }

  fail(message: string, line = this.line, column = this.column): YamlError {
    return new YamlError(message, line + 1, column + 1);
  }

  /** Goes past a line break, and returns what it stands for in a scalar. */
  newline(): string {
    const code = this.code();
    this.at += code === CR && this.code(1) === LF ? 2 : 1;
    this.line++;
    this.#lineStart = this.at;
    return code === 0x2028 || code === 0x2029 ? String.fromCharCode(code) : '\n';
  }

  /** Goes past a byte order mark, which does not count as a column. */
  skipMark(): void {
    this.at++;
    this.#lineStart = this.at;
  }

  skipBlanks(): void {
    while (isBlank(this.code())) this.at++;
  }

  /** Goes to the end of the line. */
  skipLine(): void {
    while (!isBreak(this.code()) && !isEnd(this.code())) this.at++;
  }

  /** Whether `---` or `...` is here at the beginning of a line. */
  atMarker(): boolean {
    if (this.column !== 0) return false;
    const code = this.code();
    if (code !== 0x2d && code !== 0x2e) return false;
    return this.code(1) === code && this.code(2) === code && isBlankOrEnd(this.code(3));
  }
}
