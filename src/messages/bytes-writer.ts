/**
 * Writes a message's bytes into memory that is used again and again. A length that is not known before its content is
 * written takes one byte; where it needs more, the content is moved.
 */

const FIRST = 64 * 1024;

/** Memory beyond this is not kept for the next message. */
const KEPT = 4 * 1024 * 1024;

/** Up to so many characters a loop is quicker than a call into the engine. */
const SHORT = 24;

export class BytesWriter {
  #bytes = Buffer.allocUnsafeSlow(FIRST);
  #at = 0;

  /** Makes room for so many bytes more. */
  #reserve(count: number): void {
    const needed = this.#at + count;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
  }

  /** An unsigned integer of at most 32 bits. */
  varint(value: number): void {
    this.#reserve(5);
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[this.#at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#at++] = rest;
  }

  /** A signed integer of at most 53 bits, as int32 and int64 have them. */
  signed(value: number): void {
    if (value >= 0 && value <= 0x7fffffff) {
      this.varint(value);
      return;
    }
    this.#reserve(10);
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest > 0x7fn) {
      this.#bytes[this.#at++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.#at++] = Number(rest);
  }

  double(value: number): void {
    this.#reserve(8);
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }

  /** A string with its length. */
  string(text: string): void {
    const { length } = text;
    this.#reserve(5 + length * 3);
    if (length <= SHORT) {
      const start = this.#at;
      this.#at++;
      let i = 0;
      for (; i < length; i++) {
        const code = text.charCodeAt(i);
        if (code > 0x7f) break;
        this.#bytes[this.#at++] = code;
      }
      if (i === length) {
        this.#bytes[start] = length;
        return;
      }
      this.#at = start;
    }
    const start = this.begin();
    this.#at += this.#bytes.write(text, this.#at, 'utf8');
    this.end(start);
  }

  /** Bytes with their length. */
  bytes(bytes: Uint8Array): void {
    this.varint(bytes.length);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** Begins something with a length; returns what {@link end} needs. */
  begin(): number {
    this.#reserve(1);
    return ++this.#at;
  }

  /** Writes the length of what was written since {@link begin}. */
  end(start: number): void {
    const length = this.#at - start;
    if (length <= 0x7f) {
      this.#bytes[start - 1] = length;
      return;
    }
    const more = length < 2 ** 14 ? 1 : length < 2 ** 21 ? 2 : length < 2 ** 28 ? 3 : 4;
    this.#reserve(more);
    this.#bytes.copyWithin(start + more, start, this.#at);
    const end = this.#at + more;
    this.#at = start - 1;
    this.varint(length);
    this.#at = end;
  }

  /** What was written, in memory of its own. The writer begins anew. */
  finish(): Uint8Array {
    const written = new Uint8Array(this.#bytes.subarray(0, this.#at));
    this.#at = 0;
    if (this.#bytes.length > KEPT) this.#bytes = Buffer.allocUnsafeSlow(FIRST);
    return written;
  }

  /** Forgets what was written. */
  reset(): void {
    this.#at = 0;
  }
}
