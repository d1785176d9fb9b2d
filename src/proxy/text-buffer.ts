import { writeUtf8 } from '#platform';

/** Size of one piece. */
const PIECE = 1 << 20;
/**
 * So many characters are put together before they are encoded: each encoding costs as much as copying hundreds of them.
 */
const BATCH = 1 << 14;
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
  #pending = '';

  write(text: string): void {
    this.#pending += text;
    if (this.#pending.length >= BATCH) this.#encode();
  }

  #encode(): void {
    const text = this.#pending;
    this.#pending = '';
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
    this.#encode();
    this.#close();
    this.#current = new Uint8Array(0);
    return this.#pieces;
  }
}
