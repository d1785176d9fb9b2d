/** What sweeps remember over points: the kinds of entries and endpoints, and what sets of entries come to. */
import { type Fraction, FractionSum, formatFraction } from '../../../base/fraction.js';
import { remember } from '../../../base/remember.js';
import type { EntryClient } from '../../../probability/entry-clients.js';
import type { Masses } from '../tally.js';
import type { Candidate } from './candidates.js';
import { type EndpointSets, type EntrySets, SetNumbers } from './choices.js';
import { NumberRow } from './number-row.js';

/** So many pairs are remembered. */
const MOST_PAIRS = 20_000;

/** Entries alike, with one weight: as many of them as there are come to the same. */
interface EntryKind {
  readonly likeness: string;
  readonly zone: string;
  readonly weight: Fraction;
  readonly number: number;
}

/** One entry of a point. */
export interface KnownEntry {
  readonly entry: EntryClient;
  /** The number of its kind. */
  readonly kind: number;
  readonly sets: EntrySets;
}

/** The entries of a point, and those on each node, by the number of the set of the node's endpoints. */
export interface KnownEntries {
  readonly all: readonly KnownEntry[];
  readonly onNode: ReadonlyMap<number, readonly number[]>;
}

/** Entries alike in one set, by their weights. */
interface Part {
  readonly likeness: string;
  readonly zone: string;
  readonly weight: Fraction;
}

export interface SetOfEntries {
  readonly size: number;
  readonly parts: readonly Part[];
  /** Equal for sets whose endpoints get the same: so many of them, for entries alike with the same weights. */
  readonly number: number;
}

/** What becomes of the connections of all entries to one endpoint. */
export interface Pair {
  readonly masses: Masses;
  /** What is delivered: one object for equal shares, as summaries want them. */
  readonly share: Fraction;
  readonly crossNode: number;
  readonly crossZone: number | undefined;
}

/** The kinds of a set's entries, with how many there are of each, as a text. */
function textOfKinds(numbers: number[]): string {
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

/** Endpoints that nothing tells apart: on one node, alike, with the same hints. */
export interface Cell {
  readonly like: Candidate;
  readonly sets: EndpointSets;
  /** A number for its likeness and zone. */
  readonly kind: number;
  /** Its own number. */
  readonly number: number;
}

/** Sets of entries of the same kinds, by how many endpoints they choose among. */
interface EqualEntries {
  readonly parts: readonly Part[];
  readonly bySize: Map<number, SetOfEntries>;
}

export class Memory {
  readonly sets = new SetNumbers();
  readonly #cells = new Map<string, Cell>();
  readonly #cellOf = new WeakMap<Candidate, Cell>();
  /** Kinds of cells by what makes them. */
  readonly #cellKinds = new Map<string, number>();
  readonly #entryKinds = new Map<string, EntryKind>();
  readonly #kindsByNumber: EntryKind[] = [];
  readonly #entries = new WeakMap<readonly EntryClient[], KnownEntries>();
  /** What sets of one entry come to, by its kind; of more entries by the text of their kinds. */
  #single = new Map<number, EqualEntries>();
  #several = new Map<string, EqualEntries>();
  #setCount = 0;
  #pairs = new NumberRow<Pair | null>();
  #pairCount = 0;
  readonly #shares = new Map<string, Fraction>();

  /** How many cells there are. */
  get cellCount(): number {
    return this.#cells.size;
  }

  /** The cell of an endpoint. */
  cellOf(like: Candidate): Cell {
    return remember(this.#cellOf, like, () => {
      const sets = this.sets.ofEndpoint(like);
      // Which sets get the same is decided at each point, by who chooses from them.
      const text = `${like.likeness}|${like.zone}|${like.node === ''}`;
      const kind = remember(this.#cellKinds, text, () => this.#cellKinds.size);
      const key = `${text}|${sets.all.join(',')}|${like.node}|${like.nodeRef}`;
      return remember(this.#cells, key, () => ({ like, sets, kind, number: this.#cells.size }));
    });
  }

  /** What is known of these entries, looked up once for the same entries. */
  known(entries: readonly EntryClient[]): KnownEntries {
    return remember(this.#entries, entries, () => {
      const onNode = new Map<number, number[]>();
      const texts = new Map<Fraction, string>();
      const all = entries.map((entry, place): KnownEntry => {
        const { likeness, zone, weight } = entry;
        const sets = this.sets.ofEntry(entry);
        remember(onNode, sets.node, (): number[] => []).push(place);
        const text = remember(texts, weight, () => formatFraction(weight));
        const { number } = remember(this.#entryKinds, `${text} ${likeness}`, () => {
          const kind = { likeness, zone, weight, number: this.#entryKinds.size };
          this.#kindsByNumber.push(kind);
          return kind;
        });
        return { entry, kind: number, sets };
      });
      return { all, onNode };
    });
  }

  /** What the entries of a set come to; `members`: the numbers of their kinds. */
  setOfEntries(size: number, members: number[]): SetOfEntries {
    const [only] = members;
    const make = (): EqualEntries => ({ parts: this.#partsOf(members), bySize: new Map() });
    const { parts, bySize } =
      members.length === 1 && only !== undefined
        ? remember(this.#single, only, make)
        : remember(this.#several, textOfKinds(members), make);
    return remember(bySize, size, () => ({ size, parts, number: this.#setCount++ }));
  }

  #partsOf(members: readonly number[]): readonly Part[] {
    const sums = new Map<string, { readonly kind: EntryKind; readonly sum: FractionSum }>();
    for (const member of members) {
      const kind = this.#kindsByNumber[member] as EntryKind;
      remember(sums, kind.likeness, () => ({ kind, sum: new FractionSum() })).sum.add(kind.weight);
    }
    return [...sums.values()].map(({ kind: { likeness, zone }, sum: { value } }) => ({
      likeness,
      zone,
      weight: value,
    }));
  }

  /** Where pairs are kept, by rows of numbers. */
  get pairs(): NumberRow<Pair | null> {
    return this.#pairs;
  }

  /** Keeps what was found of a pair; undefined: nothing is known of it. */
  keep(row: NumberRow<Pair | null>, pair: Pair | undefined): void {
    row.value = pair ?? null;
    this.#pairCount++;
  }

  /** The same object for equal fractions, as long as pairs are kept. */
  oneFraction(share: Fraction): Fraction {
    return remember(this.#shares, formatFraction(share), () => share);
  }

  /** Forgets what has become too much. */
  bound(): void {
    const isFull = this.#setCount > MOST_PAIRS;
    if (this.#pairCount <= MOST_PAIRS && !isFull) return;
    this.#pairs = new NumberRow();
    this.#pairCount = 0;
    this.#shares.clear();
    if (!isFull) return;
    // Their numbers are in the rows of pairs.
    this.#single = new Map();
    this.#several = new Map();
    this.#setCount = 0;
  }
}
