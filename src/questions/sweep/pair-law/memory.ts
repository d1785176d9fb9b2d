/** What sweeps remember over points: the kinds of entries and endpoints, and what sets of entries come to. */
import { type Fraction, FractionSum, formatFraction } from '../../../base/fraction.js';
import { remember } from '../../../base/remember.js';
import type { EntryClient } from '../../../probability/entry-clients.js';
import type { Masses } from '../tally.js';
import type { Candidate } from './candidates.js';
import { setsWith } from './choices.js';

/** So many pairs are remembered. */
const MOST_PAIRS = 20_000;

/** Entries alike, with one weight: as many of them as there are come to the same. */
export interface EntryKind {
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

export interface SetOfEntries {
  readonly size: number;
  readonly parts: readonly Part[];
  /** Equal for sets whose endpoints get the same: so many of them, for entries alike with the same weights. */
  readonly text: string;
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

/** Endpoints that nothing tells apart: on one node, alike, with the same hints. */
export interface Cell {
  readonly like: Candidate;
  readonly sets: readonly string[];
  /** A short text for its likeness and sets. */
  readonly text: string;
}

export class Memory {
  readonly pairs = new Map<string, Pair | undefined>();
  readonly #entryKinds = new Map<string, EntryKind>();
  readonly #entries = new WeakMap<readonly EntryClient[], KnownEntries>();
  /** What sets of entries come to, by their kinds; numbers stand for them in other texts. */
  readonly #parts = new Map<string, { readonly parts: readonly Part[]; readonly number: number }>();
  readonly #shares = new Map<string, Fraction>();
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

  /** The kinds of these entries, looked up once for the same entries. */
  known(entries: readonly EntryClient[]): KnownEntries {
    return remember(this.#entries, entries, () => {
      const onNode = new Map<string, number[]>();
      const texts = new Map<Fraction, string>();
      const kinds = entries.map(({ likeness, zone, weight, node }, place): EntryKind => {
        const own = onNode.get(node);
        if (own === undefined) onNode.set(node, [place]);
        else own.push(place);
        const text = remember(texts, weight, () => formatFraction(weight));
        return remember(this.#entryKinds, `${text} ${likeness}`, () => {
          return { likeness, zone, weight, number: this.#entryKinds.size };
        });
      });
      return { kinds, onNode };
    });
  }

  /** What the entries of a set come to; `members`: the numbers of their kinds. */
  setOfEntries(size: number, members: number[]): SetOfEntries {
    const { parts, number } = remember(this.#parts, textOfKinds(members), () => {
      const byNumber = [...this.#entryKinds.values()];
      const sums = new Map<string, { readonly kind: EntryKind; readonly sum: FractionSum }>();
      for (const member of members) {
        const kind = byNumber[member] as EntryKind;
        remember(sums, kind.likeness, () => ({ kind, sum: new FractionSum() })).sum.add(kind.weight);
      }
      const found = [...sums.values()].map(
        ({ kind: { likeness, zone }, sum: total }): Part => ({ likeness, zone, weight: total.value }),
      );
      return { parts: found, number: this.#parts.size };
    });
    return { size, parts, text: `${size}:${number}` };
  }

  /** The same object for equal fractions, as long as pairs are kept. */
  oneFraction(share: Fraction): Fraction {
    return remember(this.#shares, formatFraction(share), () => share);
  }

  /** Forgets what has become too much. */
  bound(): void {
    if (this.pairs.size > MOST_PAIRS) this.#forgetPairs();
    if (this.#parts.size <= MOST_PAIRS) return;
    // Their numbers are in the keys of pairs.
    this.#parts.clear();
    this.#forgetPairs();
  }

  #forgetPairs(): void {
    this.pairs.clear();
    this.#shares.clear();
  }
}
