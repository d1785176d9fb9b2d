import { roomFor, writeUtf8 } from '#platform';

/** Size of one piece. */
const PIECE = 1 << 20;
/**
 * So many characters are put together before they are encoded: each encoding costs as much as copying hundreds of them.
 */
const BATCH = 1 << 14;
/** UTF-8 needs at most this many bytes for one character of a JavaScript string. */
const BYTES_PER_CHARACTER = 3;
const NOTHING = new Uint8Array(0);

/**
 * Text that grows by the megabyte, kept as bytes. Joined strings would do, but V8 keeps a tree of all their parts until
 * somebody reads them, ten times the size of the text.
 */
export class TextBuffer {
  readonly #pieces: Uint8Array[] = [];
  #room = NOTHING;
  #used = 0;
  #pending = '';
  /** What the next piece is so far: a part of some memory. */
  #memory: ArrayBufferLike | undefined;
  #begin = 0;
  #end = 0;

  write(text: string): void {
    this.#pending += text;
    if (this.#pending.length >= BATCH) this.#encode();
  }

  /** Writes a text and returns its bytes, which can be added to another buffer. Nobody may change them. */
  block(text: string): Uint8Array {
    if (text === '') return NOTHING;
    this.#encode();
    this.#pending = text;
    const from = this.#encode();
    return this.#room.subarray(from, this.#used);
  }

  /** Writes bytes that another buffer has given out, without copying them. */
  add(bytes: Uint8Array): void {
    this.#encode();
    this.#append(bytes.buffer, bytes.byteOffset, bytes.byteOffset + bytes.length);
  }

  /** Returns where in the memory it has written. */
  #encode(): number {
    const text = this.#pending;
    if (text === '') return this.#used;
    this.#pending = '';
    const most = text.length * BYTES_PER_CHARACTER;
    if (this.#used + most > this.#room.length) {
      this.#room = roomFor(Math.max(PIECE, most));
      this.#used = 0;
    }
    const from = this.#used;
    this.#used += writeUtf8(text, this.#room, from);
    this.#append(this.#room.buffer, from, this.#used);
    return from;
  }

  #append(memory: ArrayBufferLike, begin: number, end: number): void {
    if (begin === end) return;
    if (memory === this.#memory && begin === this.#end) {
      this.#end = end;
      return;
    }
    this.#close();
    this.#memory = memory;
    this.#begin = begin;
    this.#end = end;
  }

  #close(): void {
    if (this.#memory !== undefined)
      this.#pieces.push(new Uint8Array(this.#memory, this.#begin, this.#end - this.#begin));
    this.#memory = undefined;
  }

  /** What was written, in pieces. Nothing may be written afterwards. */
  pieces(): readonly Uint8Array[] {
    this.#encode();
    this.#close();
    this.#room = NOTHING;
    return this.#pieces;
  }
}
