/** What becomes of the connections of each kind of entry to each kind of endpoint, read off a few walked entries. */
import { compare, type Fraction, fraction, isZero, sum, toNumber } from '../../../base/fraction.js';
import { remember } from '../../../base/remember.js';
import type { EntryClient } from '../../../probability/entry-clients.js';
import { type Masses, type Tally, times } from '../tally.js';
import type { Candidate } from './candidates.js';
import { type EndpointSets, NO_SET, SetNumbers, There, VIEWS, type View } from './choices.js';

/** Entries and endpoints at one number, and how to walk an entry to them. */
export interface Walks {
  readonly entries: readonly EntryClient[];
  readonly candidates: readonly Candidate[];
  /** What becomes of the connections of one entry, its shares summing to 1. */
  walk(entry: EntryClient): Tally;
}

/**
 * How entries take their candidates, and what becomes of connections, by {@link pairKey}, {@link emptyKey} and {@link
 * neverKey}.
 */
export interface Shown {
  readonly view: View;
  readonly fates: ReadonlyMap<string, Masses>;
}

const EMPTY = 'no candidate';
const NEVER = 'no endpoint';

/** Connections of an entry to an endpoint. */
export function pairKey(entry: string, endpoint: string, sameNode: boolean): string {
  return `${entry}|${endpoint}|${sameNode ? 'same node' : 'other node'}`;
}

/** Connections that come to an entry which has no candidate. */
export const emptyKey = (entry: string): string => `${EMPTY} ${entry}`;

/** Connections that come to no endpoint at an entry, though it has candidates: its node is down, say. */
export const neverKey = (entry: string): string => `${NEVER} ${entry}`;
export const isNeverKey = (key: string): boolean => key.startsWith(`${NEVER} `);

/**
 * What walks at the largest and the smallest number show; undefined where what is walked is not what any view gives.
 */
export function shownBy(most: Walks, least: Walks): Shown | undefined {
  const seen = [...seenIn(most), ...seenIn(least)];
  for (const view of VIEWS) {
    const fates = new Map<string, Masses>();
    const agrees = seen.every((one) => observe(fates, view, one));
    if (agrees && !contradicts(fates)) return { view, fates };
  }
  return undefined;
}

/** An entry that was walked, and the endpoints that were there. */
interface Seen {
  readonly entry: EntryClient;
  readonly numbers: SetNumbers;
  readonly there: There;
  readonly byId: ReadonlyMap<string, { readonly candidate: Candidate; readonly sets: EndpointSets }>;
  readonly tally: Tally;
}

function seenIn({ entries, candidates, walk }: Walks): readonly Seen[] {
  const numbers = new SetNumbers();
  const each = candidates.map((candidate) => ({ candidate, sets: numbers.ofEndpoint(candidate), count: 1 }));
  const there = new There(numbers, each);
  const byId = new Map(each.map((one) => [one.candidate.id, one]));
  return representatives(entries, candidates).map((entry) => ({ entry, numbers, there, byId, tally: walk(entry) }));
}

/**
 * Entries that meet every kind of pair: for each kind of entry one without an endpoint of its own, and two, on
 * different nodes, with one of each kind.
 */
function representatives(entries: readonly EntryClient[], endpoints: readonly Candidate[]): readonly EntryClient[] {
  const kinds = new Map<string, Set<string>>();
  for (const { node, likeness } of endpoints) remember(kinds, node, () => new Set<string>()).add(likeness);
  const met = new Map<string, number>();
  return entries.filter(({ node, likeness }) => {
    let wanted = false;
    for (const kind of kinds.get(node) ?? [EMPTY]) {
      const key = `${likeness}|${kind}`;
      const count = met.get(key) ?? 0;
      if (count >= 2) continue;
      met.set(key, count + 1);
      wanted = true;
    }
    return wanted;
  });
}

/** Whether entries of one kind come to endpoints, and others of the same kind do not. */
function contradicts(fates: ReadonlyMap<string, Masses>): boolean {
  const keys = [...fates.keys()];
  return keys.some((key) => {
    if (!key.startsWith(NEVER)) return false;
    const likeness = key.slice(NEVER.length + 1);
    return fates.has(emptyKey(likeness)) || keys.some((other) => other.startsWith(`${likeness}|`));
  });
}

/**
 * Notes what was walked of an entry; false where it is not what the view gives, or contradicts what was noted before.
 */
function observe(fates: Map<string, Masses>, view: View, { entry, numbers, there, byId, tally }: Seen): boolean {
  const { endpoints, others } = tally;
  const set = there.setOf(view, numbers.ofEntry(entry));
  const note = (key: string, fate: Masses): boolean => {
    const known = remember(fates, key, () => fate);
    return known.every((share, index) => compare(share, fate[index] as Fraction) === 0);
  };
  if (set === NO_SET) return endpoints.length === 0 && note(emptyKey(entry.likeness), others);
  if (endpoints.length === 0) return note(neverKey(entry.likeness), others);
  if (endpoints.length !== there.sizeOf(set) || others.some((share) => !isZero(share))) return false;
  const all = fraction(there.sizeOf(set));
  return endpoints.every(({ id, masses }) => {
    const found = byId.get(id);
    if (found === undefined || !found.sets.all.includes(set)) return false;
    const { candidate } = found;
    const fate = times(masses, all);
    if (toNumber(sum(fate)) !== 1) return false;
    return note(
      pairKey(entry.likeness, candidate.likeness, candidate.node !== '' && candidate.node === entry.node),
      fate,
    );
  });
}
