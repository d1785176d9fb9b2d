/**
 * Snapshots in Valkey or Redis, which replicas share. A snapshot is compressed and cut into pieces, so that no single
 * command keeps the server long; what it consists of is written last, so that nobody reads half of one. Keys expire by
 * themselves. What is read is not trusted: lengths are bounded, the bytes must have the digest, and what is damaged is
 * dropped.
 */
import { webcrypto } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, gunzip, gzip } from 'node:zlib';
import type { HeldFile, HeldSnapshot } from './held-snapshot.js';
import { RedisConnection, StoreDown } from './redis-connection.js';
import { Seal, type SealOptions } from './seal.js';
import type { SnapshotStore } from './shelf.js';

export interface RedisOptions extends SealOptions {
  /** `redis://user:password@host:6379/0`, or `rediss://` with TLS. */
  readonly url: string;
  /**
   * For connecting, and for every command, milliseconds. All commands of one snapshot may take three times as long
   * together.
   */
  readonly timeout: number;
  /** How long a snapshot is kept that nobody asks about, milliseconds. */
  readonly idleLimit: number;
  /** The largest snapshot, compressed, in bytes. */
  readonly limit: number;
  /** The largest snapshot, not compressed, that is read; larger ones count as missing. */
  readonly readLimit?: number;
  /** Called when the connection is lost and when it is there again. */
  readonly onChange?: (up: boolean, error?: unknown) => void;
  /** In the keys' names, so that snapshots kept for different reasons expire apart. Default `snapshot`. */
  readonly space?: 'snapshot' | 'named';
}

const PIECE = 1024 * 1024;

/** In the keys' names: replicas of another version do not see what they cannot read. */
const VERSION = 2;

/**
 * The longest description of a snapshot that is read, bytes; the most files that it lists, and the length of their
 * names.
 */
const META_LIMIT = 256 * 1024;
const FILES_LIMIT = 1000;
const NAME_LIMIT = 1024;

/** Pieces that are asked for at once. */
const WINDOW = 4;

/** How long all commands for one snapshot may take, in timeouts. */
const WHOLE = 3;

interface Meta {
  readonly version: number;
  readonly files: readonly HeldFile[];
  /** Before compression. */
  readonly bytes: number;
  /** After it, of all pieces together. */
  readonly packed: number;
  readonly pieces: number;
}

const compress = promisify(gzip);
const inflate = promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip);

function isCount(value: unknown, most: number): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= most;
}

function isFile(value: unknown): value is HeldFile {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const { name, length } = value as { readonly name?: unknown; readonly length?: unknown };
  return (
    isCount(length, Number.MAX_SAFE_INTEGER) &&
    (name === undefined || (typeof name === 'string' && name.length <= NAME_LIMIT))
  );
}

/** The description of a snapshot, undefined where it cannot be one. */
function readMeta(text: Buffer, limit: number, readLimit: number): Meta | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text.toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { version, files, bytes, packed, pieces } = value as Partial<Record<keyof Meta, unknown>>;
  if (version !== VERSION || !isCount(bytes, readLimit) || !isCount(packed, limit)) return undefined;
  if (pieces !== Math.ceil(packed / PIECE) || pieces === 0) return undefined;
  if (!Array.isArray(files) || files.length === 0 || files.length > FILES_LIMIT || !files.every(isFile))
    return undefined;
  if (files.reduce((sum, { length }) => sum + length, 0) !== bytes) return undefined;
  const kept = files.map(({ name, length }) => (name === undefined ? { length } : { name, length }));
  return { version: VERSION, files: kept, bytes, packed, pieces };
}

export class RedisStore implements SnapshotStore {
  readonly #options: RedisOptions;
  readonly #connection: RedisConnection;
  readonly #seal: Seal;
  readonly #readLimit: number;

  /**
   * Connects in the background, unless there is a connection; until it has, and whenever the store does not answer, the
   * methods reject. Throws RangeError for encryption without a key.
   */
  constructor(options: RedisOptions, connection?: RedisConnection) {
    this.#options = options;
    this.#seal = new Seal(options);
    this.#readLimit = options.readLimit ?? Number.MAX_SAFE_INTEGER;
    const { url, timeout, onChange } = options;
    this.#connection = connection ?? new RedisConnection({ url, timeout, onChange });
  }

