/** The law of the most or least loaded pod for many limits at once. */
import { Transforms } from './characteristic.js';
import { meansOf, type PodGroup } from './groups.js';
import { PoissonRow } from './poisson.js';

/**
 * The chances that every pod has at most c, for c from `from` to `to`, at once: Levin's Poisson variables cut at c, and
 * the one wanted coefficient of their product by a Fourier sum, to which going from c to c + 1 adds one term for each
 * pod. Absolute error about 1e-13.
 */
export function sweepMost(connections: number, groups: readonly PodGroup[], from: number, to: number): number[] {
  const transforms = new Transforms(connections, groups);
  const row = new PoissonRow(meansOf(connections, groups));
  const result: number[] = [];
  for (let k = Math.min(from, row.first); k <= to; k++) {
    transforms.add(k, row.at(k), 1);
    if (k >= from) result.push(transforms.chance());
  }
  return result;
}

/** The same for chances that every pod has at least c, for c from 0 to `to`: the cut is below, taken from the whole. */
export function sweepLeast(connections: number, groups: readonly PodGroup[], to: number): number[] {
  const means = meansOf(connections, groups);
  const transforms = new Transforms(connections, groups);
  transforms.fill(means);
  const row = new PoissonRow(means);
  const result: number[] = [];
  for (let k = 0; k <= to; k++) {
    const chances = row.at(k);
    // Below the first value of weight nothing was cut: the chance is 1.
    result.push(k <= row.first ? 1 : transforms.chance());
    transforms.add(k, chances, -1);
  }
  return result;
}
