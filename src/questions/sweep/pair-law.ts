/**
 * What n endpoints get where entries (the nodes of clients, or the backends of a load balancer) choose among different ones: under
 * policy Local, hints of zones or nodes, and behind load balancers.
 *
 * A connection comes in at an entry, which takes each of its candidates alike. What becomes of it depends on what the entry and the
 * endpoint are like, and on whether they are on one node, and on nothing else. So a few entries are walked to the largest number of
 * endpoints, and every other number is added up: of each entry its weight, its candidates, and the fate of each pair. Whether a
 * Service port is of this kind shows in what was walked.
 */
import { joinHostPort } from '../../base/address.js';
import {
  add,
  compare,
  type Fraction,
  FractionSum,
  formatFraction,
  fraction,
  isZero,
  multiply,
  sum,
  toNumber,
  ZERO,
} from '../../base/fraction.js';
import { remember } from '../../base/remember.js';
import { policiesOf } from '../../cluster/network-policies.js';
import type { SweptShares } from '../../contract/answers.js';
import type { Fabric } from '../../path/fabric.js';
import { podClass } from '../../policies/pod-class.js';
import type { EntryClient } from '../../probability/entry-clients.js';
import type { ProxyEndpoint } from '../../proxy/service-port.js';
import { receiverRef } from '../path/trace.js';
import { type Alike, summarise } from './summary.js';
import { addMasses, type Masses, NO_MASSES, type Tally } from './tally.js';

/** An endpoint that may be chosen, in the order in which answers list them. */
interface Candidate {
  readonly id: string;
  readonly address: string;
  /** Where it runs; '' outside of every node. */
  readonly node: string;
  /** As answers name them; '' where they do not. */
  readonly nodeRef: string;
  readonly zone: string;
  readonly zoneHints: readonly string[];
  readonly nodeHints: readonly string[];
  /** Equal for endpoints that nothing but their places and hints tells apart. */
  readonly likeness: string;
}

/** How an entry takes its candidates: all, those of its node, or those that hints name for it. */
type View = 'ALL' | 'NODE' | 'ZONE_HINTS' | 'HINTS';
const VIEWS: readonly View[] = ['ALL', 'ZONE_HINTS', 'HINTS', 'NODE'];

/** The endpoints that are there at one point, as entries look for them. */
class There {
  readonly count: number;
  readonly byNode = new Map<string, number>();
  readonly #byZoneHint = new Map<string, number>();
  readonly #byNodeHint = new Map<string, number>();
  readonly #allZoneHinted: boolean;
  readonly #allNodeHinted: boolean;

