/** A word of a listing, or one of the marks `{`, `}`, `,`, `;` and a line's end (`\n`). */
export interface Token {
  readonly text: string;
  /** 1-based. */
  readonly line: number;
}

/** The words of a listing of nft. Text in quotes is one word and keeps its quotes; comments (`#`) are left out. */
export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  for (const [index, content] of text.split('\n').entries()) {
    const line = index + 1;
    for (const [word] of content.matchAll(/"[^"]*"|#.*|[{},;]|[^\s{},;"#]+/g)) {
      if (!word.startsWith('#')) tokens.push({ text: word, line });
    }
    tokens.push({ text: '\n', line });
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

  constructor(readonly tokens: readonly Token[]) {}

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

  /** The words from a place up to here. */
  since(place: number): string {
    return this.tokens
      .slice(place, this.#at)
      .map(({ text }) => text)
      .join(' ');
  }
}
