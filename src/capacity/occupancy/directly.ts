/**
 * Joint laws as products of positive terms, which keep a small chance's relative accuracy: for few connections, and for
 * chances that are small.
 */
import { binomialPmf, poissonPmf } from '../numbers.js';
import type { Box, PodGroup } from './groups.js';
import { poissonWindow } from './poisson.js';

/**
 * Up to so many multiplications, products of positive terms are summed; they keep a small chance's relative accuracy.
 */
const DIRECT = 6e5;
/** Up to so many connections they are summed whatever it costs: the Fourier sum is not accurate for a few. */
const FEW = 60;

/** The product of two series, up to the power `last`. */
function product(a: Float64Array, b: Float64Array, last: number): Float64Array {
  const result = new Float64Array(Math.min(last, a.length + b.length - 2) + 1);
  for (let i = 0; i < a.length && i <= last; i++) {
    const x = a[i] as number;
    if (x === 0) continue;
    const end = Math.min(b.length - 1, last - i);
    for (let j = 0; j <= end; j++) result[i + j] = (result[i + j] as number) + x * (b[j] as number);
  }
  return result;
}

/** A series to a whole power, by squaring. */
function powerOf(series: Float64Array, exponent: number, last: number): Float64Array {
  let result: Float64Array | undefined;
  let square = series;
  for (let rest = exponent; ; ) {
    if (rest % 2 === 1) result = result === undefined ? square : product(result, square, last);
    rest = Math.floor(rest / 2);
    if (rest === 0) return result ?? Float64Array.of(1);
    square = product(square, square, last);
  }
}

/** The chance by Levin's product itself: Poisson chances cut to each box, multiplied as series, given their sum. */
export function directly(connections: number, boxes: readonly Box[]): number {
  const total = boxes.reduce((sum, { count, share }) => sum + count * share, 0);
  let all = Float64Array.of(1);
  for (const { count, share, low, high } of boxes) {
    const cut = poissonWindow((connections * share) / total, 0, Math.floor(Math.min(high, connections)));
    cut.fill(0, 0, Math.min(low, cut.length));
    all = product(all, powerOf(cut, count, connections), connections) as Float64Array<ArrayBuffer>;
  }
  return (all[connections] ?? 0) / poissonPmf(connections, connections);
}

/** About how many multiplications {@link directly} needs. */
function costOf(connections: number, groups: readonly PodGroup[]): number {
  const squarings = groups.reduce((sum, { count }) => sum + 1 + 1.5 * Math.log2(count), 0);
  return (squarings * connections * connections) / 2;
}

export function isSmall(connections: number, groups: readonly PodGroup[]): boolean {
  return connections <= FEW || costOf(connections, groups) <= DIRECT;
}

/** P(some pod over) as a sum of positive terms: the first pod that is over, in the order of the list. */
export function overStepwise(connections: number, boxes: readonly Box[]): number {
  const pods = boxes.flatMap((box) => Array.from({ length: box.count }, () => ({ ...box, count: 1 })));
  let left = new Float64Array(connections + 1);
  left[connections] = 1;
  let [rest, over] = [1, 0];
  for (const [index, { share, high }] of pods.entries()) {
    const chance = index === pods.length - 1 ? 1 : Math.min(1, share / rest);
    const next = new Float64Array(connections + 1);
    for (let have = 0; have <= connections; have++) {
      const weight = left[have] as number;
      if (weight === 0) continue;
      for (let take = 0; take <= have; take++) {
        const part = weight * binomialPmf(have, chance, take);
        if (take > high) over += part;
        else next[have - take] = (next[have - take] as number) + part;
      }
    }
    left = next;
    rest = Math.max(1e-16, rest - share);
  }
  return over;
}