  /** `endpoints`: one of each kind, with how many of them are there. */
  constructor(endpoints: Iterable<{ readonly like: Candidate; readonly count: number }>) {
    const add = (map: Map<string, number>, key: string, count: number) => map.set(key, (map.get(key) ?? 0) + count);
    let all = 0;
    let zoned = true;
    let noded = true;
    for (const { like, count } of endpoints) {
      if (count === 0) continue;
      const { node, zoneHints, nodeHints } = like;
      all += count;
      add(this.byNode, node, count);
      for (const zone of zoneHints) add(this.#byZoneHint, zone, count);
      for (const name of nodeHints) add(this.#byNodeHint, name, count);
      zoned &&= zoneHints.length > 0;
      noded &&= nodeHints.length > 0;
    }
    this.count = all;
    this.#allZoneHinted = zoned;
    this.#allNodeHinted = noded;
  }

  /** What an entry chooses among, as a name, and how many endpoints that are; undefined where it has none. */
  setOf(view: View, { node, zone }: Pick<EntryClient, 'node' | 'zone'>): { name: string; size: number } | undefined {
    if (view === 'NODE') {
      const size = this.byNode.get(node);
      return size === undefined ? undefined : { name: `node ${node}`, size };
    }
    if (view === 'HINTS' && this.#allNodeHinted) {
      const size = this.#byNodeHint.get(node);
      if (size !== undefined) return { name: `hint ${node}`, size };
    }
    if (view !== 'ALL' && this.#allZoneHinted && zone !== '') {
      const size = this.#byZoneHint.get(zone);
      if (size !== undefined) return { name: `zone ${zone}`, size };
    }
    return this.count === 0 ? undefined : { name: 'all', size: this.count };
  }
}

/** The names of the sets that an endpoint is in. */
function setsWith({ node, zoneHints, nodeHints }: Candidate): readonly string[] {
  return [
    'all',
    `node ${node}`,
    ...zoneHints.map((zone) => `zone ${zone}`),
    ...nodeHints.map((name) => `hint ${name}`),
  ];
}

const times = (masses: Masses, factor: Fraction): Masses =>
  masses.map((share) => multiply(share, factor)) as unknown as Masses;

const EMPTY = 'no candidate';
/** What becomes of connections that come to no endpoint at an entry, though it has candidates: its node is down, say. */
const NEVER = 'no endpoint';

/** What of the delivered connections leaves its node and its zone, as parts of all connections. */
export interface Leaving {
  readonly crossNode: number;
  /** Undefined where a zone is not known. */
  readonly crossZone: number | undefined;
}

/** Entries alike in one set, by their weights. */
interface Part {
  readonly likeness: string;
  readonly zone: string;
  readonly weight: Fraction;
}

interface PartSum extends Omit<Part, 'weight'> {
  readonly sum: FractionSum;
}

/** An entry on a node, and the set that it chooses from. */
interface EntryOnNode {
  readonly entry: EntryClient;
  readonly set: string;
  /** Its weight. */
  readonly text: string;
}

const NO_ENTRIES: readonly EntryOnNode[] = [];

interface SetOfEntries {
  readonly size: number;
  readonly parts: readonly Part[];
  /** Equal for sets whose endpoints get the same: so many of them, for entries alike with the same weights. */
  readonly text: string;
}

function setOfEntries(size: number, sums: readonly PartSum[]): SetOfEntries {
  const parts = sums.map(({ likeness, zone, sum }): Part => ({ likeness, zone, weight: sum.value }));
  const texts = parts.map(({ likeness, weight }) => `${likeness}=${formatFraction(weight)}`);
  return { size, parts, text: `${size} ${texts.join(' ')}` };
}

/** Walks one entry to the endpoints that are there; part of what a law is shown by. */
export interface Walks {
  /** What becomes of the connections of one entry, its shares summing to 1. */
  walk(entry: EntryClient): Tally;
}

/** Endpoints that nothing tells apart: on one node, alike, with the same hints. */
interface Cell {
  readonly like: Candidate;
  readonly sets: readonly string[];
  /** A short text for its likeness and sets. */
  readonly text: string;
}

export class PairLaw {
  readonly #endpoints: readonly Candidate[];
  readonly #cells: readonly Cell[];
  /** The cell of each endpoint. */
  readonly #cellOf: Int32Array;
  readonly #view: View;
  readonly #fates: ReadonlyMap<string, Masses>;

  private constructor(endpoints: readonly Candidate[], view: View, fates: ReadonlyMap<string, Masses>) {
    this.#endpoints = endpoints;
    const cells = new Map<string, number>();
    const kinds = new Map<string, string>();
    const found: Cell[] = [];
    this.#cellOf = Int32Array.from(endpoints, (like) => {
      const sets = setsWith(like);
      // Which sets get the same is decided at each point, by who chooses from them.
      const kind = `${like.likeness}|${like.zone}|${like.node === ''}`;
      const place = `${kind}|${sets.join(',')}`;
      return remember(cells, `${place}|${like.node}|${like.nodeRef}`, () => {
        const text = remember(kinds, kind, () => `${kinds.size}`);
        return found.push({ like, sets, text }) - 1;
      });
    });
    this.#cells = found;
    this.#view = view;
    this.#fates = fates;
  }

