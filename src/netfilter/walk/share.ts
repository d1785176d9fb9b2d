import { complement, type Fraction, fraction, isOne, isZero, multiply, ONE, subtract, ZERO } from '../fraction.js';

/**
 * Shares are exact while their denominators are at most 2^256. Programmed chances q/2^31 are after eight random
 * decisions in a row as fine as that; from there on they are cut to multiples of 2^-256. What is cut off from one
 * part goes to the other, so that all parts still sum to exactly what was split.
 */
const FINEST = 1n << 256n;

function isPowerOfTwo(d: bigint): boolean {
  return (d & (d - 1n)) === 0n;
}

/** n/d in lowest terms; where d is a power of two without Euclid, which is slow for numbers this size. */
function reduced(n: bigint, d: bigint): Fraction {
  if (!isPowerOfTwo(d)) return fraction(n, d);
  if (n === 0n) return ZERO;
  const lowestBit = n & -n;
  const common = lowestBit < d ? lowestBit : d;
  return common === 1n ? { n, d } : { n: n / common, d: d / common };
}

/** A branch's share split by a decision: the part for which it comes out, and the rest. The two sum to the share. */
export function splitShare(share: Fraction, chance: Fraction): readonly [hit: Fraction, rest: Fraction] {
  if (isZero(chance)) return [ZERO, share];
  if (isOne(chance)) return [share, ZERO];
  if (isOne(share)) return [chance, complement(chance)];
  const d = share.d * chance.d;
  if (d <= FINEST) return [reduced(share.n * chance.n, d), reduced(share.n * (chance.d - chance.n), d)];
  const hit = reduced((share.n * chance.n * FINEST) / d, FINEST);
  if (!isPowerOfTwo(share.d)) return [hit, subtract(share, hit)];
  return [hit, reduced(share.n * (FINEST / share.d) - hit.n * (FINEST / hit.d), FINEST)];
}

/** The chance that two independent decisions both come out. */
export function bothOf(a: Fraction, b: Fraction): Fraction {
  return a === ONE ? b : multiply(a, b);
}
