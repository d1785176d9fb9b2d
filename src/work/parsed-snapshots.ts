/** The snapshots that a worker thread keeps parsed, so that a second question costs only its own work. */
import { readSnapshot, type Snapshot } from '../cluster/read-snapshot.js';
import { filesOfHeld, type HeldSnapshot } from '../snapshots/held-snapshot.js';
import type { SentSnapshot } from './job.js';

interface Entry {
  readonly digest: string;
  readonly snapshot: Snapshot;
  readonly size: number;
}

/** Bytes in other files are other snapshots, though their digest is the same. */
function keyOf({ digest, files }: SentSnapshot): string {
  return `${digest} ${files.map(({ name, length }) => `${length}:${JSON.stringify(name ?? '')}`).join(' ')}`;
}

/** Thrown where the bytes are not those that the digest is of. */
export class DamagedSnapshot extends Error {}

export class ParsedSnapshots {
  readonly #limit: number;
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>();
  #size = 0;
  /** The key of the one that was read last. */
  #latest = '';
  #changed = true;

  /** `limit`: the most bytes of the snapshots as they were sent; the latest one is kept whatever its size. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Their digests, if others are kept than when they were asked for last. */
  get digests(): readonly string[] | 'SAME' {
    if (!this.#changed) return 'SAME';
    this.#changed = false;
    return [...new Set([...this.#entries.values()].map(({ digest }) => digest))];
  }

  /**
   * The snapshot, parsed now unless it is kept; undefined where it is not kept and came without its bytes. Throws
   * QuestionError as readSnapshot does; DamagedSnapshot. `isChecked`: the digest has just been worked out of the bytes.
   */
  read({ digest, files, bytes }: SentSnapshot, isChecked = false): Snapshot | undefined {
    const key = keyOf({ digest, files });
    const kept = this.#entries.get(key);
    if (kept === undefined && bytes === undefined) return undefined;
    if (kept !== undefined && this.#latest === key) return kept.snapshot;
    const entry = kept ?? this.#parse({ digest, files, bytes: bytes as SharedArrayBuffer }, isChecked);
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    this.#latest = key;
    return entry.snapshot;
  }

  #parse(held: HeldSnapshot, isChecked: boolean): Entry {
    const size = held.bytes.byteLength;
    this.#changed = true;
    // Room first: the old and the new one together may be more than the thread's heap has.
    for (const [key, entry] of this.#entries) {
      if (this.#size + size <= this.#limit) break;
      this.#entries.delete(key);
      this.#size -= entry.size;
    }
    const snapshot = readSnapshot({ files: filesOfHeld(held), ...(isChecked ? { digest: held.digest } : {}) });
    if (snapshot.digest !== held.digest) throw new DamagedSnapshot('the bytes are not those of the digest');
    this.#size += size;
    return { digest: held.digest, snapshot, size };
  }
}