  /**
   * The law that a few walked entries show; undefined where what is walked is not what any view gives. `most` and `least`: the
   * entries and endpoints at the largest and the smallest number, and how to walk them there.
   */
  static shownBy(
    candidates: readonly Candidate[],
    most: Walks & { readonly entries: readonly EntryClient[] },
    least: Walks & { readonly entries: readonly EntryClient[]; readonly isThere: (address: string) => boolean },
  ): PairLaw | undefined {
    const seen: { readonly entry: EntryClient; readonly there: There; readonly tally: Tally }[] = [];
    const every = new There(candidates.map((like) => ({ like, count: 1 })));
    for (const entry of representatives(most.entries, candidates)) {
      seen.push({ entry, there: every, tally: most.walk(entry) });
    }
    const first = candidates.filter(({ address }) => least.isThere(address));
    const few = new There(first.map((like) => ({ like, count: 1 })));
    for (const entry of representatives(least.entries, first)) {
      seen.push({ entry, there: few, tally: least.walk(entry) });
    }
    const byId = new Map(candidates.map((candidate) => [candidate.id, candidate]));
    for (const view of VIEWS) {
      const fates = new Map<string, Masses>();
      const agrees = seen.every(({ entry, there, tally }) => observe(fates, byId, view, entry, there, tally));
      if (agrees && !contradicts(fates)) return new PairLaw(candidates, view, fates);
    }
    return undefined;
  }

