import { roomFor, utf8Length, writeUtf8 } from '#platform';

/** So many characters are put together before they are encoded. */
const BATCH = 1 << 16;
/** UTF-8 needs at most this many bytes for one character of a JavaScript string. */
const BYTES_PER_CHARACTER = 3;

/**
 * Many short texts that are wanted in another order than they come in. They are kept as bytes: a hundred thousand
 * strings that live to the end cost several times as much, all of it in the garbage collector.
 */
export class TextStore {
  #bytes = roomFor(1 << 20);
  #used = 0;
  #pending = '';
  /** Where each text begins; the one that is added next begins at the end of the last. */
  readonly #starts: number[] = [0];
  /** The first text that is not encoded yet. */
  #firstPending = 0;

  /** Adds a text. Returns its number, by which {@link inOrder} asks for it. */
  add(text: string): number {
    this.#pending += text;
    this.#starts.push((this.#starts.at(-1) as number) + text.length);
    if (this.#pending.length >= BATCH) this.#encode();
    return this.#starts.length - 2;
  }

  /** The length of all texts together: in bytes of those that are encoded, in characters of the others. */
  get length(): number {
    return this.#starts.at(-1) as number;
  }

  #encode(): void {
    const text = this.#pending;
    this.#grow(this.#used + text.length * BYTES_PER_CHARACTER);
    const written = writeUtf8(text, this.#bytes, this.#used);
    // Places are counted in characters. Where some take several bytes, they are counted again.
    if (written !== text.length) this.#recount(text);
    this.#used += written;
    this.#pending = '';
    this.#firstPending = this.#starts.length - 1;
  }

  #recount(text: string): void {
    const starts = this.#starts;
    const begin = starts[this.#firstPending] as number;
    const places = starts.slice(this.#firstPending).map((start) => start - begin);
    for (let i = 1; i < places.length; i++) {
      const one = text.slice(places[i - 1], places[i]);
      starts[this.#firstPending + i] = (starts[this.#firstPending + i - 1] as number) + utf8Length(one);
    }
  }

  #grow(size: number): void {
    if (size <= this.#bytes.length) return;
    const larger = roomFor(Math.max(size, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#used));
    this.#bytes = larger;
  }

  /** The texts with these numbers, one behind the other, as UTF-8. */
  inOrder(numbers: readonly number[]): Uint8Array {
    this.#encode();
    const starts = this.#starts;
    let size = 0;
    for (const number of numbers) size += (starts[number + 1] as number) - (starts[number] as number);
    const out = new Uint8Array(size);
    let at = 0;
    for (let i = 0; i < numbers.length; i++) {
      // Texts that follow each other are copied at once.
      const start = starts[numbers[i] as number] as number;
      while (i + 1 < numbers.length && numbers[i + 1] === (numbers[i] as number) + 1) i++;
      const end = starts[(numbers[i] as number) + 1] as number;
      out.set(this.#bytes.subarray(start, end), at);
      at += end - start;
    }
    return out;
  }
}
