import type { OverlayMap } from './overlay-map.js';

/** A key of the map and its place in the order of the map's entries. */
interface Entry {
  readonly key: string;
  readonly place: number;
}

type Entries = ReadonlyMap<string, readonly Entry[]>;

/**
 * Finds the values of an {@link OverlayMap} by something they hold (pods by address). The index of the shared base is
 * built once, when it is first asked, and serves all variants; a variant adds an index of its own replacements only.
 */
export class ValueIndex<V> {
  readonly #termsOf: (value: V) => readonly string[];
  readonly #bases = new WeakMap<
    ReadonlyMap<string, V>,
    { readonly entries: Entries; readonly places: () => ReadonlyMap<string, number> }
  >();
  readonly #variants = new WeakMap<OverlayMap<V>, Entries>();

  /** `termsOf` must give the same for the same value, always: it is asked once. */
  constructor(termsOf: (value: V) => readonly string[]) {
    this.#termsOf = termsOf;
  }

  /** The first value, in the order of the map's entries, that has this term. */
  first(map: OverlayMap<V>, term: string): V | undefined {
    const base = this.#baseOf(map.base);
    if (map.replacements.size === 0) {
      const entry = base.entries.get(term)?.[0];
      return entry === undefined ? undefined : map.get(entry.key);
    }
    let best: Entry | undefined;
    for (const entry of base.entries.get(term) ?? []) {
      if (map.replacements.has(entry.key)) continue;
      best = entry;
      break;
    }
    for (const entry of this.#variantOf(map, base.places).get(term) ?? []) {
      if (best === undefined || entry.place < best.place) best = entry;
    }
    return best === undefined ? undefined : map.get(best.key);
  }

  /** All values that have this term, in the order of the map's entries. */
  all(map: OverlayMap<V>, term: string): readonly V[] {
    const base = this.#baseOf(map.base);
    const kept = (base.entries.get(term) ?? []).filter(({ key }) => !map.replacements.has(key));
    const own = this.#variantOf(map, base.places).get(term) ?? [];
    return [...kept, ...own]
      .sort((a, b) => a.place - b.place)
      .flatMap(({ key }) => {
        const value = map.get(key);
        return value === undefined ? [] : [value];
      });
  }

  /** `placeOf`: the place of a key, which is the given index-th of all. */
  #collect(
    values: Iterable<readonly [string, V | undefined]>,
    placeOf: (key: string, index: number) => number,
  ): Entries {
    const entries = new Map<string, Entry[]>();
    let index = -1;
    for (const [key, value] of values) {
      index++;
      if (value === undefined) continue;
      for (const term of this.#termsOf(value)) {
        const entry = { key, place: placeOf(key, index) };
        const known = entries.get(term);
        if (known === undefined) entries.set(term, [entry]);
        else known.push(entry);
      }
    }
    return entries;
  }

  #baseOf(base: ReadonlyMap<string, V>) {
    let known = this.#bases.get(base);
    if (known === undefined) {
      let places: ReadonlyMap<string, number> | undefined;
      known = {
        entries: this.#collect(base, (_, index) => index),
        // Of variants alone: most clusters are asked about as they are.
        places: () => {
          places ??= new Map([...base.keys()].map((key, place) => [key, place]));
          return places;
        },
      };
      this.#bases.set(base, known);
    }
    return known;
  }

  #variantOf(map: OverlayMap<V>, placesOf: () => ReadonlyMap<string, number>): Entries {
    let known = this.#variants.get(map);
    if (known === undefined) {
      const places = placesOf();
      // What was added comes after the base, in the order it was added.
      const added = new Map([...map.replacements.keys()].map((key, index) => [key, places.size + index]));
      known = this.#collect(map.replacements, (key) => places.get(key) ?? (added.get(key) as number));
      this.#variants.set(map, known);
    }
    return known;
  }
}
