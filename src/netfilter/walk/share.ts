import {
  complement,
  type Fraction,
  fraction,
  isOne,
  isZero,
  multiply,
  ONE,
  subtract,
  ZERO,
} from '../../base/fraction.js';

/**
 * Shares are exact while their denominators are at most 2^256. Programmed chances q/2^31 are after eight random
 * decisions in a row as fine as that; from there on they are cut to multiples of 2^-256. What is cut off from one
 * part goes to the other, so that all parts still sum to exactly what was split.
 */
export const FINEST = 1n << 256n;

/** A branch's share split by a decision: the part for which it comes out, and the rest. The two sum to the share. */
export function splitShare(share: Fraction, chance: Fraction): readonly [hit: Fraction, rest: Fraction] {
  if (isZero(chance)) return [ZERO, share];
  if (isOne(chance)) return [share, ZERO];
  if (isOne(share)) return [chance, complement(chance)];
  const d = share.d * chance.d;
  if (d <= FINEST) return [fraction(share.n * chance.n, d), fraction(share.n * (chance.d - chance.n), d)];
  const hit = fraction((share.n * chance.n * FINEST) / d, FINEST);
  return [hit, subtract(share, hit)];
}

/** The chance that two independent decisions both come out. */
export function bothOf(a: Fraction, b: Fraction): Fraction {
  return a === ONE ? b : multiply(a, b);
}
