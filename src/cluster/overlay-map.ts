/**
 * An immutable map made of a shared base and a few replacements. A change to one object of a large cluster copies only
 * the replacements, so that a thousand variants of a cluster share one base.
 */
export class OverlayMap<V> {
  readonly #base: ReadonlyMap<string, V>;
  readonly #over: ReadonlyMap<string, V | undefined>;
  readonly size: number;

  /** What all variants share: an index over it can be kept by this very map. */
  get base(): ReadonlyMap<string, V> {
    return this.#base;
  }

  /** What differs from the base: replaced and added values by key, undefined for removed ones. */
  get replacements(): ReadonlyMap<string, V | undefined> {
    return this.#over;
  }

  constructor(base: ReadonlyMap<string, V>, over: ReadonlyMap<string, V | undefined> = new Map()) {
    this.#base = base;
    this.#over = over;
    let size = base.size;
    for (const [key, value] of over) size += Number(value !== undefined) - Number(base.has(key));
    this.size = size;
  }

  get(key: string): V | undefined {
    // Keys are often texts that were just put together: an empty map does not read them.
    if (this.#over.size === 0) return this.#base.size === 0 ? undefined : this.#base.get(key);
    const value = this.#over.get(key);
    return value !== undefined || this.#over.has(key) ? value : this.#base.get(key);
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  /** Base order first (replacements keep their place), then what was added, in the order it was added. */
  entries(): IterableIterator<[string, V]> {
    return this.#over.size === 0 ? this.#base.entries() : this.#entriesOfBoth();
  }

  *#entriesOfBoth(): IterableIterator<[string, V]> {
    for (const [key, value] of this.#base) {
      const current = this.#over.has(key) ? this.#over.get(key) : value;
      if (current !== undefined) yield [key, current];
    }
    for (const [key, value] of this.#over) {
      if (value !== undefined && !this.#base.has(key)) yield [key, value];
    }
  }

  values(): IterableIterator<V> {
    return this.#over.size === 0 ? this.#base.values() : this.#valuesOfBoth();
  }

  *#valuesOfBoth(): IterableIterator<V> {
    for (const [key, value] of this.#base) {
      const current = this.#over.has(key) ? this.#over.get(key) : value;
      if (current !== undefined) yield current;
    }
    for (const [key, value] of this.#over) if (value !== undefined && !this.#base.has(key)) yield value;
  }

  keys(): IterableIterator<string> {
    return this.#over.size === 0 ? this.#base.keys() : this.#keysOfBoth();
  }

  *#keysOfBoth(): IterableIterator<string> {
    for (const [key] of this.#entriesOfBoth()) yield key;
  }

  /** A map with these keys replaced, or removed where the value is undefined. */
  with(replacements: ReadonlyMap<string, V | undefined>): OverlayMap<V> {
    return replacements.size === 0 ? this : new OverlayMap(this.#base, new Map([...this.#over, ...replacements]));
  }
}
