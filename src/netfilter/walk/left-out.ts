import { divide, type Fraction, fraction, subtract, ZERO } from '../../base/fraction.js';
import type { LeftOut, LeftOutShare } from '../left-out.js';
import { FINEST } from './share.js';

const SCALE = 2 ** 31;

/**
 * The threshold of a rule for one chance in m, as kube-proxy writes it (`%0.10f` of 1/m) and the kernel compares it
 * with 31 random bits.
 */
export function thresholdOfOneIn(m: number): number {
  if (m === 1) return SCALE;
  // The decimal is rounded from the double nearest to 1/m. It is that of 1/m itself but where 1/m is halfway.
  const isHalfway = 20_000_000_000 % m === 0;
  // Of 1/2048 alone the double is halfway too: Go rounds to the even digit (0.0004882812), toFixed up.
  if (m === 2048) return Math.round(0.0004882812 * SCALE);
  const decimal = isHalfway ? Number((1 / m).toFixed(10)) : Math.floor((20_000_000_000 + m) / (2 * m)) / 10_000_000_000;
  return Math.round(decimal * SCALE);
}

/** A branch's share. */
interface Shares {
  readonly nominal: Fraction;
  readonly programmed: Fraction;
}

/**
 * What random rules in a row take of a share, each one chance in the endpoints that are left, and what passes them.
 * Equal to splitting the share at each of them: see `splitShare`.
 */
export function passLeftOut(
  { nominal, programmed }: Shares,
  { first, count, total }: LeftOut,
): Shares & { readonly share: LeftOutShare; readonly rest: Shares } {
  if (FINEST % programmed.d !== 0n) throw new Error('a share whose denominator is no power of two');
  const all = programmed.n * (FINEST / programmed.d);
  let left = all;
  const parts = new Array<bigint>(count);
  for (let i = 0; i < count; i++) {
    const part = (left * BigInt(thresholdOfOneIn(total - first - i))) >> 31n;
    parts[i] = part;
    left -= part;
  }
  const taken = { nominal: of(nominal, count, total - first), programmed: fraction(all - left, FINEST) };
  return {
    ...taken,
    share: { first, count, total, parts, unit: FINEST },
    rest: {
      nominal: first + count === total ? ZERO : subtract(nominal, taken.nominal),
      programmed: fraction(left, FINEST),
    },
  };
}

function of({ n, d }: Fraction, count: number, total: number): Fraction {
  return fraction(n * BigInt(count), d * BigInt(total));
}

/** The parts of a share that endpoints which are left out have together. */
export function scaledTo(share: LeftOutShare, together: Fraction): LeftOutShare {
  const { parts, unit } = share;
  if (parts === undefined) return share;
  let sum = 0n;
  for (const part of parts) sum += part;
  if (sum === 0n || together.n * unit === sum * together.d) return share;
  const { n, d } = divide(together, fraction(sum, unit));
  return { ...share, parts: parts.map((part) => part * n), unit: unit * d };
}
