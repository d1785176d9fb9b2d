/**
 * Names in Valkey or Redis, which replicas share: one hash for each owner, with a record for each name. A record is
 * changed by compare-and-set, so that of two writers none overwrites what it has not seen. Snapshots of names are kept
 * apart from others, since they outlast them.
 */
import { ErrorReply } from '@redis/client';
import { LRUCache } from 'lru-cache';
import type { HeldSnapshot } from './held-snapshot.js';
import { digestsLost, type NameRecord, readRecord } from './name-record.js';
import { type Change, type NameStore, NoRoom } from './name-store.js';
import { type RedisConnection, StoreDown } from './redis-connection.js';
import { type RedisOptions, RedisStore } from './redis-store.js';
import { Seal } from './seal.js';

/** In the keys' names: replicas of another version do not see what they cannot read. */
const VERSION = 1;

/** So many records are remembered. */
const REMEMBERED = 200;

/** How often a change is tried anew when somebody else was faster. */
const TRIES = 30;

/** How long a snapshot stays that no version has any more: whoever sends it again at this moment must find it. */
const GRACE = 600_000;

/**
 * Sets (or with an empty value deletes) a field of a hash if it holds what is expected (empty: nothing), and prolongs
 * the hash. KEYS: the hash. ARGV: field, expected, value, milliseconds.
 */
const COMPARE_AND_SET = `
local found = redis.call('HGET', KEYS[1], ARGV[1])
if (found or '') ~= ARGV[2] then return 0 end
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1`;

/** The codes of errors when the store's memory is used up, or it cannot write. */
const FULL: readonly string[] = ['OOM', 'MISCONF'];

/** The code of an error that the store answers: its first word, by the protocol (RESP, "Simple errors"). */
function codeOf({ message }: ErrorReply): string {
  return message.split(' ', 1)[0] ?? '';
}

function asNoRoom(error: unknown): unknown {
  return error instanceof ErrorReply && FULL.includes(codeOf(error)) ? new NoRoom(undefined) : error;
}

export class RedisNames implements NameStore {
  readonly shared = true;
  readonly #snapshots: RedisStore;
  readonly #connection: RedisConnection;
  readonly #seal: Seal;
  readonly #keep: number;
  /**
   * Records as they were read last, by field: questions come faster than snapshots. What is stored decides, so that
   * owners may share it.
   */
  readonly #read = new LRUCache<string, { readonly stored: Buffer; readonly record: NameRecord }>({ max: REMEMBERED });

  /** `options.idleLimit`: how long names and their snapshots are kept that nobody sends or asks about. */
  constructor(options: RedisOptions, connection: RedisConnection) {
    this.#snapshots = new RedisStore({ ...options, space: 'named' }, connection);
    this.#connection = connection;
    this.#seal = new Seal(options);
    this.#keep = options.idleLimit;
  }

  #key(owner: string): string {
    return `kube-whatif:names:${VERSION}:${this.#seal.owner(owner)}`;
  }

  /** The field of a name: with a key, the store does not show the name. */
  #field(name: string): string {
    return this.#seal.owner(`name ${name}`);
  }

  /** The record that is stored; the one that was read last where it is still the same. */
  #open(stored: Buffer, field: string): NameRecord | undefined {
    const known = this.#read.get(field);
    if (known?.stored.equals(stored)) return known.record;
    const record = this.#openAnew(stored, field);
    this.#read.set(field, record === undefined ? undefined : { stored, record });
    return record;
  }

  #openAnew(stored: Buffer, field: string): NameRecord | undefined {
    const text = this.#seal.open(stored, `name:${field}`);
    return text === undefined ? undefined : readRecord(text.toString('utf8'));
  }

  async #stored(owner: string, name: string): Promise<Buffer> {
    const [key, field] = [this.#key(owner), this.#field(name)];
    const found = await this.#connection.call(async (client) => {
      const [value] = await Promise.all([client.hGet(key, field), client.pExpire(key, this.#keep)]);
      return value as unknown as Buffer | null;
    });
    return found ?? Buffer.alloc(0);
  }

  async read(owner: string, name: string): Promise<NameRecord | undefined> {
    const stored = await this.#stored(owner, name);
    return stored.length === 0 ? undefined : this.#open(stored, this.#field(name));
  }

  async list(owner: string): Promise<readonly NameRecord[]> {
    const key = this.#key(owner);
    const all = await this.#connection.call(async (client) => {
      const [found] = await Promise.all([client.hGetAll(key), client.pExpire(key, this.#keep)]);
      return found as unknown as Readonly<Record<string, Buffer>>;
    });
    return Object.entries(all).flatMap(([field, stored]) => this.#open(Buffer.from(stored), field) ?? []);
  }

  async update(owner: string, name: string, change: Change, held?: HeldSnapshot): Promise<NameRecord | undefined> {
    const field = this.#field(name);
    let kept = false;
    for (let tries = 0; tries < TRIES; tries++) {
      const stored = await this.#stored(owner, name);
      const before = stored.length === 0 ? undefined : this.#open(stored, field);
      let after: NameRecord | undefined;
      try {
        after = change(before);
      } catch (error) {
        // Somebody was faster, and the change is refused now: its snapshot is of no use.
        if (held !== undefined && kept) await this.#letGo(owner, [held.digest]).catch(() => {});
        throw error;
      }
      // The snapshot first: a name never leads to one that is not there.
      if (held !== undefined && !kept) await this.#keepSnapshot(owner, held);
      kept = true;
      const value =
        after === undefined ? Buffer.alloc(0) : this.#seal.close(Buffer.from(JSON.stringify(after)), `name:${field}`);
      if (!(await this.#compareAndSet(owner, field, stored, value))) continue;
      // Somebody may have let go of the same snapshot meanwhile.
      if (held !== undefined) await this.#snapshots.has(owner, held.digest).catch(() => false);
      const digests = (before?.versions ?? []).map(({ digest }) => digest);
      await this.#letGo(owner, digests).catch(() => {});
      return after;
    }
    throw new StoreDown('the name is changed by others all the time');
  }

  async #keepSnapshot(owner: string, held: HeldSnapshot): Promise<void> {
    try {
      await this.#snapshots.put(owner, held);
    } catch (error) {
      throw asNoRoom(error);
    }
  }

  async #compareAndSet(owner: string, field: string, expected: Buffer, value: Buffer): Promise<boolean> {
    const keys = [this.#key(owner)];
    const args = [Buffer.from(field), expected, value, Buffer.from(String(this.#keep))];
    try {
      const reply = await this.#connection.call((client) => client.eval(COMPARE_AND_SET, { keys, arguments: args }));
      return Number(reply) === 1;
    } catch (error) {
      throw asNoRoom(error);
    }
  }

  /** Has those of these snapshots expire that no record has any more. */
  async #letGo(owner: string, digests: readonly string[]): Promise<void> {
    if (digests.length === 0) return;
    for (const digest of digestsLost(digests, await this.list(owner))) {
      await this.#snapshots.shorten(owner, digest, GRACE);
    }
  }

  load(owner: string, digest: string): Promise<HeldSnapshot | undefined> {
    return this.#snapshots.get(owner, digest);
  }

  has(owner: string, digest: string): Promise<boolean> {
    return this.#snapshots.has(owner, digest);
  }

  async close(): Promise<void> {
    this.#connection.close();
  }
}
