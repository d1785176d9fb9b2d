/**
 * One connection to Valkey or Redis that never keeps anybody waiting: every call has a deadline, and after one that is
 * missed, calls fail at once until the store answers again, which is tried in the background.
 */
import { createClient, ErrorReply, RESP_TYPES } from '@redis/client';

export interface ConnectionOptions {
  /** `redis://user:password@host:6379/0`, or `rediss://` with TLS. */
  readonly url: string;
  /** For connecting, and for the answer to every call, milliseconds. */
  readonly timeout: number;
  /** Called when the store can no longer be reached, and when it can again. */
  readonly onChange?: ((up: boolean, error?: unknown) => void) | undefined;
}

/** The store cannot be reached, or did not answer in time. */
export class StoreDown extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'StoreDown';
  }
}

function newClient({ url, timeout }: ConnectionOptions) {
  return createClient({
    url,
    RESP: 2,
    disableOfflineQueue: true,
    commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
    // A lost connection is replaced as a whole, see `#revive`.
    socket: { connectTimeout: timeout, reconnectStrategy: false },
  });
}

export type RedisClient = ReturnType<typeof newClient>;

/** Between attempts to connect, milliseconds: the first one, and the longest. */
const FIRST_RETRY = 100;
const LAST_RETRY = 2_000;

/** Rejects with StoreDown when `work` takes longer than `limit` milliseconds; what it does later is ignored. */
async function within<T>(limit: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new StoreDown(`the store did not answer within ${limit} ms`)), limit);
  });
  work.catch(() => {});
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

export class RedisConnection {
  readonly #options: ConnectionOptions;
  #client: RedisClient | undefined;
  #reported: boolean | undefined;
  #retry = FIRST_RETRY;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** Connects in the background. */
  constructor(options: ConnectionOptions) {
    this.#options = options;
    void this.#revive();
  }

  /** Whether the last call, or the last heartbeat, was answered. */
  get up(): boolean {
    return this.#client !== undefined;
  }

  /**
   * Has the store do something. Rejects with StoreDown when it cannot be reached, when the connection is lost
   * meanwhile, or when `limit` milliseconds pass (default: the timeout); with the store's own error when it refuses.
   */
  async call<T>(work: (client: RedisClient) => Promise<T>, limit = this.#options.timeout): Promise<T> {
    const client = this.#client;
    if (client === undefined) throw new StoreDown('the store cannot be reached');
    try {
      return await within(limit, work(client));
    } catch (error) {
      if (isRefusal(error)) throw error;
      this.#lost(client, error);
      throw error instanceof StoreDown
        ? error
        : new StoreDown(`the connection to the store is lost: ${messageOf(error)}`);
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = undefined;
    if (client !== undefined) discard(client);
  }

  #tell(up: boolean, error?: unknown): void {
    if (this.#reported === up || this.#closed) return;
    this.#reported = up;
    this.#options.onChange?.(up, error);
  }

  /** Lets go of a connection with all that waits on it, and begins to look for another. */
  #lost(client: RedisClient, error: unknown): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    clearTimeout(this.#timer);
    discard(client);
    this.#tell(false, error);
    this.#later(() => void this.#revive(), this.#retry);
  }

  #later(act: () => void, delay: number): void {
    if (!this.#closed) this.#timer = setTimeout(act, delay).unref();
  }

  /** Connects, and believes it once the store has answered: a frozen one takes connections too. */
  async #revive(): Promise<void> {
    const { timeout } = this.#options;
    const client = newClient(this.#options);
    client.on('error', (error: unknown) => this.#lost(client, error));
    try {
      await within(timeout, client.connect());
      await within(timeout, client.ping());
    } catch (error) {
      discard(client);
      this.#tell(false, error);
      this.#retry = Math.min(2 * this.#retry, LAST_RETRY);
      this.#later(() => void this.#revive(), this.#retry);
      return;
    }
    if (this.#closed) {
      discard(client);
      return;
    }
    this.#client = client;
    this.#retry = FIRST_RETRY;
    this.#tell(true);
    this.#later(() => void this.#beat(), timeout);
  }

  /** Asks now and then, so that a store that froze is known before somebody waits for it. */
  async #beat(): Promise<void> {
    const client = this.#client;
    try {
      await this.call((one) => one.ping());
    } catch {
      // `call` has seen to it; a store that refuses to answer a ping still answers.
    }
    if (client !== undefined && this.#client === client) this.#later(() => void this.#beat(), this.#options.timeout);
  }
}

/** An error that the store sent as its answer, e.g. that its memory is full: the connection is fine. */
function isRefusal(error: unknown): boolean {
  return error instanceof ErrorReply;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Ends a connection and forgets what waits on it. */
function discard(client: RedisClient): void {
  client.on('error', () => {});
  try {
    client.destroy();
  } catch {
    // It was not connected.
  }
}
