/** Names in the memory of one process: their snapshots are kept compressed, within a number of bytes. */
import { promisify } from 'node:util';
import { constants, gunzip, gzip } from 'node:zlib';
import type { HeldFile, HeldSnapshot } from './held-snapshot.js';
import { digestsLost, type NameRecord, type Version } from './name-record.js';
import { type Change, type NameStore, NoRoom } from './name-store.js';

export interface MemoryNamesOptions {
  /** The most bytes of all named snapshots together, compressed. */
  readonly limit: number;
  /** How long the names of an owner are kept who neither sends nor asks, milliseconds. Default: for ever. */
  readonly idleLimit?: number;
  /** Milliseconds on a clock that never goes back; for tests. */
  readonly now?: () => number;
  /** Called with the number of versions that had to go to make room. */
  readonly onEvicted?: (count: number) => void;
}

interface Packed {
  readonly bytes: Buffer;
  readonly length: number;
  readonly files: readonly HeldFile[];
}

const compress = promisify(gzip);
const inflate = promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip);

/** What one credential has. */
interface Shelf {
  readonly records: Map<string, NameRecord>;
  readonly packed: Map<string, Packed>;
  /** When the owner last sent or asked. */
  used: number;
}

export class MemoryNames implements NameStore {
  readonly shared = false;
  readonly #options: MemoryNamesOptions;
  readonly #owners = new Map<string, Shelf>();
  #bytes = 0;

  constructor(options: MemoryNamesOptions) {
    this.#options = options;
  }

  /** Bytes kept, compressed. */
  get bytes(): number {
    return this.#bytes;
  }

  #shelf(owner: string): Shelf {
    const shelf = this.#used(owner) ?? { records: new Map(), packed: new Map(), used: this.#now() };
    this.#owners.set(owner, shelf);
    return shelf;
  }

  #now(): number {
    return this.#options.now?.() ?? performance.now();
  }

  /** What an owner has, who asks about it now. */
  #used(owner: string): Shelf | undefined {
    const shelf = this.#owners.get(owner);
    if (shelf !== undefined) shelf.used = this.#now();
    return shelf;
  }

  /**
   * Lets go of what owners have who neither sent nor asked for long, as those of tokens that are no longer accepted.
   */
  #expire(): void {
    const { idleLimit = Number.POSITIVE_INFINITY } = this.#options;
    for (const [owner, { packed, used }] of this.#owners) {
      if (this.#now() - used <= idleLimit) continue;
      for (const { bytes } of packed.values()) this.#bytes -= bytes.length;
      this.#owners.delete(owner);
    }
  }

  async read(owner: string, name: string): Promise<NameRecord | undefined> {
    return this.#used(owner)?.records.get(name);
  }

  async list(owner: string): Promise<readonly NameRecord[]> {
    return [...(this.#used(owner)?.records.values() ?? [])];
  }

  async has(owner: string, digest: string): Promise<boolean> {
    return this.#owners.get(owner)?.packed.has(digest) === true;
  }

  async load(owner: string, digest: string): Promise<HeldSnapshot | undefined> {
    const packed = this.#used(owner)?.packed.get(digest);
    if (packed === undefined) return undefined;
    const whole = await inflate(packed.bytes, { maxOutputLength: Math.max(1, packed.length) });
    const bytes = new SharedArrayBuffer(whole.length);
    new Uint8Array(bytes).set(whole);
    return { digest, bytes, files: packed.files };
  }

  async update(owner: string, name: string, change: Change, held?: HeldSnapshot): Promise<NameRecord | undefined> {
    const packed =
      held === undefined
        ? undefined
        : {
            bytes: await compress(new Uint8Array(held.bytes), { level: constants.Z_BEST_SPEED }),
            length: held.bytes.byteLength,
            files: held.files,
          };
    // From here on nothing waits: two writers come one after the other.
    this.#expire();
    const shelf = this.#shelf(owner);
    const before = shelf.records.get(name);
    const after = change(before);
    if (packed !== undefined && held !== undefined && after !== undefined) {
      this.#checkRoom(shelf, name, held.digest, packed.bytes.length);
      this.#remove(shelf, held.digest);
      shelf.packed.set(held.digest, packed);
      this.#bytes += packed.bytes.length;
    }
    if (after === undefined) shelf.records.delete(name);
    else shelf.records.set(name, after);
    const digests = (before?.versions ?? []).map(({ digest }) => digest);
    for (const digest of digestsLost(digests, [...shelf.records.values()])) this.#remove(shelf, digest);
    if (shelf.records.size === 0) this.#owners.delete(owner);
    this.#makeRoom(shelf);
    return shelf.records.get(name);
  }

  #remove({ packed }: Shelf, digest: string): void {
    this.#bytes -= packed.get(digest)?.bytes.length ?? 0;
    packed.delete(digest);
  }

  /** Throws NoRoom where the newest versions alone, which never go, leave none; then nothing has been let go of. */
  #checkRoom(shelf: Shelf, name: string, digest: string, size: number): void {
    let needed = size;
    for (const one of this.#owners.values()) {
      const digests = new Set<string>();
      for (const record of one.records.values()) {
        const newest = record.versions.at(-1);
        if (newest !== undefined && !(one === shelf && record.name === name)) digests.add(newest.digest);
      }
      if (one === shelf) digests.delete(digest);
      for (const each of digests) needed += one.packed.get(each)?.bytes.length ?? 0;
    }
    if (needed > this.#options.limit) throw new NoRoom(this.#options.limit);
  }

  /** The oldest version of these records that is not the newest of its name. */
  #oldest(shelf: Shelf): { readonly record: NameRecord; readonly version: Version } | undefined {
    let oldest: { readonly record: NameRecord; readonly version: Version } | undefined;
    for (const record of shelf.records.values()) {
      const [version] = record.versions;
      if (record.versions.length < 2 || version === undefined) continue;
      if (oldest === undefined || version.time < oldest.version.time) oldest = { record, version };
    }
    return oldest;
  }

  /** Lets go of versions that are not the newest of their name: first of whoever sent one now, then of who has most. */
  #makeRoom(shelf: Shelf): void {
    let count = 0;
    while (this.#bytes > this.#options.limit) {
      const sizeOf = ({ packed }: Shelf) => [...packed.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
      const from = [shelf, ...[...this.#owners.values()].sort((a, b) => sizeOf(b) - sizeOf(a))].find(
        (one) => this.#oldest(one) !== undefined,
      );
      const oldest = from === undefined ? undefined : this.#oldest(from);
      if (from === undefined || oldest === undefined) break;
      const { record } = oldest;
      const shorter = { ...record, versions: record.versions.slice(1) };
      from.records.set(record.name, shorter);
      const digests = record.versions.map(({ digest }) => digest);
      for (const digest of digestsLost(digests, [...from.records.values()])) this.#remove(from, digest);
      count++;
    }
    if (count > 0) this.#options.onEvicted?.(count);
  }

  async close(): Promise<void> {}
}
