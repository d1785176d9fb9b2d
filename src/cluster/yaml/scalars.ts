/** What a plain scalar is, as Go's yaml.v2 decides it: YAML 1.1 with some habits of its own. */

const WORDS: ReadonlyMap<string, boolean | null> = new Map([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((word) => [word, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map((word) => [word, false] as const),
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
]);

/** Numbers that JSON does not have; such a value is refused. */
const NOT_FINITE: ReadonlySet<string> = new Set(
  ['.inf', '.Inf', '.INF'].flatMap((word) => [word, `+${word}`, `-${word}`]).concat('.nan', '.NaN', '.NAN'),
);

const FLOAT = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/;
const INTEGER = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9]\d*))$/;
/** The usual integer. */
const DECIMAL = /^-?(?:0|[1-9]\d*)$/;
const TIMESTAMP =
  /^\d{4}-(?:\d\d-\d\d|\d{1,2}-\d{1,2}(?:[Tt]|[ \t]+)\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d*)?(?:[Zz]|[ \t]*[-+]\d{1,2}(?::?\d\d)?)?)$/;

const LEAST = -(2n ** 63n);
const MOST = 2n ** 64n - 1n;

/** The value of an integer, whatever its base; undefined for other texts and beyond 64 bits. Without underscores. */
function bigIntegerOf(text: string): bigint | undefined {
  const match = INTEGER.exec(text);
  if (match === null) return undefined;
  const [, sign, hex, binary, octal, decimal] = match;
  const digits =
    hex !== undefined
      ? `0x${hex}`
      : binary !== undefined
        ? `0b${binary}`
        : octal !== undefined
          ? `0o${octal}`
          : decimal;
  const value = sign === '-' ? -BigInt(digits as string) : BigInt(digits as string);
  return value >= LEAST && value <= MOST ? value : undefined;
}

/** A float as a key: the shortest text that a float of 32 bits is read back from, as sigs.k8s.io/yaml writes it. */
function floatKey(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const single = Math.fround(value);
  if (!Number.isFinite(single)) return value > 0 ? '.inf' : '-.inf';
  let digits = 1;
  while (digits < 9 && Math.fround(Number(value.toPrecision(digits))) !== single) digits++;
  const [mantissa = '', power = '0'] = value.toExponential(digits - 1).split('e');
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 6) return String(Number(`${mantissa}e${exponent}`));
  const sign = exponent < 0 ? '-' : '+';
  return `${mantissa}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/** What a plain scalar with this value is as a key of a mapping; undefined where it cannot be one. */
export function plainKey(text: string, value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  if (value === NO_JSON) return text.toLowerCase().replace('+', '');
  if (typeof value !== 'number') return undefined;
  const whole = bigIntegerOf(text.replaceAll('_', ''));
  if (whole === undefined) return floatKey(value);
  return whole < 2n ** 63n ? String(whole) : undefined;
}

/** A value that has no form in JSON. */
export const NO_JSON = Symbol('no JSON');

/** The value of a plain scalar: text, unless it reads as null, a truth value or a number. */
export function plainValue(text: string): string | number | boolean | null | typeof NO_JSON {
  if (text.length <= 5) {
    const word = WORDS.get(text);
    if (word !== undefined) return word;
    if (NOT_FINITE.has(text)) return NO_JSON;
  }
  const code = text.charCodeAt(0);
  const digit = code >= 0x30 && code <= 0x39;
  if (!digit && code !== 0x2b && code !== 0x2d && code !== 0x2e) return text;
  // What looks like a point in time stays text.
  if (digit && TIMESTAMP.test(text)) return text;
  if (text.length > 400) return text;
  const plain = text.replaceAll('_', '');
  if (code !== 0x2e) {
    if (plain.length < 12 && DECIMAL.test(plain)) return Number(plain) || 0;
    const integer = bigIntegerOf(plain);
    if (integer !== undefined) return Number(integer);
  }
  if (!FLOAT.test(plain)) return text;
  const value = Number(plain);
  return Number.isFinite(value) ? value : text;
}
