/** Snapshots held in memory: up to a number of bytes, least recently used goes first, each for its sender alone. */
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

interface Entry {
  readonly held: HeldSnapshot;
  used: number;
}

export class SnapshotMemory {
  readonly #options: MemoryOptions;
  readonly #now: () => number;
  /** By owner and digest, least recently used first. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(options: MemoryOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Snapshots held. */
  get size(): number {
    return this.#entries.size;
  }

  #key(owner: string, digest: string): string {
    return `${owner} ${digest}`;
  }

  #remove(key: string, { held }: Entry): void {
    this.#entries.delete(key);
    this.#bytes -= held.bytes.byteLength;
  }

  /** Lets go of what nobody asked about for long. */
  expire(): void {
    const oldest = this.#now() - this.#options.idleLimit;
    for (const [key, entry] of this.#entries) {
      if (entry.used > oldest) return;
      this.#remove(key, entry);
      this.#options.onEvicted?.('IDLE');
    }
  }

  /**
   * Holds a snapshot for its owner; true when it was not held for that owner before. One larger than the limit is not
   * held.
   */
  put(owner: string, held: HeldSnapshot): boolean {
    const key = this.#key(owner, held.digest);
    const before = this.#entries.get(key);
    if (before !== undefined) this.#remove(key, before);
    const size = held.bytes.byteLength;
    if (size > this.#options.limit) return before === undefined;
    this.expire();
    for (const [other, entry] of this.#entries) {
      if (this.#bytes + size <= this.#options.limit) break;
      this.#remove(other, entry);
      this.#options.onEvicted?.('ROOM');
    }
    this.#entries.set(key, { held, used: this.#now() });
    this.#bytes += size;
    return before === undefined;
  }

  /** What this owner sent under this digest; now it is the most recently used. */
  get(owner: string, digest: string): HeldSnapshot | undefined {
    this.expire();
    const key = this.#key(owner, digest);
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    entry.used = this.#now();
    return entry.held;
  }
}
