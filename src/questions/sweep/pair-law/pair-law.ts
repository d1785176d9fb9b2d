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
import { type EndpointSets, NO_SET, There, type View } from './choices.js';
import { emptyKey, isNeverKey, neverKey, pairKey, shownBy, type Walks } from './fates.js';
import { type Cell, type KnownEntries, type KnownEntry, Memory, type Pair, type SetOfEntries } from './memory.js';

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

/** The endpoints of a cell that are there at a point. */
interface CellThere {
  readonly cell: Cell;
  readonly sets: EndpointSets;
  count: number;
  /** The first of them, by its place among all endpoints. */
  readonly first: number;
}

export class PairLaw {
  readonly #endpoints: readonly Candidate[];
  /** The cell of each endpoint. */
  readonly #cellOf: readonly Cell[];
  readonly #view: View;
  readonly #fates: ReadonlyMap<string, Masses>;
  /** Whether connections of some entry come to no endpoint, whatever it has. */
  readonly #someNever: boolean;
  readonly #memory: Memory;

  private constructor(
    endpoints: readonly Candidate[],
    view: View,
    fates: ReadonlyMap<string, Masses>,
    memory = new Memory(),
  ) {
    this.#endpoints = endpoints;
    this.#memory = memory;
    this.#cellOf = endpoints.map((like) => memory.cellOf(like));
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

  /** The endpoints that are there, by their cells. */
  #thereAre(isThere: (address: string) => boolean): readonly CellThere[] {
    const places = new Int32Array(this.#memory.cellCount).fill(-1);
    const found: CellThere[] = [];
    // A thousand points look at a thousand endpoints each: no iterator, and no text.
    for (let index = 0; index < this.#endpoints.length; index++) {
      if (!isThere((this.#endpoints[index] as Candidate).address)) continue;
      const cell = this.#cellOf[index] as Cell;
      const place = places[cell.number] as number;
      if (place >= 0) (found[place] as CellThere).count++;
      else {
        places[cell.number] = found.length;
        found.push({ cell, sets: cell.sets, count: 1, first: index });
      }
    }
    return found;
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
    const memory = this.#memory;
    const cells = this.#thereAre(isThere);
    const known = memory.known(entries);
    const there = new There(memory.sets, cells);
    if (there.count === 0) return undefined;
    /** The kinds of the entries that choose from a set, by its number. */
    const members = new Map<number, number[]>();
    const setOf = new Int32Array(entries.length).fill(NO_SET);
    /** The weights of entries from which nothing comes to an endpoint, by what becomes of it. */
    const without = new Map<Masses, FractionSum>();
    for (let place = 0; place < entries.length; place++) {
      const { entry, kind, sets } = known.all[place] as KnownEntry;
      const never = this.#someNever ? this.#fates.get(neverKey(entry.likeness)) : undefined;
      const set = never === undefined ? there.setOf(this.#view, sets) : NO_SET;
      if (set === NO_SET) {
        const fate = never ?? this.#fates.get(emptyKey(entry.likeness));
        if (fate === undefined) return undefined;
        remember(without, fate, () => new FractionSum()).add(entry.weight);
        continue;
      }
      setOf[place] = set;
      const others = members.get(set);
      if (others === undefined) members.set(set, [kind]);
      else others.push(kind);
    }
    const sets = new Map<number, SetOfEntries>();
    for (const [set, kinds] of members) sets.set(set, memory.setOfEntries(there.sizeOf(set), kinds));
    let masses = NO_MASSES;
    for (const [fate, weight] of without) masses = addMasses(masses, times(fate, weight.value));
    const groups: (Alike & { readonly pair: Pair })[] = [];
    for (const { cell, count, first: position } of cells) {
      const pair = this.#pairAt(cell, known, setOf, sets);
      if (pair === null) return undefined;
      const { nodeRef: node, zone } = cell.like;
      const first = this.#endpoints[position]?.id ?? '';
      groups.push({ node, zone, share: pair.share, count, first, position, pair });
    }
    memory.bound();
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
      entryPods: () => this.#entryPods(entries, setOf, sets, cells),
    };
  }

  /** What an endpoint of a cell gets at a point; null where it was not walked. */
  #pairAt(
    { kind, sets: own, like }: Cell,
    { all, onNode }: KnownEntries,
    setOf: Int32Array,
    sets: ReadonlyMap<number, SetOfEntries>,
  ): Pair | null {
    let row = this.#memory.pairs.step(kind);
    const inSets: number[] = [];
    for (const number of own.all) {
      const set = sets.get(number);
      if (set === undefined) continue;
      inSets.push(number);
      row = row.step(set.number);
    }
    const places = onNode.get(own.node) ?? NO_PLACES;
    for (const place of places) {
      const set = setOf[place] as number;
      // Below zero, so that it is no number of a set.
      if (set !== NO_SET) row = row.step(-2 - inSets.indexOf(set)).step((all[place] as KnownEntry).kind);
    }
    if (row.value === undefined) {
      const near = places.flatMap((place) => {
        const set = setOf[place] as number;
        return set === NO_SET ? [] : [{ entry: (all[place] as KnownEntry).entry, set }];
      });
      this.#memory.keep(row, this.#pairOf(like, inSets, sets, near));
    }
    return row.value ?? null;
  }

  /** Who chooses among which endpoints, of those to which something comes. */
  #entryPods(
    entries: readonly EntryClient[],
    setOf: Int32Array,
    sets: ReadonlyMap<number, SetOfEntries>,
    cells: readonly CellThere[],
  ): readonly EntryPods[] | undefined {
    const total = entries.reduce((sum, _, place) => sum + (sets.get(setOf[place] ?? NO_SET)?.size ?? 0), 0);
    if (total > MOST_ENTRY_PODS) return undefined;
    const found: EntryPods[] = [];
    for (const [place, entry] of entries.entries()) {
      const set = setOf[place] ?? NO_SET;
      const size = sets.get(set)?.size;
      if (size === undefined) continue;
      const weight = toNumber(entry.weight);
      const pods: number[] = [];
      const shares: number[] = [];
      let first = 0;
      for (const { cell, count } of cells) {
        const { like } = cell;
        if (cell.sets.all.includes(set)) {
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
    inSets: readonly number[],
    sets: ReadonlyMap<number, SetOfEntries>,
    own: readonly { readonly entry: EntryClient; readonly set: number }[],
  ): Pair | undefined {
    let masses = NO_MASSES;
    let [away, otherZone]: [Fraction, Fraction] = [ZERO, ZERO];
    let zonesKnown = true;
    for (const number of inSets) {
      const { size, parts } = sets.get(number) as SetOfEntries;
      const each = fraction(1, size);
      const near = own.filter(({ set }) => set === number).map(({ entry }) => entry);
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