  /**
   * The shares where only these endpoints are there, for connections that come in at these entries; undefined where none is there, or
   * where a pair is met that was not walked.
   */
  sharesOf(
    isThere: (address: string) => boolean,
    entries: readonly EntryClient[],
  ): { readonly shares: SweptShares; readonly leaving: Leaving } | undefined {
    const counts = new Int32Array(this.#cells.length);
    const firsts = new Int32Array(this.#cells.length).fill(-1);
    for (const [index, { address }] of this.#endpoints.entries()) {
      if (!isThere(address)) continue;
      const cell = this.#cellOf[index] as number;
      if (counts[cell] === 0) firsts[cell] = index;
      counts[cell] = (counts[cell] as number) + 1;
    }
    const there = new There(this.#cells.map(({ like }, cell) => ({ like, count: counts[cell] as number })));
    if (there.count === 0) return undefined;
    const joined = new Map<string, { readonly size: number; readonly parts: Map<string, PartSum> }>();
    const onNode = new Map<string, EntryOnNode[]>();
    const texts = new Map<Fraction, string>();
    /** The weights of entries from which nothing comes to an endpoint, by what becomes of it. */
    const without = new Map<Masses, FractionSum>();
    for (const entry of entries) {
      const never = this.#fates.get(`${NEVER} ${entry.likeness}`);
      const set = never === undefined ? there.setOf(this.#view, entry) : undefined;
      if (set === undefined) {
        const fate = never ?? this.#fates.get(`${EMPTY} ${entry.likeness}`);
        if (fate === undefined) return undefined;
        remember(without, fate, () => new FractionSum()).add(entry.weight);
        continue;
      }
      const { parts } = remember(joined, set.name, () => ({ size: set.size, parts: new Map<string, PartSum>() }));
      const { likeness, zone, weight, node } = entry;
      const part = remember(parts, likeness, (): PartSum => ({ likeness, zone, sum: new FractionSum() }));
      part.sum.add(weight);
      const text = remember(texts, weight, () => formatFraction(weight));
      remember(onNode, node, (): EntryOnNode[] => []).push({
        entry,
        set: set.name,
        text,
      });
    }
    const sets = new Map([...joined].map(([name, { size, parts }]) => [name, setOfEntries(size, [...parts.values()])]));
    let masses = NO_MASSES;
    for (const [fate, weight] of without) masses = addMasses(masses, times(fate, weight.value));
    const known = new Map<string, Pair | undefined>();
    const groups: (Alike & { readonly pair: Pair })[] = [];
    for (const [cell, { like, sets: all, text }] of this.#cells.entries()) {
      const count = counts[cell] as number;
      if (count === 0) continue;
      const own = onNode.get(like.node) ?? NO_ENTRIES;
      const inSets = all.filter((name) => sets.has(name));
      let key = text;
      for (const name of inSets) key += `,${(sets.get(name) as SetOfEntries).text}`;
      for (const { entry, set, text: weight } of own) key += `;${inSets.indexOf(set)} ${entry.likeness} ${weight}`;
      const pair = remember(known, key, () => this.#pairOf(like, inSets, sets, own));
      if (pair === undefined) return undefined;
      const position = firsts[cell] as number;
      const first = this.#endpoints[position]?.id ?? '';
      groups.push({ node: like.nodeRef, zone: like.zone, share: pair.masses[0], count, first, position, pair });
    }
    let [crossNode, crossZone]: [number, number | undefined] = [0, 0];
    const totals = new Map<Pair, number>();
    for (const { pair, count } of groups) {
      totals.set(pair, (totals.get(pair) ?? 0) + count);
      crossNode += count * pair.crossNode;
      crossZone =
        crossZone === undefined || pair.crossZone === undefined ? undefined : crossZone + count * pair.crossZone;
    }
    for (const [pair, count] of totals) masses = addMasses(masses, times(pair.masses, fraction(count)));
    const reached = groups.filter(({ share }) => !isZero(share));
    return { shares: summarise(oneFractionEach(reached), masses), leaving: { crossNode, crossZone } };
  }

  /** What one endpoint gets of all entries; undefined where one of them was not walked to one like it. */
  #pairOf(
    { node, zone, likeness }: Candidate,
    inSets: readonly string[],
    sets: ReadonlyMap<string, SetOfEntries>,
    own: readonly { readonly entry: EntryClient; readonly set: string }[],
  ): Pair | undefined {
    let masses = NO_MASSES;
    let [away, otherZone]: [Fraction, Fraction] = [ZERO, ZERO];
    let zonesKnown = true;
    for (const name of inSets) {
      const { size, parts } = sets.get(name) as SetOfEntries;
      const each = fraction(1, size);
      const near = own.filter(({ set }) => set === name).map(({ entry }) => entry);
      for (const part of parts) {
        const here = near.filter((entry) => entry.likeness === part.likeness).map(({ weight }) => weight);
        const there = here.length === 0 ? part.weight : remaining(part.weight, sum(here));
        let delivered = ZERO;
        for (const [weight, place] of [
          [there, 'OTHER'],
          [sum(here), 'SAME'],
        ] as const) {
          if (isZero(weight)) continue;
          const fate = this.#fates.get(pairKey(part.likeness, likeness, place === 'SAME'));
          if (fate === undefined) return undefined;
          const got = times(fate, multiply(weight, each));
          masses = addMasses(masses, got);
          delivered = add(delivered, got[0]);
          if (place === 'OTHER') away = add(away, got[0]);
        }
        if (isZero(delivered) || node === '') continue;
        if (part.zone === '' || zone === '') zonesKnown = false;
        else if (part.zone !== zone) otherZone = add(otherZone, delivered);
      }
    }
    return {
      masses,
      crossNode: node === '' ? 0 : toNumber(away),
      crossZone: zonesKnown ? toNumber(otherZone) : undefined,
    };
  }
}

/** What becomes of the connections of all entries to one endpoint. */
interface Pair {
  readonly masses: Masses;
  readonly crossNode: number;
  readonly crossZone: number | undefined;
}

/** What is left of a weight. */
function remaining(all: Fraction, taken: Fraction): Fraction {
  return fraction(all.n * taken.d - taken.n * all.d, all.d * taken.d);
}

/** The same groups; equal shares are one Fraction, as summaries want them. */
function oneFractionEach(groups: readonly Alike[]): readonly Alike[] {
  const known = new Map<string, Fraction>();
  const texts = new Map<Fraction, string>();
  return groups.map(({ node, zone, share, count, first, position }) => ({
    ...{ node, zone, count, first, position },
    share: remember(
      known,
      remember(texts, share, () => formatFraction(share)),
      () => share,
    ),
  }));
}

function pairKey(entry: string, endpoint: string, sameNode: boolean): string {
  return `${entry}|${endpoint}|${sameNode ? 'same node' : 'other node'}`;
}

/**
 * Entries that meet every kind of pair: for each kind of entry one without an endpoint of its own, and two, on different nodes, with one
 * of each kind.
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
    return fates.has(`${EMPTY} ${likeness}`) || keys.some((other) => other.startsWith(`${likeness}|`));
  });
}

/** Notes what was walked of an entry; false where it is not what the view gives, or contradicts what was noted before. */
function observe(
  fates: Map<string, Masses>,
  byId: ReadonlyMap<string, Candidate>,
  view: View,
  entry: EntryClient,
  there: There,
  { endpoints, others }: Tally,
): boolean {
  const set = there.setOf(view, entry);
  const note = (key: string, fate: Masses): boolean => {
    const known = remember(fates, key, () => fate);
    return known.every((share, index) => compare(share, fate[index] as Fraction) === 0);
  };
  if (set === undefined) return endpoints.length === 0 && note(`${EMPTY} ${entry.likeness}`, others);
  if (endpoints.length === 0) return note(`${NEVER} ${entry.likeness}`, others);
  if (endpoints.length !== set.size || others.some((share) => !isZero(share))) return false;
  const all = fraction(set.size);
  return endpoints.every(({ id, masses }) => {
    const candidate = byId.get(id);
    if (candidate === undefined || !setsWith(candidate).includes(set.name)) return false;
    const fate = times(masses, all);
    if (toNumber(sum(fate)) !== 1) return false;
    return note(
      pairKey(entry.likeness, candidate.likeness, candidate.node !== '' && candidate.node === entry.node),
      fate,
    );
  });
}

/** The endpoints of a Service port that may be chosen, in the order of answers; undefined where one of them is not ready. */
export function candidatesOf(
  fabric: Fabric,
  endpoints: readonly ProxyEndpoint[],
  likenessOfNode: (node: string) => string,
): readonly Candidate[] | undefined {
  if (endpoints.some(({ ready }) => !ready)) return undefined;
  const policed = policiesOf(fabric.cluster).length > 0;
  const keyed = endpoints.map(({ address, port, node, pod, zoneHints, nodeHints }) => {
    const place = fabric.places.locate(address);
    const object = pod === undefined ? undefined : fabric.cluster.pods.get(pod);
    const where = 'node' in place ? place.node : '';
    // As whoever gets the packet is named: by where the address is.
    const named = place.kind === 'POD' && place.pod !== undefined ? { pod: place.pod } : {};
    const ref = receiverRef(fabric, {
      address,
      port,
      endpoint: true,
      ...named,
      ...(where === '' ? {} : { node: where }),
    });
    const policy = !policed ? '' : object === undefined ? address : podClass(fabric.cluster, object);
    const likeness = `${where === '' ? address : likenessOfNode(where)} ${place.kind} ${policy}`;
    return {
      key: `${address} ${port}`,
      candidate: {
        ...{ id: joinHostPort(address, port), address, node: where, likeness, zoneHints, nodeHints },
        nodeRef: ref.node ?? '',
        zone: ref.zone ?? '',
      },
      declared: node,
    };
  });
  // Rules go by the node that a slice names, packets by where the address is.
  if (keyed.some(({ declared, candidate: { node } }) => declared !== node)) return undefined;
  return keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ candidate }) => candidate);
}
