/** Characteristic functions of groups of pods, and the one wanted coefficient of their product by a Fourier sum. */
import { isSmall } from './directly.js';
import { type PodGroup, podsIn } from './groups.js';
import { logAtMean } from './poisson.js';

/** Terms of the Fourier sum beyond this size play no part. */
export const LAST_TERM = Math.exp(-42);

/**
 * The angles of the Fourier sum that matter, and how many there are in the full circle. A Poisson variable that is cut
 * ends in a jump, so that its characteristic function falls no faster than 1/(θσ): for many pods together as a normal
 * law does, for a few much slower.
 */
function anglesOf(
  connections: number,
  groups: readonly PodGroup[],
): { readonly angles: readonly number[]; readonly points: number } {
  const points = Math.ceil(18 * Math.sqrt(connections)) + 80;
  const step = (2 * Math.PI) / points;
  const smallest = Math.min(...groups.map(({ share }) => share));
  const byJump = Math.exp(-Math.log(LAST_TERM) / podsIn(groups)) / Math.sqrt(connections * smallest);
  const byWidth = Math.sqrt((-4 * Math.log(LAST_TERM)) / connections);
  const last = Math.min(Math.PI, Math.max(byJump, byWidth));
  const angles: number[] = [];
  for (let index = 0; index <= points / 2 && index * step <= last + step; index++) angles.push(index * step);
  return { angles, points };
}

/** About how many terms the joint law of the most and least loaded pod takes: angles times values times groups. */
export function jointCost(connections: number, given: readonly PodGroup[]): number {
  const groups = given.filter(({ count, share }) => count > 0 && share > 0);
  if (connections === 0 || podsIn(groups) < 2 || isSmall(connections, groups)) return 0;
  const widest = Math.max(...groups.map(({ share }) => 24 * Math.sqrt(connections * share) + 24));
  return anglesOf(connections, groups).angles.length * Math.min(connections, widest) * groups.length;
}

/**
 * The characteristic functions of all groups at all angles, to which single terms are added, and what their product
 * gives.
 */
export class Transforms {
  readonly #groups: readonly PodGroup[];
  readonly #angles: readonly number[];
  readonly #factor: number;
  readonly #connections: number;
  readonly re: Float64Array;
  readonly im: Float64Array;
  readonly #cos: Float64Array;
  readonly #sin: Float64Array;

  constructor(connections: number, groups: readonly PodGroup[]) {
    const { angles, points } = anglesOf(connections, groups);
    this.#groups = groups;
    this.#angles = angles;
    this.#connections = connections;
    this.#factor = 1 / points / Math.exp(logAtMean(connections));
    this.re = new Float64Array(groups.length * angles.length);
    this.im = new Float64Array(groups.length * angles.length);
    this.#cos = new Float64Array(angles.length);
    this.#sin = new Float64Array(angles.length);
  }

  /** The whole Poisson variables: their characteristic functions have a closed form. */
  fill(means: Float64Array): void {
    for (let group = 0, at = 0; group < means.length; group++) {
      const mean = means[group] as number;
      for (const angle of this.#angles) {
        const damp = Math.exp(mean * (Math.cos(angle) - 1));
        this.re[at] = damp * Math.cos(mean * Math.sin(angle));
        this.im[at++] = damp * Math.sin(mean * Math.sin(angle));
      }
    }
  }

  /** Adds the term of value k to each group: its chance, with a sign. */
  add(k: number, chances: Float64Array, sign: 1 | -1): void {
    const terms = this.#angles.length;
    const [cos, sin, re, im] = [this.#cos, this.#sin, this.re, this.im];
    for (let term = 0; term < terms; term++) {
      const angle = (this.#angles[term] as number) * k;
      cos[term] = Math.cos(angle);
      sin[term] = Math.sin(angle);
    }
    for (let group = 0; group < chances.length; group++) {
      const chance = sign * (chances[group] as number);
      if (chance === 0) continue;
      const base = group * terms;
      for (let term = 0; term < terms; term++) {
        re[base + term] = (re[base + term] as number) + chance * (cos[term] as number);
        im[base + term] = (im[base + term] as number) + chance * (sin[term] as number);
      }
    }
  }

  /** The chance that the sum is the number of connections, given the whole ones' sum. */
  chance(): number {
    const terms = this.#angles.length;
    const { re, im } = this;
    let total = 0;
    for (let term = 0; term < terms; term++) {
      let a = 1;
      let b = 0;
      for (let group = 0, at = term; group < this.#groups.length; group++, at += terms) {
        let { count } = this.#groups[group] as PodGroup;
        let x = re[at] as number;
        let y = im[at] as number;
        // The power by squaring: a product for each binary digit.
        for (;;) {
          if (count % 2 === 1) {
            const next = a * x - b * y;
            b = a * y + b * x;
            a = next;
          }
          if (count < 2) break;
          count = Math.floor(count / 2);
          const squared = x * x - y * y;
          y = 2 * x * y;
          x = squared;
        }
      }
      const angle = (this.#angles[term] as number) * this.#connections;
      const part = a * Math.cos(angle) + b * Math.sin(angle);
      // Half a turn is its own mirror image: it counts once, other angles twice.
      const alone = term === 0 || this.#angles[term] === Math.PI;
      total += alone ? part : 2 * part;
    }
    return Math.min(1, Math.max(0, total * this.#factor));
  }
}
