/**
 * What n endpoints get where entries (the nodes of clients, or the backends of a load balancer) choose among different
 * ones: under policy Local, hints of zones or nodes, and behind load balancers.
 *
 * A connection comes in at an entry, which takes each of its candidates alike. What becomes of it depends on what the
 * entry and the endpoint are like, and on whether they are on one node, and on nothing else. So a few entries are
 * walked to the largest number of endpoints, and every other number is added up: of each entry its weight, its
 * candidates, and the fate of each pair. Whether a Service port is of this kind shows in what was walked.
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
export interface Candidate {
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

/**
 * How an entry takes its candidates: all, those of its node (IPVS: of every node, where its own has none), or those
 * that hints name for it.
 */
type View = 'ALL' | 'NODE' | 'NODE_OR_ALL' | 'ZONE_HINTS' | 'HINTS';
const VIEWS: readonly View[] = ['ALL', 'ZONE_HINTS', 'HINTS', 'NODE', 'NODE_OR_ALL'];

interface SetNames {
  readonly node: string;
  readonly hint: string;
  readonly zone: string;
}

const setNames = new WeakMap<EntryClient, SetNames>();

/** The sets that an entry may choose from, but for all endpoints. */
function namesOf(entry: EntryClient): SetNames {
  return remember(setNames, entry, () => ({
    node: `node ${entry.node}`,
    hint: `hint ${entry.node}`,
    zone: `zone ${entry.zone}`,
  }));
}

/** The endpoints that are there at one point, as entries look for them. */
class There {
  readonly count: number;
  readonly byNode = new Map<string, number>();
  readonly #byZoneHint = new Map<string, number>();
  readonly #byNodeHint = new Map<string, number>();
  readonly #allZoneHinted: boolean;
  readonly #allNodeHinted: boolean;

