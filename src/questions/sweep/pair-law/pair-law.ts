import {
  add,
  type Fraction,
  FractionSum,
  fraction,
  isZero,
  multiply,
  sum,
  toNumber,
  ZERO,
} from '../../../base/fraction.js';
import { remember } from '../../../base/remember.js';
import type { SweptShares } from '../../../contract/answers.js';
import type { EntryClient } from '../../../probability/entry-clients.js';
import { type Alike, summarise } from '../summary.js';
import { addMasses, type Masses, NO_MASSES, times } from '../tally.js';
import type { Candidate } from './candidates.js';
import { There, type View } from './choices.js';
import { emptyKey, isNeverKey, neverKey, pairKey, shownBy, type Walks } from './fates.js';
import { type Cell, type EntryKind, Memory, type Pair, type SetOfEntries } from './memory.js';

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

const NO_PLACES: readonly number[] = [];

export class PairLaw {
  readonly #endpoints: readonly Candidate[];
  readonly #cells: readonly Cell[];
  /** The cell of each endpoint. */
  readonly #cellOf: Int32Array;
  readonly #view: View;
  readonly #fates: ReadonlyMap<string, Masses>;
  /** Whether connections of some entry come to no endpoint, whatever it has. */
  readonly #someNever: boolean;
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
    this.#someNever = [...fates.keys()].some(isNeverKey);
  }

  /** The law that a few walked entries show; undefined where what is walked is not what any view gives. */
  static shownBy(most: Walks, least: Walks): PairLaw | undefined {
    const shown = shownBy(most, least);
    return shown === undefined ? undefined : new PairLaw(most.candidates, shown.view, shown.fates);
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
    // A thousand points look at a thousand endpoints each: no iterator, and no text that is not needed.
    for (let index = 0; index < this.#endpoints.length; index++) {
      if (!isThere((this.#endpoints[index] as Candidate).address)) continue;
      const cell = this.#cellOf[index] as number;
      if (counts[cell] === 0) firsts[cell] = index;
      counts[cell] = (counts[cell] as number) + 1;
    }
    const there = new There(this.#likes, (cell) => counts[cell] as number);
    if (there.count === 0) return undefined;
    const { kinds, onNode } = this.#memory.known(entries);
    const joined = new Map<string, { readonly size: number; readonly members: number[] }>();
    const setOf = new Array<string>(entries.length);
    /** The weights of entries from which nothing comes to an endpoint, by what becomes of it. */
    const without = new Map<Masses, FractionSum>();
    for (let place = 0; place < entries.length; place++) {
      const entry = entries[place] as EntryClient;
      const never = this.#someNever ? this.#fates.get(neverKey(entry.likeness)) : undefined;
      const set = never === undefined ? there.setOf(this.#view, entry) : undefined;
      if (set === undefined) {
        const fate = never ?? this.#fates.get(emptyKey(entry.likeness));
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
    for (const [name, { size, members }] of joined) sets.set(name, this.#memory.setOfEntries(size, members));
    let masses = NO_MASSES;
    for (const [fate, weight] of without) masses = addMasses(masses, times(fate, weight.value));
    const groups: (Alike & { readonly pair: Pair })[] = [];
    const inSets: string[] = [];
    for (let cell = 0; cell < this.#cells.length; cell++) {
      const count = counts[cell] as number;
      if (count === 0) continue;
      const { like, sets: all, text } = this.#cells[cell] as Cell;
      let key = text;
      inSets.length = 0;
      for (const name of all) {
        const set = sets.get(name);
        if (set === undefined) continue;
        inSets.push(name);
        key += `,${set.text}`;
      }
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
      groups.push({ node: like.nodeRef, zone: like.zone, share: pair.share, count, first, position, pair });
    }
    this.#memory.bound();
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
      shares: summarise(reached, masses),
      leaving: { crossNode, crossZone },
      entryPods: () => this.#entryPods(entries, setOf, sets, counts),
    };
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
      share: this.#memory.oneFraction(masses[0]),
      crossNode: node === '' ? 0 : toNumber(away),
      crossZone: zonesKnown ? toNumber(otherZone) : undefined,
    };
  }
}

/** What is left of a weight. */
function remaining(all: Fraction, taken: Fraction): Fraction {
  return fraction(all.n * taken.d - taken.n * all.d, all.d * taken.d);
}
