import { sha256Bytes } from '#platform';

/** The character codes of base32's digits (RFC 4648). */
const DIGITS = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', (digit) => digit.charCodeAt(0));

/** The digit of the five low bits. */
const digit = (bits: number): number => DIGITS[bits & 31] as number;

/** Writes five bytes of a hash, from `at` on, into `codes` as eight digits. */
function writeDigits(hash: string, at: number, codes: number[], to: number): void {
  const a = hash.charCodeAt(at);
  const b = hash.charCodeAt(at + 1);
  const c = hash.charCodeAt(at + 2);
  const d = hash.charCodeAt(at + 3);
  const e = hash.charCodeAt(at + 4);
  codes[to] = digit(a >> 3);
  codes[to + 1] = digit((a << 2) | (b >> 6));
  codes[to + 2] = digit(b >> 1);
  codes[to + 3] = digit((b << 4) | (c >> 4));
  codes[to + 4] = digit((c << 1) | (d >> 7));
  codes[to + 5] = digit(d >> 2);
  codes[to + 6] = digit((d << 3) | (e >> 5));
  codes[to + 7] = digit(e);
}

/**
 * Makes names that begin with `prefix` and end with the first 16 base32 digits of the SHA-256 of a text, as kube-proxy
 * does in iptables mode. Each is one string: V8 keeps strings that are joined as a tree of their pieces, which costs
 * more each time that the name is written.
 */
export function hashedNames(prefix: string): (text: string) => string {
  const codes = Array.from(`${prefix}0123456789ABCDEF`, (character) => character.charCodeAt(0));
  return (text) => {
    const hash = sha256Bytes(text);
    writeDigits(hash, 0, codes, prefix.length);
    writeDigits(hash, 5, codes, prefix.length + 8);
    return String.fromCharCode(...codes);
  };
}

/** The first 8 base32 digits of the SHA-256 of a text: what chain names hold in nftables mode. */
export function shortHash(text: string): string {
  const codes: number[] = [];
  writeDigits(sha256Bytes(text), 0, codes, 0);
  return String.fromCharCode(...codes);
}
