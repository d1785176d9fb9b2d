/**
 * Snapshots in Valkey or Redis, which replicas share. A snapshot is compressed and cut into pieces, so that no single command
 * keeps the server long; what it consists of is written last, so that nobody reads half of one. Keys expire by themselves.
 */
import { webcrypto } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, gunzip, gzip } from 'node:zlib';
import { createClient, RESP_TYPES } from '@redis/client';
import type { HeldFile, HeldSnapshot } from './held-snapshot.js';
import type { SnapshotStore } from './shelf.js';

export interface RedisOptions {
  /** `redis://user:password@host:6379/0`, or `rediss://` with TLS. */
  readonly url: string;
  /** For connecting, and for every command, milliseconds. */
  readonly timeout: number;
  /** How long a snapshot is kept that nobody asks about, milliseconds. */
  readonly idleLimit: number;
  /** The largest snapshot, compressed, in bytes. */
  readonly limit: number;
  /** Told when the connection is lost and when it is there again. */
  readonly onChange?: (up: boolean, error?: unknown) => void;
}

const PIECE = 1024 * 1024;

/** The keys' format: a replica of another version passes over what it cannot read. */
const VERSION = 1;

/** Between attempts to reconnect, at most, milliseconds. */
const RETRY = 2_000;

interface Meta {
  readonly version: number;
  readonly files: readonly HeldFile[];
  /** Before compression. */
  readonly bytes: number;
  readonly pieces: number;
}

const compress = promisify(gzip);
const inflate = promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip);

function isMeta(value: unknown): value is Meta {
  const { version, files, bytes, pieces } = Object(value) as Partial<Record<keyof Meta, unknown>>;
  return version === VERSION && Array.isArray(files) && Number.isSafeInteger(bytes) && Number.isSafeInteger(pieces);
}

function readMeta(text: Buffer | null): Meta | undefined {
  if (text === null) return undefined;
  try {
    const value: unknown = JSON.parse(text.toString('utf8'));
    return isMeta(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function connectTo({ url, timeout }: RedisOptions) {
  return createClient({
    url,
    // While the connection is lost, commands fail at once instead of waiting for it.
    disableOfflineQueue: true,
    commandOptions: { timeout, typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
    socket: {
      connectTimeout: timeout,
      reconnectStrategy: (retries) => Math.min(100 * 2 ** Math.min(retries, 8), RETRY),
    },
  });
}

export class RedisStore implements SnapshotStore {
  readonly #options: RedisOptions;
  readonly #client: ReturnType<typeof connectTo>;
  #up = false;

  /** Connects in the background; until it has, and whenever the connection is lost, the methods reject. */
  constructor(options: RedisOptions) {
    this.#options = options;
    this.#client = connectTo(options);
    let told: boolean | undefined;
    const change = (up: boolean, error?: unknown) => {
      this.#up = up;
      if (told !== up) options.onChange?.(up, error);
      told = up;
    };
    this.#client.on('ready', () => change(true)).on('error', (error: unknown) => change(false, error));
    // It keeps trying by itself; what it says is heard above.
    this.#client.connect().catch(() => {});
  }

  get up(): boolean {
    return this.#up && this.#client.isReady;
  }

  #key(owner: string, digest: string, piece: number | 'meta'): string {
    return `kube-whatif:snapshot:${owner}:${digest}:${piece}`;
  }

  /** Throws Error when the store does not answer, or the snapshot is larger than the limit. */
  async put(owner: string, { digest, bytes, files }: HeldSnapshot): Promise<void> {
    const packed = await compress(new Uint8Array(bytes), { level: constants.Z_BEST_SPEED });
    if (packed.length > this.#options.limit) throw new Error(`the snapshot has ${packed.length} bytes, compressed`);
    const expiry = { expiration: { type: 'PX', value: this.#options.idleLimit } } as const;
    const pieces = Math.ceil(packed.length / PIECE);
    for (let piece = 0; piece < pieces; piece++) {
      const part = packed.subarray(piece * PIECE, (piece + 1) * PIECE);
      await this.#client.set(this.#key(owner, digest, piece), part, expiry);
    }
    const meta: Meta = { version: VERSION, files, bytes: bytes.byteLength, pieces };
    await this.#client.set(this.#key(owner, digest, 'meta'), JSON.stringify(meta), expiry);
  }

  async #meta(owner: string, digest: string): Promise<Meta | undefined> {
    return readMeta(await this.#client.getEx(this.#key(owner, digest, 'meta'), this.#expiry));
  }

  get #expiry() {
    return { type: 'PX', value: this.#options.idleLimit } as const;
  }

  /**
   * The snapshot, undefined when it is not all there, or its bytes are not those of the digest. Throws Error when the store
   * does not answer.
   */
  async get(owner: string, digest: string): Promise<HeldSnapshot | undefined> {
    const meta = await this.#meta(owner, digest);
    if (meta === undefined) return undefined;
    const pieces: Buffer[] = [];
    for (let piece = 0; piece < meta.pieces; piece++) {
      const part = await this.#client.getEx(this.#key(owner, digest, piece), this.#expiry);
      if (part === null) return undefined;
      pieces.push(part);
    }
    let whole: Buffer;
    try {
      whole = await inflate(Buffer.concat(pieces), { maxOutputLength: Math.max(1, meta.bytes) });
    } catch {
      return undefined;
    }
    if (whole.length !== meta.bytes || meta.files.reduce((sum, { length }) => sum + length, 0) !== meta.bytes) {
      return undefined;
    }
    // Hashed on a thread of the pool: the event loop has others to serve.
    const sum = Buffer.from(await webcrypto.subtle.digest('SHA-256', whole)).toString('hex');
    if (digest !== `sha256:${sum}`) return undefined;
    const bytes = new SharedArrayBuffer(whole.length);
    new Uint8Array(bytes).set(whole);
    return { digest, bytes, files: meta.files };
  }

  /** Whether it is all there; from now on it is kept as long as if it had just been sent. */
  async has(owner: string, digest: string): Promise<boolean> {
    const meta = await this.#meta(owner, digest);
    if (meta === undefined) return false;
    const pieces = Array.from({ length: meta.pieces }, (_, piece) =>
      this.#client.pExpire(this.#key(owner, digest, piece), this.#options.idleLimit),
    );
    return (await Promise.all(pieces)).every((there) => there === 1);
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }
}
