import { encodeUtf8 } from '#platform';

/**
 * The characters of generated names (apimachinery `rand.SafeEncodeString`): no vowels, nothing that looks like another.
 */
const SAFE = 'bcdfghjklmnpqrstvwxz2456789';

/** The API server cuts what a name is generated from to this length, then appends five characters. */
const MAX_BASE = 58;

/** FNV-1a, 64 bits. */
function fnv64(text: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of encodeUtf8(text)) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  return hash;
}

/** So many of the characters that Kubernetes makes names of, derived from a text. */
export function safeText(seed: string, length: number): string {
  let hash = fnv64(seed);
  // The low bits of FNV hardly mix: fold the high ones in.
  hash ^= hash >> 32n;
  let text = '';
  for (let i = 0; i < length; i++) {
    text += SAFE[Number(hash % 27n)] as string;
    hash /= 27n;
  }
  return text;
}

/**
 * A name as the API server makes one from `generateName`: the prefix and five characters. Where the server draws them,
 * they are derived here from `seed`, so that equal requests give equal names. `taken` says which names exist already.
 */
export function generatedName(prefix: string, seed: string, taken: (name: string) => boolean): string {
  for (let attempt = 0; ; attempt++) {
    const name = `${prefix.slice(0, MAX_BASE)}${safeText(`${seed}/${attempt}`, 5)}`;
    if (!taken(name)) return name;
  }
}

/** An identifier in the form of a UID (RFC 9562, version 8: made from a hash), derived from `seed`. */
export function generatedUid(seed: string): string {
  const hex = (fnv64(`${seed}#1`) * (1n << 64n) + fnv64(`${seed}#2`)).toString(16).padStart(32, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
