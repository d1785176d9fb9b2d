/** Snapshots held in memory: up to a number of bytes, least recently used goes first, each for its sender alone. */
import { LRUCache } from 'lru-cache';
import type { HeldSnapshot } from './held-snapshot.js';

export interface MemoryOptions {
  /** The most bytes of all snapshots together. */
  readonly limit: number;
  /** How long a snapshot is held that nobody asks about, milliseconds. */
  readonly idleLimit: number;
  /** Called with every snapshot that had to go: for lack of room, or because nobody asked. */
  readonly onEvicted?: (why: 'ROOM' | 'IDLE') => void;
  /** Milliseconds on a clock that never goes back; for tests. */
  readonly now?: () => number;
}

export class SnapshotMemory {
  readonly #limit: number;
  /** By owner and digest. */
  readonly #entries: LRUCache<string, HeldSnapshot>;

  constructor({ limit, idleLimit, onEvicted, now = () => performance.now() }: MemoryOptions) {
    this.#limit = limit;
    this.#entries = new LRUCache({
      // The library takes 0 for "no limit"; put() holds nothing then.
      maxSize: Math.max(1, limit),
      sizeCalculation: ({ bytes }) => Math.max(1, bytes.byteLength),
      ttl: idleLimit,
      updateAgeOnGet: true,
      ttlResolution: 0,
      // A time of 0 is no time to the library.
      perf: { now: () => now() + 1 },
      dispose: (_value, _key, reason) => {
        if (reason === 'evict') onEvicted?.('ROOM');
        else if (reason === 'expire') onEvicted?.('IDLE');
      },
    });
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#entries.calculatedSize;
  }

  /** Snapshots held. */
  get size(): number {
    return this.#entries.size;
  }

  #key(owner: string, digest: string): string {
    return `${owner} ${digest}`;
  }

  /** Lets go of what nobody asked about for long. */
  expire(): void {
    this.#entries.purgeStale();
  }

  /**
   * Holds a snapshot for its owner; true when it was not held for that owner before. One larger than the limit is not
   * held.
   */
  put(owner: string, held: HeldSnapshot): boolean {
    this.expire();
    const key = this.#key(owner, held.digest);
    const isNew = !this.#entries.delete(key);
    if (held.bytes.byteLength <= this.#limit) this.#entries.set(key, held);
    return isNew;
  }

  /** What this owner sent under this digest; now it is the most recently used. */
  get(owner: string, digest: string): HeldSnapshot | undefined {
    this.expire();
    return this.#entries.get(this.#key(owner, digest));
  }
}
