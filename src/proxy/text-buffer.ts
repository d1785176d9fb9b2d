import { writeUtf8 } from '#platform';

/** Size of one piece. */
const PIECE = 1 << 20;
/** UTF-8 needs at most this many bytes for one character of a JavaScript string. */
const BYTES_PER_CHARACTER = 3;

/**
 * Text that grows by the megabyte, kept as bytes. Joined strings would do, but V8 keeps a tree of all their parts until
 * somebody reads them, ten times the size of the text.
 */
export class TextBuffer {
  readonly #pieces: Uint8Array[] = [];
  #current = new Uint8Array(0);
  #used = 0;

  write(text: string): void {
    const most = text.length * BYTES_PER_CHARACTER;
    if (this.#used + most > this.#current.length) {
      this.#close();
      this.#current = new Uint8Array(Math.max(PIECE, most));
    }
    this.#used += writeUtf8(text, this.#current, this.#used);
  }

  #close(): void {
    if (this.#used > 0) this.#pieces.push(this.#current.subarray(0, this.#used));
    this.#used = 0;
  }

  /** What was written, in pieces. Nothing may be written afterwards. */
  pieces(): readonly Uint8Array[] {
    this.#close();
    this.#current = new Uint8Array(0);
    return this.#pieces;
  }
}
