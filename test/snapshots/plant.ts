/**
 * A store for tests, which speaks as much of Redis' protocol as is needed, and a proxy before it that can spoil the
 * connection.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** One command: an array of bulk strings (RESP 2), as every client sends it. */
function* commandsIn(buffer: { bytes: Buffer }): Generator<Buffer[]> {
  for (;;) {
    const { bytes } = buffer;
    let at = 0;
    const line = (): string | undefined => {
      const end = bytes.indexOf('\r\n', at);
      if (end < 0) return undefined;
      const text = bytes.toString('latin1', at, end);
      at = end + 2;
      return text;
    };
    const head = line();
    if (head === undefined) return;
    const parts: Buffer[] = [];
    for (let i = 0; i < Number(head.slice(1)); i++) {
      const size = line();
      if (size === undefined) return;
      const length = Number(size.slice(1));
      if (bytes.length < at + length + 2) return;
      parts.push(bytes.subarray(at, at + length));
      at += length + 2;
    }
    buffer.bytes = bytes.subarray(at);
    yield parts;
  }
}

/** The store. */
export class TinyRedis {
  readonly data = new Map<string, Buffer>();
  readonly hashes = new Map<string, Map<string, Buffer>>();
  /** Commands that it was sent, by name. */
  readonly asked = new Map<string, number>();
  /** Its memory is used up: nothing is stored. */
  full = false;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor() {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      const buffer = { bytes: Buffer.alloc(0) };
      socket.on('close', () => this.#sockets.delete(socket)).on('error', () => {});
      socket.on('data', (chunk) => {
        buffer.bytes = Buffer.concat([buffer.bytes, chunk]);
        for (const parts of commandsIn(buffer)) socket.write(this.#reply(parts));
      });
    });
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #compareAndSet(key: string, [field = '', expected, value]: readonly (Buffer | string)[]): number {
    const hash = this.hashes.get(key) ?? new Map<string, Buffer>();
    if (!(hash.get(String(field)) ?? Buffer.alloc(0)).equals(expected as Buffer)) return 0;
    if (value?.length === 0) hash.delete(String(field));
    else hash.set(String(field), Buffer.from(value as Buffer));
    this.hashes.set(key, hash);
    return 1;
  }

  #reply([name = Buffer.alloc(0), ...rest]: Buffer[]): Buffer {
    const command = name.toString().toUpperCase();
    this.asked.set(command, (this.asked.get(command) ?? 0) + 1);
    const [key = '', second = '', third = ''] = rest.map(String);
    const bulk = (bytes: Buffer) => Buffer.concat([Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]);
    const number = (value: number) => Buffer.from(`:${value}\r\n`);
    const found = this.data.get(key);
    switch (command) {
      case 'PING':
        return Buffer.from('+PONG\r\n');
      case 'CLIENT':
      case 'SELECT':
        return Buffer.from('+OK\r\n');
      case 'SET':
        if (this.full) return Buffer.from("-OOM command not allowed when used memory > 'maxmemory'.\r\n");
        this.data.set(key, Buffer.from(rest[1] as Buffer));
        return Buffer.from('+OK\r\n');
      case 'GETRANGE':
        return bulk((found ?? Buffer.alloc(0)).subarray(Number(second), Number(third) + 1));
      case 'STRLEN':
        return number(found?.length ?? 0);
      case 'PEXPIRE':
        return number(found === undefined && !this.hashes.has(key) ? 0 : 1);
      case 'HGET': {
        const value = this.hashes.get(key)?.get(second);
        return value === undefined ? Buffer.from('$-1\r\n') : bulk(value);
      }
      case 'HGETALL': {
        const pairs = [...(this.hashes.get(key) ?? [])];
        const parts = pairs.flatMap(([field, value]) => [bulk(Buffer.from(field)), bulk(value)]);
        return Buffer.concat([Buffer.from(`*${parts.length}\r\n`), ...parts]);
      }
      case 'EVAL':
        // The one script that there is: compare and set.
        return this.full
          ? Buffer.from("-OOM command not allowed when used memory > 'maxmemory'.\r\n")
          : number(this.#compareAndSet(String(rest[2]), rest.slice(3)));
      case 'UNLINK':
        return number(rest.filter((one) => this.data.delete(String(one))).length);
      default:
        return Buffer.from(`-ERR unknown command '${command}'\r\n`);
    }
  }
}

/**
 * How the proxy spoils what passes: not at all, not a byte passes, every answer comes late, an answer's bytes are
 * others.
 */
export type Spoiling = 'NONE' | 'FROZEN' | 'SLOW' | 'CORRUPT' | 'REFUSING';

/** A TCP proxy before the store. */
export class SpoilingProxy {
  spoiling: Spoiling = 'NONE';
  /** How late SLOW answers are, milliseconds. */
  delay = 1000;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #held: (() => void)[] = [];

  constructor(to: number) {
    this.#server = createServer((client) => {
      if (this.spoiling === 'REFUSING') {
        client.destroy();
        return;
      }
      const store = connect(to, '127.0.0.1');
      for (const socket of [client, store]) {
        this.#sockets.add(socket);
        socket
          .on('error', () => {})
          .on('close', () => {
            this.#sockets.delete(socket);
            client.destroy();
            store.destroy();
          });
      }
      client.on('data', (chunk) => this.#pass(() => store.write(chunk)));
      store.on('data', (chunk) => {
        if (this.spoiling === 'CORRUPT' && chunk.length > 200)
          chunk[chunk.length >> 1] = (chunk[chunk.length >> 1] ?? 0) ^ 0xff;
        if (this.spoiling === 'SLOW') setTimeout(() => client.write(chunk), this.delay);
        else this.#pass(() => client.write(chunk));
      });
    });
  }

  #pass(write: () => void): void {
    if (this.spoiling === 'FROZEN') this.#held.push(write);
    else write();
  }

  /** Ends what spoils; what was held passes now. */
  thaw(): void {
    this.spoiling = 'NONE';
    for (const write of this.#held.splice(0)) write();
  }

  /** Cuts every connection. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}

/** A store and the proxy before it. */
export async function storeWithProxy(): Promise<{
  readonly store: TinyRedis;
  readonly proxy: SpoilingProxy;
  readonly url: string;
  close(): void;
}> {
  const store = new TinyRedis();
  const proxy = new SpoilingProxy(await store.listen());
  const port = await proxy.listen();
  const close = () => {
    proxy.close();
    store.close();
  };
  return { store, proxy, url: `redis://127.0.0.1:${port}`, close };
}

/** Waits until something is so. */
export async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await what())) await new Promise((resolve) => setTimeout(resolve, 20));
}
