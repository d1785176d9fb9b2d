import { complement, type Fraction, fraction, isOne, isZero, multiply, ONE, subtract, ZERO } from '../fraction.js';

/**
 * Shares are exact while their denominators are at most 2^256. Programmed chances q/2^31 are after eight random
 * decisions in a row as fine as that; from there on they are rounded to multiples of 2^-256. What is cut off from one
 * part goes to the other, so that all parts still sum to exactly what was split.
 */
const PLACES = 256n;
const FINEST = 1n << PLACES;

/** n/2^places in lowest terms; a shift instead of the general Euclid, which is slow for numbers this size. */
function dyadic(n: bigint, places: bigint): Fraction {
  if (n === 0n) return ZERO;
  let shift = 0n;
  while (shift + 16n <= places && (n & 0xffffn) === 0n) {
    n >>= 16n;
    shift += 16n;
  }
  while (shift < places && (n & 1n) === 0n) {
    n >>= 1n;
    shift++;
  }
  return { n, d: 1n << (places - shift) };
}

function isPowerOfTwo(d: bigint): boolean {
  return (d & (d - 1n)) === 0n;
}

/** n/d in lowest terms, quickly where d is a power of two (at most 2^256). */
function reduced(n: bigint, d: bigint): Fraction {
  if (!isPowerOfTwo(d)) return fraction(n, d);
  return dyadic(n * (FINEST / d), PLACES);
}

/** A branch's share split by a decision: the part for which it comes out, and the rest. The two sum to the share. */
export function splitShare(share: Fraction, chance: Fraction): readonly [hit: Fraction, rest: Fraction] {
  if (isZero(chance)) return [ZERO, share];
  if (isOne(chance)) return [share, ZERO];
  if (isOne(share)) return [chance, complement(chance)];
  const d = share.d * chance.d;
  if (d <= FINEST) return [reduced(share.n * chance.n, d), reduced(share.n * (chance.d - chance.n), d)];
  const hit = dyadic((share.n * chance.n * FINEST + d / 2n) / d, PLACES);
  return [
    hit,
    isPowerOfTwo(share.d)
      ? dyadic(share.n * (FINEST / share.d) - hit.n * (FINEST / hit.d), PLACES)
      : subtract(share, hit),
  ];
}

/** The chance that two independent decisions both come out. */
export function bothOf(a: Fraction, b: Fraction): Fraction {
  return a === ONE ? b : multiply(a, b);
}
