/** Exact differences of probabilities: what {@link Fraction} cannot be, less than nothing. */
import { compare, type Fraction, formatFraction, fraction, subtract, toDecimal, toNumber, ZERO } from './fraction.js';

export interface SignedFraction {
  readonly negative: boolean;
  /** In lowest terms; 0 is never negative. */
  readonly size: Fraction;
}

export const NO_SHIFT: SignedFraction = { negative: false, size: ZERO };

function signed(negative: boolean, size: Fraction): SignedFraction {
  return size.n === 0n ? NO_SHIFT : { negative, size };
}

/** after − before. */
export function shiftOf(before: Fraction, after: Fraction): SignedFraction {
  return compare(after, before) < 0 ? signed(true, subtract(before, after)) : signed(false, subtract(after, before));
}

export function negate(a: SignedFraction): SignedFraction {
  return signed(!a.negative, a.size);
}

/** The sum of two signed fractions. */
export function addSigned(a: SignedFraction, b: SignedFraction): SignedFraction {
  if (a.negative === b.negative) {
    return signed(a.negative, fraction(a.size.n * b.size.d + b.size.n * a.size.d, a.size.d * b.size.d));
  }
  return a.negative ? shiftOf(a.size, b.size) : shiftOf(b.size, a.size);
}

/** `"-1/12"`, `"0"`, `"1/4"`: no plus sign. */
export function formatSigned(a: SignedFraction): string {
  return `${a.negative ? '-' : ''}${formatFraction(a.size)}`;
}

/** Reads what {@link formatSigned} writes, of any length; undefined for anything else or a zero denominator. */
export function parseSigned(text: string): SignedFraction | undefined {
  const match = /^(-?)(\d+)(?:\/(\d+))?$/.exec(text);
  const d = BigInt(match?.[3] ?? '1');
  if (match === null || d === 0n) return undefined;
  return signed(match[1] === '-', fraction(BigInt(match[2] as string), d));
}

/** The nearest double. */
export function signedToNumber(a: SignedFraction): number {
  const size = toNumber(a.size);
  return a.negative ? -size : size;
}

/** The decimal expansion, rounded half away from 0, always with its sign: `+0.0833`, `-8.33`. */
export function signedToDecimal(a: SignedFraction, digits: number): string {
  return `${a.negative ? '-' : '+'}${toDecimal(a.size, digits)}`;
}
