/** Texts as UTF-8, each in memory of its own that can be handed to another thread. */

/** Longer texts than these many bytes are written without the memory that is used again. */
const ROOM = 1024 * 1024;

const NEWLINE = 0x0a;

export class Utf8 {
  readonly #encoder = new TextEncoder();
  // Writing into memory that is there and copying what was written is quicker than having the encoder find room.
  readonly #room = new Uint8Array(ROOM);

  text(text: string): Uint8Array {
    const { read, written } = this.#encoder.encodeInto(text, this.#room);
    return read === text.length ? this.#room.slice(0, written) : this.#encoder.encode(text);
  }

  /** The text with a newline behind it. */
  line(text: string): Uint8Array {
    const { read, written } = this.#encoder.encodeInto(text, this.#room.subarray(0, ROOM - 1));
    if (read < text.length) return this.#encoder.encode(`${text}\n`);
    this.#room[written] = NEWLINE;
    return this.#room.slice(0, written + 1);
  }
}
