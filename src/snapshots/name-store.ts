/** Where names and their snapshots are kept: what both places, memory and a shared store, have in common. */
import type { HeldSnapshot } from './held-snapshot.js';
import type { NameRecord } from './name-record.js';

/** There is no room for a snapshot, whatever older versions are let go of. */
export class NoRoom extends Error {
  constructor(limit: number | undefined) {
    super(limit === undefined ? 'the store is full' : `the newest versions of all names fill the ${limit} bytes`);
    this.name = 'NoRoom';
  }
}

/**
 * What a record becomes; undefined: it goes. May be called several times. What it throws leaves everything as it was.
 */
export type Change = (before: NameRecord | undefined) => NameRecord | undefined;

/** All methods reject with StoreDown when the place cannot be reached. */
export interface NameStore {
  /** Other replicas see the same names. */
  readonly shared: boolean;
  read(owner: string, name: string): Promise<NameRecord | undefined>;
  list(owner: string): Promise<readonly NameRecord[]>;
  /**
   * Changes a record at once, as if nobody else did at the same time, and keeps the snapshot that came with it. Returns
   * what is there now. Rejects with NoRoom, or with what `change` throws.
   */
  update(owner: string, name: string, change: Change, held?: HeldSnapshot): Promise<NameRecord | undefined>;
  /** A snapshot that a version of some name of this owner has. */
  load(owner: string, digest: string): Promise<HeldSnapshot | undefined>;
  has(owner: string, digest: string): Promise<boolean>;
  close(): Promise<void>;
}
