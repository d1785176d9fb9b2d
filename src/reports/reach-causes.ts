/** What keeps pairs of a reach table from being delivered: who denies, what else loses them, and what is not known. */
import type { ReachPair } from '../contract/answers.js';
import { listed } from '../questions/summaries/sentence-parts.js';

/** What is behind several pairs. */
interface Behind {
  readonly name: string;
  readonly pairs: ReachPair[];
  /** The first of what it does, with the sentence that says so. */
  readonly first: { readonly detail: string };
}

/** A part of the pairs that are not delivered, with what is behind it, a sentence each. */
export interface NotDelivered {
  readonly title: string;
  readonly reasons: readonly string[];
}

type ReachCause = NonNullable<ReachPair['causes']>[number];

const isUnknown = ({ verdict }: ReachCause) => verdict === 'UNKNOWN';
const isDenied = (one: ReachCause) => one.cause === 'NETWORK_POLICY' && !isUnknown(one);

const policiesOf = ({ direction, policies = [] }: ReachCause) =>
  `${direction === 'EGRESS' ? 'egress' : 'ingress'} by ${listed(policies, 3)}`;
const deniersOf = ({ direction, policies = [] }: ReachCause) => `${direction} ${policies.join(' ')}`;
const causeOf = ({ cause, verdict }: ReachCause) => cause ?? verdict;

const PARTS: readonly {
  readonly title: string;
  readonly isMeant: (cause: ReachCause) => boolean;
  readonly nameOf: (cause: ReachCause) => string;
  /** Equal for causes that share a line. */
  readonly keyOf: (cause: ReachCause) => string;
}[] = [
  { title: 'Denied', isMeant: isDenied, nameOf: policiesOf, keyOf: deniersOf },
  { title: 'Lost', isMeant: (one) => !isUnknown(one) && !isDenied(one), nameOf: causeOf, keyOf: causeOf },
  { title: 'Not known', isMeant: isUnknown, nameOf: causeOf, keyOf: causeOf },
];

/** What is behind each part of the pairs that are not delivered, those first that are behind most pairs. */
export function notDelivered(pairs: readonly ReachPair[]): readonly NotDelivered[] {
  return PARTS.flatMap(({ title, isMeant, nameOf, keyOf }): NotDelivered[] => {
    const found = new Map<string, Behind>();
    for (const pair of pairs) {
      for (const first of pair.causes ?? []) {
        if (!isMeant(first)) continue;
        const known = found.get(keyOf(first)) ?? { name: nameOf(first), pairs: [], first };
        if (known.pairs.at(-1) !== pair) known.pairs.push(pair);
        found.set(keyOf(first), known);
      }
    }
    const sorted = [...found.values()].sort((a, b) => b.pairs.length - a.pairs.length);
    const reasons = sorted.map(
      ({ name, pairs: { length }, first: { detail } }) =>
        `${name}: ${length === 1 ? '1 pair' : `${length} pairs`}, as ${detail}`,
    );
    return reasons.length === 0 ? [] : [{ title, reasons }];
  });
}
