/** Keys that an object of a JSON text has more than once: JSON.parse takes the last one and says nothing. */

interface DuplicateJsonKey {
  readonly key: string;
  /** JSON Pointer of the field. */
  readonly path: string;
  /** Offsets in the text: where the key is again, and where first. */
  readonly offset: number;
  readonly firstOffset: number;
}

export interface DuplicateJsonKeys {
  readonly listed: readonly DuplicateJsonKey[];
  readonly total: number;
}

const NONE: DuplicateJsonKeys = { listed: [], total: 0 };

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

/** The offset behind the string that begins at `at`. */
function stringEnd(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) return i + 1;
    if (code === BACKSLASH) i++;
  }
  return text.length;
}

/** How many fields the objects of a valid JSON text have, equal ones counted each. */
function fieldsInText(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === COLON) count++;
    else if (code === QUOTE) i = stringEnd(text, i) - 1;
  }
  return count;
}

/** A byte's value in each byte of a word of four. */
const EACH = 0x01010101;
/** All bits of each byte but the highest, and the highest. */
const LOW = 0x7f7f7f7f;
const HIGH = 0x80808080 | 0;

/** The highest bit of each byte of a word that is not zero. Exact: no byte's bits run into the next byte. */
const notZero = (word: number): number => (((word & LOW) + LOW) | word) & HIGH;

/** Whether the first byte of a word is its lowest. */
const IS_LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/**
 * How many fields the objects of a valid JSON text have, equal ones counted each; of its bytes as UTF-8: colons that
 * are in no string. Looks at four bytes at once, which takes a fifth of the time that the text takes.
 */
export function fieldsInBytes(bytes: Uint8Array): number {
  const { length, byteOffset } = bytes;
  const head = -byteOffset & 3;
  const wordCount = IS_LITTLE_ENDIAN ? (length - head) >> 2 : 0;
  const words = wordCount > 0 ? new Uint32Array(bytes.buffer, byteOffset + head, wordCount) : new Uint32Array();
  let count = 0;
  // Inside of a string all bits are 1.
  let inside = 0;
  let at = 0;
  while (at < length) {
    if (((at - head) & 3) === 0) {
      let index = (at - head) >> 2;
      for (; index < words.length; index++) {
        const word = words[index] as number;
        const quotes = notZero(word ^ (QUOTE * EACH));
        const colons = notZero(word ^ (COLON * EACH));
        const backslashes = notZero(word ^ (BACKSLASH * EACH));
        if ((quotes & colons & backslashes) === HIGH) continue;
        if (backslashes !== HIGH) break;
        // In each byte: 1 behind an odd number of quotes of this word, its own among them.
        let odd = (~quotes >>> 7) & EACH;
        odd ^= odd << 8;
        odd ^= odd << 16;
        count += Math.imul((~colons >>> 7) & ~(odd ^ inside) & EACH, EACH) >>> 24;
        inside ^= -(odd >>> 24);
      }
      at = index * 4 + head;
    }
    // To the next word, which is further where a backslash stands before its first byte.
    for (; at < length; at++) {
      const code = bytes[at];
      if (code === BACKSLASH) at++;
      else if (code === QUOTE) inside = ~inside;
      else if (code === COLON && inside === 0) count++;
      if (((at + 1 - head) & 3) === 0) {
        at++;
        break;
      }
    }
  }
  return count;
}

/** How many fields the objects of values have. Does not recurse: the values may be of any depth. */
function fieldsInValues(values: readonly unknown[]): number {
  let count = 0;
  const open: object[] = [];
  const add = (value: unknown) => {
    if (typeof value === 'object' && value !== null) open.push(value);
  };
  for (const value of values) add(value);
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) add(value[i]);
      continue;
    }
    for (const key in value) {
      count++;
      add((value as Record<string, unknown>)[key]);
    }
  }
  return count;
}

interface Open {
  /** The keys of an object and where they are; undefined for an array. */
  readonly keys: Map<string, number> | undefined;
  token: string | number;
}

function pointerOf(open: readonly Open[]): string {
  return open.map(({ token }) => `/${String(token).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function find(text: string, most: number): DuplicateJsonKeys {
  const open: Open[] = [];
  const listed: DuplicateJsonKey[] = [];
  let total = 0;
  let isKey = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const top = open[open.length - 1];
    if (code === QUOTE) {
      const end = stringEnd(text, i);
      if (isKey && top?.keys !== undefined) {
        const key = JSON.parse(text.slice(i, end)) as string;
        top.token = key;
        const first = top.keys.get(key);
        if (first === undefined) top.keys.set(key, i);
        else if (++total <= most) listed.push({ key, path: pointerOf(open), offset: i, firstOffset: first });
      }
      isKey = false;
      i = end - 1;
    } else if (code === 0x7b) {
      open.push({ keys: new Map(), token: '' });
      isKey = true;
    } else if (code === 0x5b) {
      open.push({ keys: undefined, token: 0 });
    } else if (code === 0x7d || code === 0x5d) {
      open.pop();
      isKey = false;
    } else if (code === 0x2c && top !== undefined) {
      if (top.keys === undefined) top.token = Number(top.token) + 1;
      else isKey = true;
    }
  }
  return { listed, total };
}

/** What has been counted already: the fields in a text's bytes ({@link fieldsInBytes}) and in what it was parsed to. */
export interface FieldCounts {
  readonly inText: number;
  readonly inValues: number;
}

/**
 * The keys that are more than once in an object of `text`, valid JSON (one value, or several one after another) that
 * was parsed to `values`. At most `most` are listed. Texts without any, nearly all, are only counted through.
 */
export function duplicateJsonKeys(
  text: string,
  values: readonly unknown[],
  most: number,
  counts?: FieldCounts,
): DuplicateJsonKeys {
  const { inText, inValues } = counts ?? { inText: fieldsInText(text), inValues: fieldsInValues(values) };
  return inText === inValues ? NONE : find(text, most);
}