  /** The connection, for whoever keeps something else in the same store. */
  get connection(): RedisConnection {
    return this.#connection;
  }

  get up(): boolean {
    return this.#connection.up;
  }

  #key(owner: string, digest: string, piece: number | 'meta'): string {
    const { space = 'snapshot' } = this.#options;
    return `kube-whatif:${space}:${VERSION}:${this.#seal.owner(owner)}:${digest}:${piece}`;
  }

  #keys(owner: string, digest: string, pieces: number): string[] {
    return [
      this.#key(owner, digest, 'meta'),
      ...Array.from({ length: pieces }, (_, piece) => this.#key(owner, digest, piece)),
    ];
  }

  /** A function that rejects once all commands of one snapshot have taken too long. */
  #clock(): () => number {
    const end = performance.now() + WHOLE * this.#options.timeout;
    return () => {
      const left = end - performance.now();
      if (left <= 0) throw new StoreDown('the store takes too long for a snapshot');
      return Math.min(left, this.#options.timeout);
    };
  }

  /** Throws Error when the store does not answer or is full, or the snapshot is larger than the limit. */
  async put(owner: string, { digest, bytes, files }: HeldSnapshot): Promise<void> {
    const packed = await compress(new Uint8Array(bytes), { level: constants.Z_BEST_SPEED });
    if (packed.length > this.#options.limit) throw new Error(`the snapshot has ${packed.length} bytes, compressed`);
    const expiry = { expiration: { type: 'PX', value: this.#options.idleLimit } } as const;
    const pieces = Math.ceil(packed.length / PIECE);
    const left = this.#clock();
    try {
      for (let piece = 0; piece < pieces; piece++) {
        const part = this.#seal.close(packed.subarray(piece * PIECE, (piece + 1) * PIECE), `${digest}:${piece}`);
        const key = this.#key(owner, digest, piece);
        await this.#connection.call((client) => client.set(key, part, expiry), left());
      }
      const meta: Meta = { version: VERSION, files, bytes: bytes.byteLength, packed: packed.length, pieces };
      const text = this.#seal.close(Buffer.from(JSON.stringify(meta)), `${digest}:meta`);
      await this.#connection.call((client) => client.set(this.#key(owner, digest, 'meta'), text, expiry), left());
    } catch (error) {
      // Half of a snapshot is of no use, and a full store needs the room.
      if (!(error instanceof StoreDown)) await this.#drop(owner, digest, pieces).catch(() => {});
      throw error;
    }
  }

  /** From now on the snapshot is kept so many milliseconds, unless it is sent or asked about again. */
  async shorten(owner: string, digest: string, milliseconds: number): Promise<void> {
    const left = this.#clock();
    const meta = await this.#meta(owner, digest, left());
    if (meta === undefined) return;
    const keys = this.#keys(owner, digest, meta === 'DAMAGED' ? 0 : meta.pieces);
    await this.#connection.call((client) => Promise.all(keys.map((key) => client.pExpire(key, milliseconds))), left());
  }

  async #drop(owner: string, digest: string, pieces: number): Promise<void> {
    const keys = this.#keys(owner, digest, pieces);
    await this.#connection.call((client) => client.unlink(keys));
  }

  /** Its description: undefined where there is none, `DAMAGED` where it is not one. */
  async #meta(owner: string, digest: string, limit: number): Promise<Meta | 'DAMAGED' | undefined> {
    const key = this.#key(owner, digest, 'meta');
    const text = await this.#connection.call(async (client) => {
      const [found] = await Promise.all([
        client.getRange(key, 0, META_LIMIT),
        client.pExpire(key, this.#options.idleLimit),
      ]);
      return found as unknown as Buffer;
    }, limit);
    if (text.length === 0) return undefined;
    if (text.length > META_LIMIT) return 'DAMAGED';
    const open = this.#seal.open(text, `${digest}:meta`);
    const meta = open === undefined ? undefined : readMeta(open, this.#options.limit, this.#readLimit);
    return meta ?? 'DAMAGED';
  }

  /** One piece as it was written; undefined where it is missing or changed. */
  async #piece(owner: string, digest: string, piece: number, meta: Meta, limit: number): Promise<Buffer | undefined> {
    const key = this.#key(owner, digest, piece);
    const length = piece < meta.pieces - 1 ? PIECE : meta.packed - piece * PIECE;
    const stored = length + this.#seal.overhead;
    const part = await this.#connection.call(async (client) => {
      // One byte more than there should be tells whether there is more.
      const [found] = await Promise.all([
        client.getRange(key, 0, stored),
        client.pExpire(key, this.#options.idleLimit),
      ]);
      return found as unknown as Buffer;
    }, limit);
    return part.length === stored ? this.#seal.open(part, `${digest}:${piece}`) : undefined;
  }

  /** The bytes of a snapshot; undefined where they are not all there, or are not those of the digest. */
  async #bytes(owner: string, digest: string, meta: Meta, left: () => number): Promise<SharedArrayBuffer | undefined> {
    const pieces: Buffer[] = [];
    for (let from = 0; from < meta.pieces; from += WINDOW) {
      const numbers = Array.from({ length: Math.min(WINDOW, meta.pieces - from) }, (_, i) => from + i);
      const limit = left();
      const parts = await Promise.all(numbers.map((piece) => this.#piece(owner, digest, piece, meta, limit)));
      for (const part of parts) {
        if (part === undefined) return undefined;
        pieces.push(part);
      }
    }
    let whole: Buffer;
    try {
      whole = await inflate(Buffer.concat(pieces), { maxOutputLength: Math.max(1, meta.bytes) });
    } catch {
      return undefined;
    }
    if (whole.length !== meta.bytes) return undefined;
    // Hashed on a thread of the pool: the event loop has others to serve.
    const sum = Buffer.from(await webcrypto.subtle.digest('SHA-256', whole)).toString('hex');
    if (digest !== `sha256:${sum}`) return undefined;
    const bytes = new SharedArrayBuffer(whole.length);
    new Uint8Array(bytes).set(whole);
    return bytes;
  }

  /**
   * The snapshot; undefined when it is not there. One that is damaged is dropped, so that it is missing from now on and
   * is written anew when it is sent again. Throws Error when the store does not answer.
   */
  async get(owner: string, digest: string): Promise<HeldSnapshot | undefined> {
    const left = this.#clock();
    const meta = await this.#meta(owner, digest, left());
    if (meta === undefined) return undefined;
    const bytes = meta === 'DAMAGED' ? undefined : await this.#bytes(owner, digest, meta, left);
    if (bytes !== undefined && meta !== 'DAMAGED') return { digest, bytes, files: meta.files };
    await this.#drop(owner, digest, meta === 'DAMAGED' ? 0 : meta.pieces);
    return undefined;
  }

  /**
   * Whether it is all there as far as lengths tell; from now on it is kept as long as if it had just been sent. One
   * that is not whole is dropped.
   */
  async has(owner: string, digest: string): Promise<boolean> {
    const left = this.#clock();
    const meta = await this.#meta(owner, digest, left());
    if (meta === undefined) return false;
    if (meta !== 'DAMAGED') {
      const { pieces, packed } = meta;
      const keys = this.#keys(owner, digest, pieces).slice(1);
      const lengths = await this.#connection.call(
        (client) =>
          Promise.all(
            keys.map(async (key) => {
              const [length] = await Promise.all([client.strLen(key), client.pExpire(key, this.#options.idleLimit)]);
              return Number(length);
            }),
          ),
        left(),
      );
      const total = packed + pieces * this.#seal.overhead;
      if (lengths.reduce((sum, length) => sum + length, 0) === total) return true;
    }
    await this.#drop(owner, digest, meta === 'DAMAGED' ? 0 : meta.pieces);
    return false;
  }

  async close(): Promise<void> {
    this.#connection.close();
  }
}
