/** The web platform's side of what node.ts says, for browsers and workers. */
import { sha1 } from '@noble/hashes/legacy.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

const encoder = new TextEncoder();

export class Sha256 {
  readonly #hash = sha256.create();

  update(data: Uint8Array | string): this {
    this.#hash.update(typeof data === 'string' ? encoder.encode(data) : data);
    return this;
  }

  hex(): string {
    return bytesToHex(this.#hash.digest());
  }
}

export function sha256Bytes(text: string): string {
  return String.fromCharCode(...sha256(encoder.encode(text)));
}

export function sha1Hex(text: string): string {
  return bytesToHex(sha1(encoder.encode(text)));
}

export function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

export function decodeUtf8(bytes: Uint8Array): string {
  return new TextDecoder('utf-8').decode(bytes);
}

export function decodeUtf16(bytes: Uint8Array, bigEndian: boolean): string {
  const whole = bytes.subarray(0, bytes.length - (bytes.length % 2));
  return new TextDecoder(bigEndian ? 'utf-16be' : 'utf-16le', { ignoreBOM: true }).decode(whole);
}

export function encodeUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}

export function utf8Length(text: string): number {
  return encoder.encode(text).length;
}

export function writeUtf8(text: string, bytes: Uint8Array, at: number): number {
  return encoder.encodeInto(text, bytes.subarray(at)).written;
}

export function roomFor(bytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