  /** `likes`: one endpoint of each kind; `countOf`: how many of the kind at a place are there. */
  constructor(likes: readonly Candidate[], countOf: (place: number) => number) {
    const add = (map: Map<string, number>, key: string, count: number) => map.set(key, (map.get(key) ?? 0) + count);
    let all = 0;
    let zoned = true;
    let noded = true;
    for (const [place, { node, zoneHints, nodeHints }] of likes.entries()) {
      const count = countOf(place);
      if (count === 0) continue;
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

  /** The name of what an entry chooses among, and how many endpoints that are; undefined where it has none. */
  setOf(view: View, entry: EntryClient): { readonly name: string; readonly size: number } | undefined {
    const { node, zone } = entry;
    if (view === 'NODE' || view === 'NODE_OR_ALL') {
      const size = this.byNode.get(node);
      if (size !== undefined) return { name: namesOf(entry).node, size };
      return view === 'NODE' || this.count === 0 ? undefined : { name: 'all', size: this.count };
    }
    if (view === 'HINTS' && this.#allNodeHinted) {
      const size = this.#byNodeHint.get(node);
      if (size !== undefined) return { name: namesOf(entry).hint, size };
    }
    if (view !== 'ALL' && this.#allZoneHinted && zone !== '') {
      const size = this.#byZoneHint.get(zone);
      if (size !== undefined) return { name: namesOf(entry).zone, size };
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

/** So many pairs are remembered over points. */
const MOST_PAIRS = 20_000;

const EMPTY = 'no candidate';
/**
 * What becomes of connections that come to no endpoint at an entry, though it has candidates: its node is down, say.
 */
const NEVER = 'no endpoint';

/** What of the delivered connections leaves its node and its zone, as parts of all connections. */
export interface Leaving {
  readonly crossNode: number;
  /** Undefined where a zone is not known. */
  readonly crossZone: number | undefined;
}

/** An entry of a point, and the endpoints that it may choose: their numbers, and what each gets of all connections. */
export interface EntryPods {
  readonly weight: number;
  readonly pods: readonly number[];
  readonly shares: readonly number[];
}

/** Entries and endpoints of a point are put together up to so many. */
const MOST_ENTRY_PODS = 4000;

/** Entries alike, with one weight: as many of them as there are come to the same. */
interface EntryKind {
  readonly likeness: string;
  readonly zone: string;
  readonly weight: Fraction;
  readonly number: number;
}

/** Entries alike in one set, by their weights. */
interface Part {
  readonly likeness: string;
  readonly zone: string;
  readonly weight: Fraction;
}

/** The entries of a point: the kind of each, and those on each node by their places. */
interface KnownEntries {
  readonly kinds: readonly EntryKind[];
  readonly onNode: ReadonlyMap<string, readonly number[]>;
}

interface SetOfEntries {
  readonly size: number;
  readonly parts: readonly Part[];
  /** Equal for sets whose endpoints get the same: so many of them, for entries alike with the same weights. */
  readonly text: string;
}

const NO_PLACES: readonly number[] = [];

/** The kinds of a set's entries, with how many there are of each, as a text. */
function textOfKinds(numbers: number[]): string {
  if (numbers.length === 1) return `${numbers[0]}`;
  numbers.sort((a, b) => a - b);
  let text = '';
  for (let from = 0; from < numbers.length; ) {
    let to = from + 1;
    while (to < numbers.length && numbers[to] === numbers[from]) to++;
    text += `${numbers[from]}*${to - from} `;
    from = to;
  }
  return text;
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

/** What is remembered over points. */
class Memory {
  readonly entryKinds = new Map<string, EntryKind>();
  readonly entries = new WeakMap<readonly EntryClient[], KnownEntries>();
  /** What sets of entries come to, by their kinds; numbers stand for them in other texts. */
  readonly parts = new Map<string, { readonly parts: readonly Part[]; readonly number: number }>();
  readonly pairs = new Map<string, Pair | undefined>();
  /** Kinds of cells by short texts. */
  readonly #cellKinds = new Map<string, string>();
  readonly #cells = new WeakMap<Candidate, Pick<Cell, 'sets' | 'text'> & { readonly key: string }>();

  /** The cell of an endpoint: equal keys for those of one cell. */
  cellOf(like: Candidate): Pick<Cell, 'sets' | 'text'> & { readonly key: string } {
    return remember(this.#cells, like, () => {
      const sets = setsWith(like);
      // Which sets get the same is decided at each point, by who chooses from them.
      const kind = `${like.likeness}|${like.zone}|${like.node === ''}`;
      const text = remember(this.#cellKinds, kind, () => `${this.#cellKinds.size}`);
      return { sets, text, key: `${kind}|${sets.join(',')}|${like.node}|${like.nodeRef}` };
    });
  }
}

export class PairLaw {
  readonly #endpoints: readonly Candidate[];
  readonly #cells: readonly Cell[];
  /** The cell of each endpoint. */
  readonly #cellOf: Int32Array;
  readonly #view: View;
  readonly #fates: ReadonlyMap<string, Masses>;
  readonly #likes: readonly Candidate[];
  readonly #memory: Memory;

  private constructor(
    endpoints: readonly Candidate[],
    view: View,
    fates: ReadonlyMap<string, Masses>,
    memory = new Memory(),
  ) {
    this.#endpoints = endpoints;
    this.#memory = memory;
    const cells = new Map<string, number>();
    const found: Cell[] = [];
    this.#cellOf = Int32Array.from(endpoints, (like) => {
      const { sets, text, key } = this.#memory.cellOf(like);
      return remember(cells, key, () => found.push({ like, sets, text }) - 1);
    });
    this.#cells = found;
    this.#likes = found.map(({ like }) => like);
    this.#view = view;
    this.#fates = fates;
  }

  /**
   * The law that a few walked entries show; undefined where what is walked is not what any view gives. `most` and
   * `least`: the entries and endpoints at the largest and the smallest number, and how to walk them there.
   */
  static shownBy(
    most: Walks & { readonly entries: readonly EntryClient[]; readonly candidates: readonly Candidate[] },
    least: Walks & { readonly entries: readonly EntryClient[]; readonly candidates: readonly Candidate[] },
  ): PairLaw | undefined {
    const { candidates } = most;
    const seen: { readonly entry: EntryClient; readonly there: There; readonly tally: Tally }[] = [];
    const every = new There(candidates, () => 1);
    for (const entry of representatives(most.entries, candidates)) {
      seen.push({ entry, there: every, tally: most.walk(entry) });
    }
    const few = new There(least.candidates, () => 1);
    for (const entry of representatives(least.entries, least.candidates)) {
      seen.push({ entry, there: few, tally: least.walk(entry) });
    }
    const idsOf = (some: readonly Candidate[]) => new Map(some.map((candidate) => [candidate.id, candidate]));
    const [ofMost, ofLeast] = [idsOf(candidates), idsOf(least.candidates)];
    for (const view of VIEWS) {
      const fates = new Map<string, Masses>();
      const agrees = seen.every(({ entry, there, tally }) =>
        observe(fates, there === few ? ofLeast : ofMost, view, entry, there, tally),
      );
      if (agrees && !contradicts(fates)) return new PairLaw(candidates, view, fates);
    }
    return undefined;
  }

  /** The same law where other endpoints, or the same with other hints, are there. */
  among(candidates: readonly Candidate[]): PairLaw {
    return new PairLaw(candidates, this.#view, this.#fates, this.#memory);
  }

  /**
   * The shares where only these endpoints are there, for connections that come in at these entries; undefined where
   * none is there, or where a pair is met that was not walked.
   */
  sharesOf(
    isThere: (address: string) => boolean,
    entries: readonly EntryClient[],
  ):
    | {
        readonly shares: SweptShares;
        readonly leaving: Leaving;
        /** Who chooses among which endpoints; undefined where these are too many. */
        entryPods(): readonly EntryPods[] | undefined;
      }
    | undefined {
    const counts = new Int32Array(this.#cells.length);
    const firsts = new Int32Array(this.#cells.length).fill(-1);
    for (const [index, { address }] of this.#endpoints.entries()) {
      if (!isThere(address)) continue;
      const cell = this.#cellOf[index] as number;
      if (counts[cell] === 0) firsts[cell] = index;
      counts[cell] = (counts[cell] as number) + 1;
    }
    const there = new There(this.#likes, (cell) => counts[cell] as number);
    if (there.count === 0) return undefined;
    const { kinds, onNode } = this.#known(entries);
    const joined = new Map<string, { readonly size: number; readonly members: number[] }>();
    const setOf = new Array<string>(entries.length);
    /** The weights of entries from which nothing comes to an endpoint, by what becomes of it. */
    const without = new Map<Masses, FractionSum>();
    for (const [place, entry] of entries.entries()) {
      const never = this.#fates.get(`${NEVER} ${entry.likeness}`);
      const set = never === undefined ? there.setOf(this.#view, entry) : undefined;
      if (set === undefined) {
        const fate = never ?? this.#fates.get(`${EMPTY} ${entry.likeness}`);
        if (fate === undefined) return undefined;
        remember(without, fate, () => new FractionSum()).add(entry.weight);
        continue;
      }
      setOf[place] = set.name;
      const { number } = kinds[place] as EntryKind;
      const known = joined.get(set.name);
      if (known === undefined) joined.set(set.name, { size: set.size, members: [number] });
      else known.members.push(number);
    }
    const sets = new Map<string, SetOfEntries>();
    for (const [name, { size, members }] of joined) sets.set(name, this.#setOfEntries(size, members));
    let masses = NO_MASSES;
    for (const [fate, weight] of without) masses = addMasses(masses, times(fate, weight.value));
    const groups: (Alike & { readonly pair: Pair })[] = [];
    for (const [cell, { like, sets: all, text }] of this.#cells.entries()) {
      const count = counts[cell] as number;
      if (count === 0) continue;
      const inSets = all.filter((name) => sets.has(name));
      let key = text;
      for (const name of inSets) key += `,${(sets.get(name) as SetOfEntries).text}`;
      const own = onNode.get(like.node) ?? NO_PLACES;
      for (const place of own) {
        const set = setOf[place];
        if (set !== undefined) key += `;${inSets.indexOf(set)} ${(kinds[place] as EntryKind).number}`;
      }
      const pair = remember(this.#memory.pairs, key, () => {
        const near = own.flatMap((place) => {
          const set = setOf[place];
          return set === undefined ? [] : [{ entry: entries[place] as EntryClient, set }];
        });
        return this.#pairOf(like, inSets, sets, near);
      });
      if (pair === undefined) return undefined;
      const position = firsts[cell] as number;
      const first = this.#endpoints[position]?.id ?? '';
      groups.push({ node: like.nodeRef, zone: like.zone, share: pair.masses[0], count, first, position, pair });
    }
    if (this.#memory.pairs.size > MOST_PAIRS) this.#memory.pairs.clear();
    if (this.#memory.parts.size > MOST_PAIRS) {
      // Their numbers stand in the keys of pairs.
      this.#memory.parts.clear();
      this.#memory.pairs.clear();
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
    return {
      shares: summarise(oneFractionEach(reached), masses),
      leaving: { crossNode, crossZone },
      entryPods: () => this.#entryPods(entries, setOf, sets, counts),
    };
  }

  /** The kinds of these entries, looked up once for the same entries. */
  #known(entries: readonly EntryClient[]): KnownEntries {
    return remember(this.#memory.entries, entries, () => {
      const onNode = new Map<string, number[]>();
      const texts = new Map<Fraction, string>();
      const kinds = entries.map(({ likeness, zone, weight, node }, place): EntryKind => {
        const own = onNode.get(node);
        if (own === undefined) onNode.set(node, [place]);
        else own.push(place);
        const text = remember(texts, weight, () => formatFraction(weight));
        return remember(this.#memory.entryKinds, `${text} ${likeness}`, () => {
          return { likeness, zone, weight, number: this.#memory.entryKinds.size };
        });
      });
      return { kinds, onNode };
    });
  }

  /** What the entries of a set come to; `members`: the numbers of their kinds. */
  #setOfEntries(size: number, members: number[]): SetOfEntries {
    const { parts, number } = remember(this.#memory.parts, textOfKinds(members), () => {
      const byNumber = [...this.#memory.entryKinds.values()];
      const sums = new Map<string, { readonly kind: EntryKind; readonly sum: FractionSum }>();
      for (const member of members) {
        const kind = byNumber[member] as EntryKind;
        remember(sums, kind.likeness, () => ({ kind, sum: new FractionSum() })).sum.add(kind.weight);
      }
      const found = [...sums.values()].map(
        ({ kind: { likeness, zone }, sum: total }): Part => ({ likeness, zone, weight: total.value }),
      );
      return { parts: found, number: this.#memory.parts.size };
    });
    return { size, parts, text: `${size}:${number}` };
  }

  /** Who chooses among which endpoints, of those to which something comes. */
  #entryPods(
    entries: readonly EntryClient[],
    setOf: readonly (string | undefined)[],
    sets: ReadonlyMap<string, SetOfEntries>,
    counts: Int32Array,
  ): readonly EntryPods[] | undefined {
    const total = entries.reduce((sum, _, place) => sum + (sets.get(setOf[place] ?? '')?.size ?? 0), 0);
    if (total > MOST_ENTRY_PODS) return undefined;
    const found: EntryPods[] = [];
    for (const [place, entry] of entries.entries()) {
      const name = setOf[place];
      const size = name === undefined ? undefined : sets.get(name)?.size;
      if (name === undefined || size === undefined) continue;
      const weight = toNumber(entry.weight);
      const pods: number[] = [];
      const shares: number[] = [];
      let first = 0;
      for (const [cell, { like, sets: all }] of this.#cells.entries()) {
        const count = counts[cell] as number;
        if (count > 0 && all.includes(name)) {
          const fate = this.#fates.get(
            pairKey(entry.likeness, like.likeness, like.node !== '' && like.node === entry.node),
          );
          const delivered = fate === undefined ? 0 : (toNumber(fate[0]) * weight) / size;
          for (let one = 0; delivered > 0 && one < count; one++) {
            pods.push(first + one);
            shares.push(delivered);
          }
        }
        first += count;
      }
      const sum = shares.reduce((all, share) => all + share, 0);
      if (sum > 0) found.push({ weight: sum, pods, shares });
    }
    return found;
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
    return fates.has(`${EMPTY} ${likeness}`) || keys.some((other) => other.startsWith(`${likeness}|`));
  });
}

/**
 * Notes what was walked of an entry; false where it is not what the view gives, or contradicts what was noted before.
 */
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

/**
 * The endpoints of a Service port that may be chosen, in the order of answers; undefined where one of them is not
 * ready.
 */
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
