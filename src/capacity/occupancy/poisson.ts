/** Poisson chances of loads, one from the one beside it. */
import { poissonPmf } from '../numbers.js';

/** The likeliest value of a Poisson variable within a window. */
export function nearest(mean: number, first: number, last: number): number {
  return Math.max(first, Math.min(last, Math.floor(mean)));
}

/** Poisson chances from `first` to `last`, each from the one beside it. */
export function poissonWindow(mean: number, first: number, last: number, relative = false): Float64Array {
  const chances = new Float64Array(Math.max(0, last - first + 1));
  if (chances.length === 0) return chances;
  const mode = nearest(mean, first, last);
  chances[mode - first] = relative ? 1 : poissonPmf(mean, mode);
  for (let k = mode + 1; k <= last; k++) chances[k - first] = ((chances[k - 1 - first] as number) * mean) / k;
  for (let k = mode; k > first; k--) chances[k - 1 - first] = ((chances[k - first] as number) * k) / mean;
  return chances;
}

/** Poisson chances of all groups at k, k + 1, …: each step follows from the one before it. */
export class PoissonRow {
  readonly #means: Float64Array;
  readonly #starts: Float64Array;
  readonly now: Float64Array;

  constructor(means: Float64Array) {
    this.#means = means;
    // What is below has no weight that counts.
    this.#starts = means.map((mean) => Math.max(0, Math.floor(mean - 12 * Math.sqrt(mean) - 12)));
    this.now = new Float64Array(means.length);
  }

  get first(): number {
    return Math.min(...this.#starts);
  }

  at(k: number): Float64Array {
    for (let group = 0; group < this.now.length; group++) {
      const start = this.#starts[group] as number;
      if (k < start) continue;
      const mean = this.#means[group] as number;
      this.now[group] = k === start ? poissonPmf(mean, k) : ((this.now[group] as number) * mean) / k;
    }
    return this.now;
  }
}

/** ln P(Poisson(n) = n), by Stirling's series, whose terms do not cancel. */
export function logAtMean(n: number): number {
  const square = 1 / (n * n);
  return -0.5 * Math.log(2 * Math.PI * n) - (1 / n) * (1 / 12 - square * (1 / 360 - square * (1 / 1260)));
}
