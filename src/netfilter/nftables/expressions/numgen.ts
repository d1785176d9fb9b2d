import { fraction } from '../../../base/fraction.js';
import type { Chance } from '../../walk/types.js';
import type { Draw, ExpressionCodec } from '../expression-codec.js';
import type { Numgen } from '../types.js';

export const RANDOM_BITS = 2n ** 32n;

/** The least 32-bit random number that the kernel scales to the outcome. */
export function leastNumber(outcome: number, modulus: number): bigint {
  const n = BigInt(modulus);
  return (BigInt(outcome) * RANDOM_BITS + n - 1n) / n;
}

/**
 * The chance of the outcomes from `from` up to, not including, `to`: nominally 1/modulus each. The kernel takes 32
 * random bits r and gives (r · modulus) >> 32 (reciprocal_scale), so that an outcome's share is a multiple of 2^-32.
 */
export function chanceOf(draw: Draw, from: number, to = from + 1): Chance {
  const nominal = fraction(to - from, draw.modulus);
  if (draw.roundRobin) return { nominal, programmed: nominal, roundRobin: true };
  const numbers = leastNumber(to, draw.modulus) - leastNumber(from, draw.modulus);
  return { nominal, programmed: fraction(numbers, RANDOM_BITS) };
}

function spelled({ mode, modulus, offset }: Numgen): string {
  const text = `numgen ${mode === 'inc' ? 'inc' : 'random'} mod ${modulus}`;
  return offset === undefined || offset === 0 ? text : `${text} offset ${offset}`;
}

/** A number that is drawn for each packet. */
export const numgen: ExpressionCodec<Numgen> = {
  write: spelled,
  save: spelled,
  types: () => ['number'],
  evaluate({ mode, modulus, offset = 0 }) {
    return { draw: { modulus, offset, roundRobin: mode === 'inc' }, at: (outcome) => [String(outcome + offset)] };
  },
};
