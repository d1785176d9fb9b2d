/** Where a process holds snapshots: in its memory, and in a store that it may share with other replicas. */
import type { HeldSnapshot } from './held-snapshot.js';
import { SnapshotMemory } from './memory.js';
import type { NamedSnapshots } from './named.js';

/** A store outside the process. Its methods reject with Error when it cannot be reached or does not answer in time. */
export interface SnapshotStore {
  put(owner: string, held: HeldSnapshot): Promise<void>;
  get(owner: string, digest: string): Promise<HeldSnapshot | undefined>;
  /** Whether it is there; asking counts as use. */
  has(owner: string, digest: string): Promise<boolean>;
  /** Whether it can be reached as far as is known. */
  readonly up: boolean;
  close(): Promise<void>;
}

/** What became of looking for a snapshot. */
export type Found =
  | { readonly held: HeldSnapshot; readonly from: 'MEMORY' | 'STORE' }
  /** It is nowhere. */
  | 'MISSING'
  /** It is not in memory, and the store cannot be asked. */
  | 'STORE_DOWN';

export interface ShelfOptions {
  /** The most bytes held in memory; 0 holds nothing, not in the store either. */
  readonly limit: number;
  /** How long a snapshot is held that nobody asks about, milliseconds. */
  readonly idleLimit: number;
  readonly store?: SnapshotStore;
  /** Snapshots under names, which can be asked about by their digests too. */
  readonly named?: NamedSnapshots;
  readonly observer?: ShelfObserver;
}

/** What is called when something happens, for metrics and logs. */
export interface ShelfObserver {
  looked(result: 'MEMORY' | 'STORE' | 'MISSING' | 'STORE_DOWN'): void;
  evicted(why: 'ROOM' | 'IDLE'): void;
  storeFailed(doing: 'PUT' | 'GET' | 'HAS', error: unknown): void;
}

export class Shelf {
  readonly #limit: number;
  readonly #store: SnapshotStore | undefined;
  readonly #memory: SnapshotMemory;
  /** Snapshots under names; undefined where none are held. */
  readonly named: NamedSnapshots | undefined;
  readonly #observer: ShelfObserver | undefined;
  /** When the store last heard that a snapshot in memory is still asked about. */
  readonly #touched = new WeakMap<HeldSnapshot, number>();
  readonly #idleLimit: number;
  readonly #loading = new Map<string, Promise<Found>>();
  readonly #sweep: NodeJS.Timeout;

  constructor({ limit, idleLimit, store, named, observer }: ShelfOptions) {
    this.#limit = limit;
    this.named = limit === 0 ? undefined : named;
    this.#idleLimit = idleLimit;
    this.#store = store;
    this.#observer = observer;
    this.#memory = new SnapshotMemory({ limit, idleLimit, onEvicted: (why) => observer?.evicted(why) });
    this.#sweep = setInterval(() => this.#memory.expire(), Math.max(1000, Math.min(idleLimit / 4, 60_000))).unref();
  }

  /** The most bytes that a snapshot may have to be held; 0: none is. */
  get limit(): number {
    return this.#limit;
  }

  /** How many snapshots and bytes are in memory. */
  get inMemory(): { readonly snapshots: number; readonly bytes: number } {
    return { snapshots: this.#memory.size, bytes: this.#memory.bytes };
  }

  /** Whether there is a store, and whether it can be reached. */
  get store(): 'NONE' | 'UP' | 'DOWN' {
    return this.#store === undefined ? 'NONE' : this.#store.up ? 'UP' : 'DOWN';
  }

  /**
   * Holds a snapshot for its owner. `created`: it was not held for that owner. `shared`: other replicas can answer from
   * it too; a store that fails only makes this false.
   */
  async put(owner: string, held: HeldSnapshot): Promise<{ readonly created: boolean; readonly shared: boolean }> {
    const created = this.#memory.put(owner, held);
    if (this.#store === undefined) return { created, shared: false };
    try {
      const known = await this.#store.has(owner, held.digest);
      // Written also where it is known: only reading all of it would tell whether it is still as it was.
      await this.#store.put(owner, held);
      this.#touched.set(held, performance.now());
      return { created: created && !known, shared: true };
    } catch (error) {
      this.#observer?.storeFailed('PUT', error);
      return { created, shared: false };
    }
  }

  /** Holds a snapshot in memory that is kept elsewhere: questions about it come soon. */
  remember(owner: string, held: HeldSnapshot): void {
    this.#memory.put(owner, held);
  }

  /** Looks for a snapshot of this owner, in memory first. Never rejects. */
  async find(owner: string, digest: string): Promise<Found> {
    const held = this.findInMemory(owner, digest);
    if (held !== undefined) return { held, from: 'MEMORY' };
    const found = await this.#load(owner, digest);
    this.#observer?.looked(typeof found === 'string' ? found : found.from);
    return found;
  }

  /** Looks for a snapshot of this owner in memory alone. */
  findInMemory(owner: string, digest: string): HeldSnapshot | undefined {
    const held = this.#memory.get(owner, digest);
    if (held === undefined) return undefined;
    this.#touch(owner, held);
    this.#observer?.looked('MEMORY');
    return held;
  }

  /** Keeps the store's copy alive, now and then: other replicas may be asked next. */
  #touch(owner: string, held: HeldSnapshot): void {
    const now = performance.now();
    if (this.#store === undefined || now - (this.#touched.get(held) ?? 0) < this.#idleLimit / 4) return;
    this.#touched.set(held, now);
    this.#store.has(owner, held.digest).catch((error: unknown) => this.#observer?.storeFailed('HAS', error));
  }

  /** Whether a snapshot of this owner is held; asking counts as use. Never rejects. */
  async has(owner: string, digest: string): Promise<'HELD' | 'MISSING' | 'STORE_DOWN'> {
    if (this.#memory.get(owner, digest) !== undefined) return 'HELD';
    if (this.#limit === 0) return 'MISSING';
    try {
      for (const place of [this.#store, this.named?.store]) {
        if (await place?.has(owner, digest)) return 'HELD';
      }
      return 'MISSING';
    } catch (error) {
      this.#observer?.storeFailed('HAS', error);
      return 'STORE_DOWN';
    }
  }

  /** Fetches a snapshot from the store; questions that come meanwhile wait for the same fetch. */
  #load(owner: string, digest: string): Promise<Found> {
    const key = `${owner} ${digest}`;
    const under = this.#loading.get(key);
    if (under !== undefined) return under;
    const loading = this.#fetch(owner, digest).finally(() => this.#loading.delete(key));
    this.#loading.set(key, loading);
    return loading;
  }

  async #fetch(owner: string, digest: string): Promise<Found> {
    if (this.#limit === 0) return 'MISSING';
    try {
      const stored = await this.#store?.get(owner, digest);
      const held = stored ?? (await this.named?.store.load(owner, digest));
      if (held === undefined) return 'MISSING';
      this.#memory.put(owner, held);
      if (stored !== undefined) this.#touched.set(held, performance.now());
      return { held, from: 'STORE' };
    } catch (error) {
      this.#observer?.storeFailed('GET', error);
      return 'STORE_DOWN';
    }
  }

  /** Lets go of the store's connection. */
  async close(): Promise<void> {
    clearInterval(this.#sweep);
    await this.named?.store.close();
    await this.#store?.close();
  }
}
