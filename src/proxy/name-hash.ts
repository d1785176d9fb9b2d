import { sha256Bytes } from '#platform';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
/** Two base32 digits for every ten bits. */
const DIGITS = Array.from({ length: 1024 }, (_, bits) => `${ALPHABET[bits >> 5]}${ALPHABET[bits & 31]}`);

/** Five bytes from `at` on as eight base32 digits (RFC 4648). */
function base32(bytes: string, at: number): string {
  const a = bytes.charCodeAt(at);
  const b = bytes.charCodeAt(at + 1);
  const c = bytes.charCodeAt(at + 2);
  const d = bytes.charCodeAt(at + 3);
  const e = bytes.charCodeAt(at + 4);
  return (
    (DIGITS[(a << 2) | (b >> 6)] as string) +
    (DIGITS[((b & 63) << 4) | (c >> 4)] as string) +
    (DIGITS[((c & 15) << 6) | (d >> 2)] as string) +
    (DIGITS[((d & 3) << 8) | e] as string)
  );
}

/** The first 16 base32 digits of the SHA-256 of a text: what kube-proxy's chain names end with in iptables mode. */
export function chainHash(text: string): string {
  const digest = sha256Bytes(text);
  return base32(digest, 0) + base32(digest, 5);
}

/** The first 8 digits of the same: what chain names hold in nftables mode. */
export function shortHash(text: string): string {
  return base32(sha256Bytes(text), 0);
}
