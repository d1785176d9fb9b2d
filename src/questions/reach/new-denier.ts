/** Who denies connections on one side of a change that the other side does not deny. */
import { compare, type Fraction, subtract } from '../../base/fraction.js';
import { addShare, NO_SHARE, type Share } from '../../probability/distribution.js';
import type { Outcome } from './reach-table.js';

/** Whose side denies, by which policies, and how in a sentence. */
export interface Denier {
  readonly direction: string;
  /** None: the network plugin denies by default. */
  readonly policies: readonly string[];
  readonly detail: string;
}

/** No name stands for what the network plugin denies by default. */
const namesOf = ({ policies = [] }: Outcome) => (policies.length === 0 ? [''] : policies);

const keyOf = ({ direction }: Outcome, policy: string) => `${direction} ${policy}`;

/** In how much of what is denied each policy has a part, by direction. */
function sharesOf(denied: readonly Outcome[]): ReadonlyMap<string, Share> {
  const found = new Map<string, Share>();
  for (const one of denied) {
    for (const policy of namesOf(one)) {
      const key = keyOf(one, policy);
      found.set(key, addShare(found.get(key) ?? NO_SHARE, one.share));
    }
  }
  return found;
}

/**
 * The policies that deny more among `more` than among `less`, of the direction that grows most: what was denied before
 * is not their doing. Both are outcomes that policies deny.
 */
export function newDenier(less: readonly Outcome[], more: readonly Outcome[]): Denier {
  const [was, is] = [sharesOf(less), sharesOf(more)];
  const growth = (key: string): Fraction =>
    subtract((is.get(key) ?? NO_SHARE).nominal, (was.get(key) ?? NO_SHARE).nominal);
  const largest = (one: Outcome): Fraction =>
    namesOf(one)
      .map((policy) => growth(keyOf(one, policy)))
      .reduce((a, b) => (compare(a, b) < 0 ? b : a));
  const [first] = [...more].sort(
    (a, b) => compare(largest(b), largest(a)) || compare(b.share.nominal, a.share.nominal),
  );
  if (first === undefined) return { direction: '', policies: [], detail: '' };
  const { direction = '', policies = [], end } = first;
  const grown = policies.filter((policy) => growth(keyOf(first, policy)).n > 0n);
  return { direction, policies: grown, detail: end.detail };
}
