/** Exact probabilities: fractions of big integers in lowest terms, never negative. */

export interface Fraction {
  readonly n: bigint;
  readonly d: bigint;
}

export const ZERO: Fraction = { n: 0n, d: 1n };
export const ONE: Fraction = { n: 1n, d: 1n };

const MOST_DENOMINATORS = 32;

/** Numbers up to 2^53 are divided as doubles, which is exact and much quicker. */
const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

function isPowerOfTwo(n: bigint): boolean {
  return (n & (n - 1n)) === 0n;
}

/** The greatest common divisor of a number and one above 0. */
function gcd(a: bigint, b: bigint): bigint {
  // The shares that the kernel's thresholds make have such denominators.
  if (b > SAFE && isPowerOfTwo(b)) return a === 0n ? b : gcdOfPower(a, b);
  while (b > SAFE) [a, b] = [b, a % b];
  if (b === 0n) return a;
  let x = Number(a > SAFE ? a % b : a);
  let y = Number(b);
  while (x !== 0) [x, y] = [y % x, x];
  return BigInt(y);
}

/** Common divisor with a power of two: Euclid would take a step for every few bits. */
function gcdOfPower(n: bigint, power: bigint): bigint {
  const lowestBit = n & -n;
  return lowestBit < power ? lowestBit : power;
}

/** n/d in lowest terms. Throws RangeError when d is 0 or the value is negative. */
export function fraction(n: bigint | number, d: bigint | number = 1n): Fraction {
  const num = BigInt(n);
  const den = BigInt(d);
  if (den <= 0n || num < 0n) throw new RangeError(`not a probability: ${num}/${den}`);
  if (num === 0n) return ZERO;
  const g = isPowerOfTwo(den) ? gcdOfPower(num, den) : gcd(num, den);
  return g === 1n ? { n: num, d: den } : { n: num / g, d: den / g };
}

export function add(a: Fraction, b: Fraction): Fraction {
  if (a.n === 0n) return b;
  if (b.n === 0n) return a;
  if (a.d === b.d) return fraction(a.n + b.n, a.d);
  // Only what the denominators share can be left to divide by (Knuth, TAOCP 4.5.1): the numbers stay small.
  const shared = gcd(a.d, b.d);
  if (shared === 1n) return { n: a.n * b.d + b.n * a.d, d: a.d * b.d };
  const rest = a.d / shared;
  const n = a.n * (b.d / shared) + b.n * rest;
  const common = gcd(n, shared);
  return common === 1n ? { n, d: rest * b.d } : { n: n / common, d: rest * (b.d / common) };
}

/** a − b. Throws RangeError when b is larger than a. */
export function subtract(a: Fraction, b: Fraction): Fraction {
  return b.n === 0n ? a : fraction(a.n * b.d - b.n * a.d, a.d * b.d);
}

export function multiply(a: Fraction, b: Fraction): Fraction {
  if (isOne(a)) return b;
  if (isOne(b)) return a;
  return fraction(a.n * b.n, a.d * b.d);
}

/** a ÷ b. Throws RangeError when b is 0. */
export function divide(a: Fraction, b: Fraction): Fraction {
  return fraction(a.n * b.d, a.d * b.n);
}

/** 1 − a: the chance that an event of chance a does not happen. */
export function complement(a: Fraction): Fraction {
  return fraction(a.d - a.n, a.d);
}

/**
 * A sum that grows: fractions with one denominator are added by their numerators, and reduced once. Most sums have one
 * fraction, or one denominator.
 */
export class FractionSum {
  #only: Fraction | undefined;
  #numerator = 0n;
  /** 0: nothing has been added. */
  #denominator = 0n;
  /** Of other denominators. */
  #numerators: bigint[] | undefined;
  #denominators: bigint[] | undefined;

