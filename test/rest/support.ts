/** A server on a free port for one test file, and requests to it as they go over the wire. */
import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { type Backend, type BackendOptions, createBackend } from '../../src/operations/backend.js';
import type { ServerOptions } from '../../src/rest/http-options.js';
import { createServer } from '../../src/rest/server.js';

export const FAKE_WORKER = new URL('../work/joined/fake-worker.js', import.meta.url).href;

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bytes: Buffer;
  readonly text: string;
  /** The body as JSON; throws when it is none. */
  json(): ReplyBody;
}

/** The fields of answers and problems that tests look at. */
interface ReplyBody {
  readonly code: string;
  readonly detail: string;
  readonly status: number | string;
  readonly title: string;
  readonly type: string;
  readonly errors: readonly { readonly pointer: string; readonly in: string; readonly detail: string }[];
  readonly snapshot: { readonly digest: string; readonly counts: Readonly<Record<string, number>> };
  readonly result: Readonly<Record<string, unknown>>;
}

export interface Running {
  readonly app: FastifyInstance;
  readonly port: number;
  readonly backend: Backend;
}

/** Starts a server and waits until it is ready. Its threads start on demand: most tests need one of three. */
export async function start(options: BackendOptions & ServerOptions = {}): Promise<Running> {
  const backend = createBackend({ threadsOnDemand: true, ...options });
  const app = createServer(backend, options);
  app.addHook('preClose', async () => backend.workers.drain());
  app.addHook('onClose', () => backend.close());
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  await backend.workers.ready;
  return { app, port, backend };
}

/** Sends one request on a connection of its own. `body` may be given in pieces. Connection faults reject. */
export function send(
  { port }: { readonly port: number },
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body?: string | Uint8Array | readonly Uint8Array[],
  onSent: () => void = () => {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const bytes = Buffer.concat(chunks);
        const text = bytes.toString('utf8');
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          bytes,
          text,
          json: () => JSON.parse(text) as ReplyBody,
        });
      });
    });
    request.on('finish', onSent);
    request.on('error', reject);
    const pieces = Array.isArray(body)
      ? (body as readonly Uint8Array[])
      : body === undefined
        ? []
        : [body as string | Uint8Array];
    if (pieces.length === 1) request.end(pieces[0]);
    else {
      for (const piece of pieces) request.write(piece);
      request.end();
    }
  });
}

/** Sends JSON. */
export function post(
  running: { readonly port: number },
  path: string,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
) {
  return send(running, 'POST', path, { 'content-type': 'application/json', ...headers }, JSON.stringify(value));
}

/** A request to the fake worker that obeys a command. */
export function command(text: string): unknown {
  return { snapshot: { inline: {} }, settings: text === '' ? {} : { clusterDomain: text } };
}

/** Waits until something holds; throws Error when it does not within two minutes. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 120_000; !(await holds()); ) {
    if (performance.now() > end) throw new Error(`not within two minutes: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** How many questions are being answered, and how many wait, in all lanes. */
export function load({ backend }: Running): { readonly busy: number; readonly waiting: number } {
  const { loads } = backend.workers;
  const sum = (of: (one: (typeof loads)[number]) => number) => loads.reduce((all, one) => all + of(one), 0);
  return { busy: sum(({ busy }) => busy), waiting: sum(({ waiting }) => waiting) };
}

export const MIB = 1024 * 1024;

/** Small lanes, so that a test's server starts quickly. */
export const QUICK = { threads: 1, queueLimit: 64, memory: 256 };

/** A snapshot in pieces of 1 MiB, as long as asked for, with what kubectl leaves in: managedFields. */
export function largeSnapshot(bytes: number, settings: string): Buffer[] {
  const filler = JSON.stringify({
    kind: 'Pod',
    metadata: { name: 'p', managedFields: [{ fieldsV1: { 'f:spec': 'x'.repeat(MIB - 200) } }] },
  });
  const pieces = [Buffer.from(`{${settings}"snapshot":{"inline":{"kind":"List","items":[${filler}`)];
  for (let length = filler.length; length < bytes; length += filler.length + 1) pieces.push(Buffer.from(`,${filler}`));
  return [...pieces, Buffer.from(']}}}')];
}

export function upload(running: Running, pieces: readonly Buffer[]) {
  return send(running, 'POST', '/v1/chains', { 'content-type': 'application/json' }, pieces);
}
