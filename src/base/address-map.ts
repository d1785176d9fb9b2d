/** Maps whose keys are addresses: tables of numbers for dotted decimal, of which clusters have 100,000s. */
import { plainIPv4 } from './address.js';

const FIRST_SIZE = 16;
// Another one in each process: nobody can choose addresses that fall into one slot, so that each look-up passes all.
const SEED = (Math.random() * 2 ** 32) | 0;

/** Spreads addresses over all 32 bits, as the last steps of MurmurHash3 (Austin Appleby, public domain) do. */
function spread(key: number): number {
  let bits = key ^ SEED;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}

/**
 * A map by the text of an address, as `Map` would hold it; other texts may be keys too. A look-up of an IPv4 address
 * in its canonical spelling reads a few words of memory, and no text but the one that is looked for: in a `Map` of many
 * texts each look-up waits several times for memory.
 */
export class AddressMap<V> {
  /** The address in each slot, with open addressing; 0: none. */
  #keys = new Int32Array(FIRST_SIZE);
  /** Which of the values belongs to the slot's address. */
  #places = new Uint32Array(FIRST_SIZE);
  readonly #values: V[] = [];
  /** By other texts: IPv6, other spellings, and 0.0.0.0, whose number stands for an empty slot. */
  readonly #others = new Map<string, V>();

  get size(): number {
    return this.#values.length + this.#others.size;
  }

  /** The slot of an address, or the empty one where it would be. */
  #slotOf(key: number): number {
    const last = this.#keys.length - 1;
    let slot = spread(key) & last;
    for (;;) {
      const there = this.#keys[slot];
      if (there === key || there === 0) return slot;
      slot = (slot + 1) & last;
    }
  }

  #grow(): void {
    const { length } = this.#keys;
    const [keys, places] = [this.#keys, this.#places];
    this.#keys = new Int32Array(length * 2);
    this.#places = new Uint32Array(length * 2);
    for (let old = 0; old < length; old++) {
      const key = keys[old] as number;
      if (key === 0) continue;
      const slot = this.#slotOf(key);
      this.#keys[slot] = key;
      this.#places[slot] = places[old] as number;
    }
  }

  has(text: string): boolean {
    const key = plainIPv4(text);
    return key !== 0 ? this.#keys[this.#slotOf(key)] === key : this.#others.has(text);
  }

  get(text: string): V | undefined {
    const key = plainIPv4(text);
    if (key === 0) return this.#others.get(text);
    const slot = this.#slotOf(key);
    return this.#keys[slot] === key ? this.#values[this.#places[slot] as number] : undefined;
  }

  set(text: string, value: V): this {
    const key = plainIPv4(text);
    if (key === 0) {
      this.#others.set(text, value);
      return this;
    }
    const slot = this.#slotOf(key);
    if (this.#keys[slot] === key) this.#values[this.#places[slot] as number] = value;
    else this.#put(slot, key, value);
    return this;
  }

  /** Sets the value where the text is not a key yet. */
  setNew(text: string, value: V): void {
    const key = plainIPv4(text);
    if (key === 0) {
      if (!this.#others.has(text)) this.#others.set(text, value);
      return;
    }
    const slot = this.#slotOf(key);
    if (this.#keys[slot] !== key) this.#put(slot, key, value);
  }

  #put(slot: number, key: number, value: V): void {
    this.#keys[slot] = key;
    this.#places[slot] = this.#values.length;
    this.#values.push(value);
    if (this.#values.length * 2 > this.#keys.length) this.#grow();
  }
}