  add(value: Fraction): void {
    const { n, d } = value;
    if (n === 0n) return;
    if (this.#denominator === 0n) {
      this.#only = value;
      this.#numerator = n;
      this.#denominator = d;
      return;
    }
    this.#only = undefined;
    if (d === this.#denominator) this.#numerator += n;
    else this.#addOther(n, d);
  }

  #addOther(n: bigint, d: bigint): void {
    this.#numerators ??= [];
    this.#denominators ??= [];
    const at = this.#denominators.indexOf(d);
    if (at >= 0) this.#numerators[at] = (this.#numerators[at] as bigint) + n;
    else {
      this.#numerators.push(n);
      this.#denominators.push(d);
      // Of very many denominators each would be looked for in a long list.
      if (this.#denominators.length >= MOST_DENOMINATORS) this.#settle();
    }
  }

  #settle(): void {
    const { n, d } = this.value;
    this.#numerator = n;
    this.#denominator = d;
    this.#numerators = undefined;
    this.#denominators = undefined;
  }

  get value(): Fraction {
    if (this.#only !== undefined) return this.#only;
    if (this.#denominator === 0n) return ZERO;
    let total = fraction(this.#numerator, this.#denominator);
    const numerators = this.#numerators ?? [];
    for (let i = 0; i < numerators.length; i++)
      total = add(total, fraction(numerators[i] as bigint, this.#denominators?.[i]));
    return total;
  }
}

export function sum(values: Iterable<Fraction>): Fraction {
  const total = new FractionSum();
  for (const value of values) total.add(value);
  return total.value;
}

export function equals(a: Fraction, b: Fraction): boolean {
  return a.n === b.n && a.d === b.d;
}

/** Negative, 0 or positive as a is smaller than, equal to or larger than b. */
export function compare(a: Fraction, b: Fraction): number {
  if (a.d === b.d) return a.n < b.n ? -1 : a.n > b.n ? 1 : 0;
  const left = a.n * b.d;
  const right = b.n * a.d;
  return left < right ? -1 : left > right ? 1 : 0;
}

export function isZero(a: Fraction): boolean {
  return a.n === 0n;
}

export function isOne(a: Fraction): boolean {
  return a.n === a.d;
}

/** `"1/3"`, `"0"`, `"1"`. */
export function formatFraction(a: Fraction): string {
  return a.d === 1n ? String(a.n) : `${a.n}/${a.d}`;
}

/** Reads `"p/q"` or an integer; undefined for anything else, a zero denominator or more than 200 digits. */
export function parseFraction(text: string): Fraction | undefined {
  const match = /^(\d{1,200})(?:\/(\d{1,200}))?$/.exec(text);
  if (match === null) return undefined;
  const d = BigInt(match[2] ?? '1');
  return d === 0n ? undefined : fraction(BigInt(match[1] as string), d);
}

/** The nearest double (also when numerator and denominator are beyond what doubles hold). */
export function toNumber(a: Fraction): number {
  if (a.n === 0n) return 0;
  const numeratorBits = a.n.toString(2).length;
  const denominatorBits = a.d.toString(2).length;
  if (Math.max(numeratorBits, denominatorBits) <= 53) return Number(a.n) / Number(a.d);
  // The quotient is taken to 64 bits or more, of which a double keeps 53.
  const shift = denominatorBits - numeratorBits + 64;
  const n = shift > 0 ? a.n << BigInt(shift) : a.n;
  const d = shift > 0 ? a.d : a.d << BigInt(-shift);
  // A remainder is kept as a last bit: without it a value just above the middle of two doubles would count as a tie.
  const quotient = n / d;
  const rounded = Number(n % d === 0n ? quotient : quotient | 1n);
  // In two steps, since 2^-shift alone may be smaller than any double.
  const half = Math.trunc(shift / 2);
  return rounded * 2 ** -half * 2 ** (half - shift);
}

/** The decimal expansion, rounded half up to `digits` decimals: 1/3 with 4 digits is `0.3333`. */
export function toDecimal(a: Fraction, digits: number): string {
  const unit = 10n ** BigInt(digits);
  const scaled = (2n * a.n * unit + a.d) / (2n * a.d);
  const text = scaled.toString().padStart(digits + 1, '0');
  return digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`;
}
