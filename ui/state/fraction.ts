/** Exact fractions, as answers have them. Sums of shares are exact too: nothing is rounded before it is shown. */

export interface Fraction {
  readonly n: bigint;
  readonly d: bigint;
}

export const ZERO: Fraction = { n: 0n, d: 1n };
export const ONE: Fraction = { n: 1n, d: 1n };

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b];
  while (y > 0n) [x, y] = [y, x % y];
  return x;
}

export function fraction(n: bigint | number, d: bigint | number = 1n): Fraction {
  const [top, bottom] = [BigInt(n), BigInt(d)];
  const common = gcd(top, bottom);
  return common <= 1n ? { n: top, d: bottom } : { n: top / common, d: bottom / common };
}

/** Reads `1/3`, `-1/12` or `2`. Other text counts as 0: answers have no others. */
export function parse(text: string): Fraction {
  const [, n, d = '1'] = /^(-?\d+)(?:\/(\d+))?$/.exec(text) ?? [];
  return n === undefined || BigInt(d) === 0n ? ZERO : fraction(BigInt(n), BigInt(d));
}

export const add = (a: Fraction, b: Fraction): Fraction =>
  a.d === b.d ? fraction(a.n + b.n, a.d) : fraction(a.n * b.d + b.n * a.d, a.d * b.d);

export const subtract = (a: Fraction, b: Fraction): Fraction => add(a, { n: -b.n, d: b.d });

export const multiply = (a: Fraction, b: Fraction): Fraction => fraction(a.n * b.n, a.d * b.d);

export const isZero = ({ n }: Fraction): boolean => n === 0n;

export function sum(values: Iterable<Fraction>): Fraction {
  let all = ZERO;
  for (const value of values) all = add(all, value);
  return all;
}

/** Negative: a is less. */
export function compare(a: Fraction, b: Fraction): number {
  const difference = a.n * b.d - b.n * a.d;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

export const equals = (a: Fraction, b: Fraction): boolean => compare(a, b) === 0;

/** A minus is written as such, not as a hyphen. */
const signed = (n: bigint): string => (n < 0n ? `−${-n}` : String(n));

/** `1/3`, `−1/12`, `0`. */
export function format({ n, d }: Fraction): string {
  return d === 1n ? signed(n) : `${signed(n)}/${d}`;
}

/** A decimal with so many digits, rounded half away from 0. */
function decimal({ n, d }: Fraction, digits: number): string {
  const scale = 10n ** BigInt(digits);
  const positive = n < 0n ? -n : n;
  const rounded = (positive * scale * 2n + d) / (2n * d);
  const text = String(rounded).padStart(digits + 1, '0');
  const whole = text.slice(0, text.length - digits);
  return `${n < 0n && rounded > 0n ? '−' : ''}${whole}${digits > 0 ? `.${text.slice(-digits)}` : ''}`;
}

/** `33.33 %`. What is not 0 is never shown as 0. */
export function percent(value: Fraction, digits = 2): string {
  const text = decimal({ n: value.n * 100n, d: value.d }, digits);
  return !isZero(value) && /^0(\.0*)?$/.test(text) ? `< ${digits === 0 ? 1 : '0.01'} %` : `${text} %`;
}

/** `+8.33` or `−8.33`: a difference in percentage points. */
export function points(value: Fraction): string {
  const text = decimal({ n: value.n * 100n, d: value.d }, 2);
  return value.n > 0n ? `+${text}` : text;
}

/** The nearest double, for widths and positions alone. */
export function toNumber({ n, d }: Fraction): number {
  const wide = 10n ** 17n;
  return d < wide ? Number(n) / Number(d) : Number((n * wide) / d) / 1e17;
}

/** A fraction of more characters than this is shown as a decimal; the exact one is beside it, in the title. */
const SHORT = 14;

/** The exact fraction where it is short, else a decimal. */
export function short(value: Fraction): string {
  const text = format(value);
  return text.length <= SHORT ? text : decimal(value, 6);
}
