/**
 * What n endpoints get once it is known what N got, where every client chooses among all of them alike.
 *
 * Every endpoint of such a Service port gets the same number of connections, 1/N of those that come to any. What
 * becomes of them there does not depend on how many others there are. So of n endpoints each has the fate that it had
 * among N, in a share of 1/n, and what came to no endpoint stays what it was. Only one cluster is walked for all of
 * that. Whether a port is of this kind shows in what was walked: its endpoints' sums must be equal.
 */

import { compare, type Fraction, formatFraction, fraction, isZero, multiply, sum } from '../../base/fraction.js';
import { remember } from '../../base/remember.js';
import type { SweptShares } from '../../contract/answers.js';
import { type Alike, summarise } from './summary.js';
import { addMasses, type EndpointTally, type Masses, type Tally } from './tally.js';

const scaled = (masses: Masses, factor: Fraction): Masses =>
  masses.map((share) => multiply(share, factor)) as unknown as Masses;

interface Fate {
  readonly masses: Masses;
}

/** Endpoints of one fate on one node. */
interface Group {
  readonly node: string;
  readonly zone: string;
  readonly fate: Fate;
}

export class EvenLaw {
  readonly #endpoints: readonly EndpointTally[];
  readonly #groups: readonly Group[];
  /** The group of each endpoint. */
  readonly #groupOf: Int32Array;
  readonly #others: Masses;

  private constructor(endpoints: readonly EndpointTally[], others: Masses) {
    const all = fraction(endpoints.length);
    const fates = new Map<string, Fate>();
    const groups = new Map<string, Group>();
    const numbers = new Map<Group, number>();
    this.#groupOf = Int32Array.from(endpoints, ({ masses, ref: { node = '', zone = '' } }) => {
      const own = scaled(masses, all);
      const text = own.map(formatFraction).join(' ');
      const fate = remember(fates, text, () => ({ masses: own }));
      const group = remember(groups, `${text} ${node} ${zone}`, () => ({ node, zone, fate }));
      return remember(numbers, group, () => numbers.size);
    });
    this.#endpoints = endpoints;
    this.#groups = [...numbers.keys()];
    this.#others = others;
  }

  /** The law that a walked cluster shows; undefined where its endpoints do not all get the same. */
  static shownBy({ endpoints, others }: Tally): EvenLaw | undefined {
    const [first] = endpoints;
    if (first === undefined) return undefined;
    const each = sum(first.masses);
    if (isZero(each) || endpoints.some(({ masses }) => compare(sum(masses), each) !== 0)) return undefined;
    return new EvenLaw(endpoints, others);
  }

  /** The shares where only these endpoints are there; undefined where none is, about which no law says anything. */
  sharesOf(isThere: (address: string) => boolean): SweptShares | undefined {
    const counts = new Int32Array(this.#groups.length);
    const firsts = new Int32Array(this.#groups.length).fill(-1);
    let there = 0;
    for (const [index, { address }] of this.#endpoints.entries()) {
      if (!isThere(address)) continue;
      const group = this.#groupOf[index] as number;
      if (counts[group] === 0) firsts[group] = index;
      counts[group] = (counts[group] as number) + 1;
      there++;
    }
    if (there === 0) return undefined;
    const byFate = new Map<Fate, number>();
    const shares = new Map<Fate, Fraction>();
    const alike: Alike[] = [];
    for (const [index, { node, zone, fate }] of this.#groups.entries()) {
      const count = counts[index] as number;
      if (count === 0) continue;
      byFate.set(fate, (byFate.get(fate) ?? 0) + count);
      const share = remember(shares, fate, () => multiply(fate.masses[0], fraction(1, there)));
      if (isZero(share)) continue;
      const position = firsts[index] as number;
      alike.push({ node, zone, share, count, first: this.#endpoints[position]?.id ?? '', position });
    }
    let masses = this.#others;
    for (const [fate, count] of byFate) masses = addMasses(masses, scaled(fate.masses, fraction(count, there)));
    return summarise(alike, masses);
  }
}
