/** The shares of one Service port in few numbers. */

import {
  add,
  compare,
  divide,
  type Fraction,
  formatFraction,
  fraction,
  isZero,
  multiply,
  toNumber,
  ZERO,
} from '../../base/fraction.js';
import { remember } from '../../base/remember.js';
import type { EndpointExtreme, EndpointRef, ExactShare, SweptShares } from '../../contract/answers.js';
import { addMasses, type Masses, type Tally } from './tally.js';

/** Endpoints that are alike: on one node, with one share. */
export interface Alike {
  readonly node: string;
  readonly zone: string;
  readonly share: Fraction;
  readonly count: number;
  /** The first of them in the order of answers, and where that is. */
  readonly first: string;
  readonly position: number;
}

function exactShare(share: Fraction): ExactShare {
  return { fraction: formatFraction(share), value: toNumber(share) };
}

function extreme(groups: readonly Alike[], sign: 1 | -1): EndpointExtreme | undefined {
  let best: Alike | undefined;
  let endpoints = 0;
  for (const group of groups) {
    const order = best === undefined ? 1 : sign * compare(group.share, best.share);
    if (order < 0) continue;
    endpoints = order > 0 ? group.count : endpoints + group.count;
    if (best === undefined || order > 0 || group.position < best.position) best = group;
  }
  return best === undefined ? undefined : { ...exactShare(best.share), endpoints, endpoint: best.first };
}

/** What the groups of one node or zone have: so many endpoints with one share and, rarely, others with another. */
interface Counted {
  readonly share: Fraction;
  count: number;
  others?: Map<Fraction, number>;
}

/** What nodes or zones get, in no order. */
function sumsBy(groups: readonly Alike[], key: 'node' | 'zone'): [string, Fraction][] {
  // Many nodes have the same: what a group adds is worked out once.
  const products = new Map<Fraction, Map<number, Fraction>>();
  const productOf = (share: Fraction, count: number): Fraction =>
    remember(
      remember(products, share, () => new Map<number, Fraction>()),
      count,
      () => multiply(share, fraction(count)),
    );
  const counts = new Map<string, Counted>();
  for (const group of groups) {
    const { share, count } = group;
    const own = counts.get(group[key]);
    if (own === undefined) counts.set(group[key], { share, count });
    else if (own.share === share) own.count += count;
    else {
      own.others ??= new Map();
      own.others.set(share, (own.others.get(share) ?? 0) + count);
    }
  }
  return [...counts].map(([name, { share, count, others = NONE }]): [string, Fraction] => {
    let total = productOf(share, count);
    for (const [other, number] of others) total = add(total, productOf(other, number));
    return [name, total];
  });
}

const NONE: ReadonlyMap<Fraction, number> = new Map();

/** What gets most; of several the first by name. */
function busiestOf(sums: readonly [string, Fraction][]): [string, Fraction] | undefined {
  let busiest: [string, Fraction] | undefined;
  for (const entry of sums) {
    const order = busiest === undefined ? 1 : entry[1] === busiest[1] ? 0 : compare(entry[1], busiest[1]);
    if (busiest === undefined || order > 0 || (order === 0 && entry[0] < busiest[0])) busiest = entry;
  }
  return busiest;
}

const groupsOf = new WeakMap<SweptShares, readonly Alike[]>();

/** The groups of endpoints that shares were summed up from; undefined for shares that were not made here. */
export function groupsIn(shares: SweptShares): readonly Alike[] | undefined {
  return groupsOf.get(shares);
}

/** Lets go of the groups of shares: an answer of a thousand points lives on, and they do not. */
export function forgetGroups(shares: SweptShares): void {
  groupsOf.delete(shares);
}

/** The same shares with more about them: they remember their groups. */
export function withMore(shares: SweptShares, more: Partial<SweptShares>): SweptShares {
  const result = { ...shares, ...more };
  const groups = groupsOf.get(shares);
  if (groups !== undefined) groupsOf.set(result, groups);
  return result;
}

/** `groups`: the endpoints that get connections. Groups with equal shares should have the same Fraction object. */
export function summarise(groups: readonly Alike[], masses: Masses): SweptShares {
  const endpoints = groups.reduce((sum, group) => sum + group.count, 0);
  const [delivered, dropped, rejected, unreachable, unknown] = masses;
  const largest = extreme(groups, 1);
  const smallest = extreme(groups, -1);
  const nodes = sumsBy(groups, 'node').filter(([node]) => node !== '');
  const busiest = busiestOf(nodes);
  const even = endpoints === 0 || isZero(delivered) ? undefined : multiply(delivered, fraction(1, endpoints));
  const top = groups.reduce((most, { share }) => (compare(share, most) > 0 ? share : most), ZERO);
  const shares: SweptShares = {
    endpoints,
    ...(largest === undefined || smallest === undefined || even === undefined
      ? {}
      : { largest, smallest, even: exactShare(even), imbalance: exactShare(divide(top, even)) }),
    nodes: {
      count: nodes.length,
      ...(busiest === undefined ? {} : { largest: { node: busiest[0], ...exactShare(busiest[1]) } }),
    },
    zones: sumsBy(groups, 'zone')
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([zone, share]) => ({ zone, share: exactShare(share) })),
    delivered: exactShare(delivered),
    dropped: exactShare(dropped),
    rejected: exactShare(rejected),
    unreachable: exactShare(unreachable),
    unknown: exactShare(unknown),
  };
  groupsOf.set(shares, groups);
  return shares;
}

/** Groups endpoints that have one node and one share; `endpoints` in the order of answers. */
class Grouping {
  readonly #groups = new Map<string, { -readonly [K in keyof Alike]: Alike[K] }>();
  readonly #numbers = new Map<Fraction, number>();
  #position = 0;

  add({ node = '', zone = '' }: EndpointRef, id: string, share: Fraction): void {
    const number = remember(this.#numbers, share, () => this.#numbers.size);
    const key = `${number} ${node} ${zone}`;
    const group = this.#groups.get(key);
    if (group !== undefined) group.count++;
    else this.#groups.set(key, { node, zone, share, count: 1, first: id, position: this.#position });
    this.#position++;
  }

  all(): readonly Alike[] {
    return [...this.#groups.values()];
  }
}

/** The summary of a tally. */
export function summaryOf({ endpoints, others }: Tally): SweptShares {
  const grouping = new Grouping();
  const shares = new Map<string, Fraction>();
  let masses = others;
  for (const { id, ref, masses: own } of endpoints) {
    masses = addMasses(masses, own);
    const [delivered] = own;
    if (isZero(delivered)) continue;
    const text = formatFraction(delivered);
    const share = shares.get(text) ?? delivered;
    shares.set(text, share);
    grouping.add(ref, id, share);
  }
  return summarise(grouping.all(), masses);
}
