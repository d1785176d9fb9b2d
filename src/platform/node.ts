/**
 * What differs between Node.js and the web platform: hashes and UTF-8. This is Node's side; web.ts has the same exports
 * for browsers and workers. package.json picks one of them for `#platform`. Nothing else below the transports uses
 * modules of Node.
 */
import { Buffer, isUtf8 as isUtf8Buffer } from 'node:buffer';
import * as crypto from 'node:crypto';

/** A SHA-256 of what is given piece by piece. */
export class Sha256 {
  readonly #hash = crypto.createHash('sha256');

  /** Text counts as UTF-8. */
  update(data: Uint8Array | string): this {
    this.#hash.update(data);
    return this;
  }

  /** The digest in hexadecimal. Nothing may be added afterwards. */
  hex(): string {
    return this.#hash.digest('hex');
  }
}

/** Node 20.12 and 21.7 hash in one call, at a third of the cost of an object per name. */
const oneShot = (crypto as unknown as { hash?: (algorithm: string, data: string, encoding: 'binary') => string }).hash;

/** The SHA-256 of a text, one character per byte. */
export function sha256Bytes(text: string): string {
  return oneShot === undefined
    ? crypto.createHash('sha256').update(text).digest('binary')
    : oneShot('sha256', text, 'binary');
}

/** The SHA-1 of a text in hexadecimal. */
export function sha1Hex(text: string): string {
  return crypto.createHash('sha1').update(text).digest('hex');
}

/** Whether the bytes are valid UTF-8. */
export function isUtf8(bytes: Uint8Array): boolean {
  return isUtf8Buffer(bytes);
}

/** The text of UTF-8 bytes, without a byte order mark. What is not valid becomes U+FFFD. */
export function decodeUtf8(bytes: Uint8Array): string {
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8', marked ? 3 : 0);
}

/** The text of UTF-16 bytes, of which those of half a character at the end are left out. */
export function decodeUtf16(bytes: Uint8Array, bigEndian: boolean): string {
  const whole = Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % 2)));
  return (bigEndian ? whole.swap16() : whole).toString('utf16le');
}

export function encodeUtf8(text: string): Uint8Array {
  return Buffer.from(text, 'utf8');
}

/** How many bytes the text has as UTF-8. */
export function utf8Length(text: string): number {
  return Buffer.byteLength(text);
}

/** Writes the text into the bytes from `at` on, which have room for it. Returns the number of bytes written. */
export function writeUtf8(text: string, bytes: Uint8Array, at: number): number {
  const buffer = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.write(text, at);
}

/** Room for so many bytes, zero at first, of the kind into which {@link writeUtf8} writes fastest. */
export function roomFor(bytes: number): Uint8Array<ArrayBuffer> {
  return Buffer.alloc(bytes);
}
