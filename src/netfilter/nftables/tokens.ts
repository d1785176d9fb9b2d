/** A word of a listing, or one of the marks `{`, `}`, `,`, `;` and a line's end (`\n`). */
export interface Token {
  readonly text: string;
  /** 1-based. */
  readonly line: number;
  /** Where it begins in the listing. */
  readonly start: number;
}

/** The words of a listing of nft. Text in quotes is one word and keeps its quotes; comments (`#`) are left out. */
function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let begin = 0;
  for (const [index, content] of text.split('\n').entries()) {
    const line = index + 1;
    for (const { 0: word, index: at } of content.matchAll(/"[^"]*"|#.*|[{},;]|[^\s{},;"#]+/g)) {
      if (!word.startsWith('#')) tokens.push({ text: word, line, start: begin + at });
    }
    tokens.push({ text: '\n', line, start: begin + content.length });
    begin += content.length + 1;
  }
  return tokens;
}

/** Text that is not understood, at a word. */
export class ListingError extends Error {
  constructor(
    message: string,
    readonly line: number,
  ) {
    super(message);
  }
}

/** Goes through words from the first to the last. */
export class Cursor {
  #at = 0;

  readonly tokens: readonly Token[];
  readonly #text: string;

  /** Goes through the words of a listing. */
  constructor(text: string) {
    this.#text = text;
    this.tokens = tokensOf(text);
  }

  get at(): number {
    return this.#at;
  }

  set at(place: number) {
    this.#at = place;
  }

  get isDone(): boolean {
    return this.#at >= this.tokens.length;
  }

  peek(ahead = 0): string | undefined {
    return this.tokens[this.#at + ahead]?.text;
  }

  get line(): number {
    return (this.tokens[this.#at] ?? this.tokens.at(-1))?.line ?? 1;
  }

  next(): string {
    const token = this.tokens[this.#at];
    if (token === undefined) throw new ListingError('the text ends too early', this.line);
    this.#at++;
    return token.text;
  }

  /** The next word with those that are right behind it, as in `"08:00"-"18:00"`. */
  nextJoined(): string {
    let text = this.next();
    let last = this.tokens[this.#at - 1] as Token;
    for (let token = this.tokens[this.#at]; token !== undefined; token = this.tokens[this.#at]) {
      if (token.start !== last.start + last.text.length || /^[{},;\n]$/.test(token.text)) break;
      text += this.next();
      last = token;
    }
    return text;
  }

  /** Takes the word if it is the next one. */
  take(word: string): boolean {
    if (this.peek() !== word) return false;
    this.#at++;
    return true;
  }

  expect(word: string): void {
    const found = this.next();
    if (found !== word) throw new ListingError(`"${word}" is expected, not "${found.trim()}"`, this.line);
  }

  skipLineEnds(): void {
    while (this.peek() === '\n') this.#at++;
  }

  /** The text from the word at a place up to the word before this one, as it is written. */
  since(place: number): string {
    const [first, last] = [this.tokens[place], this.tokens[this.#at - 1]];
    if (first === undefined || last === undefined || this.#at <= place) return '';
    return this.#text.slice(first.start, last.start + last.text.length).trimEnd();
  }
}
