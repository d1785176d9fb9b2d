/**
 * The gRPC server: the service of proto/ with its bytes untouched, reflection, health, and how long it waits for whom.
 */
import { createServer, isIPv6 } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { DescMethod } from '@bufbuild/protobuf';
import { Server, ServerCredentials, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { RPCS } from '../messages/codec.js';
import { registry } from '../messages/registry.js';
import type { Backend } from '../operations/backend.js';
import type { Tls } from '../operations/tls.js';
import type { QuestionKind } from '../questions/kinds.js';
import { Active } from './active.js';
import { TlsCredentials } from './credentials.js';
import { Health } from './health.js';
import { deleteName, listNames } from './names.js';
import { streamed, unary } from './questions.js';
import { addReflection } from './reflection.js';
import { SERVICE } from './service-name.js';
import { upload, uploadNamed } from './upload.js';

/** Why an address cannot be listened on, as Node says it (EADDRINUSE …). */
function listenError(host: string, port: number): Promise<string> {
  const probe = createServer();
  return new Promise((resolve) => {
    probe.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? 'EADDRNOTAVAIL'));
    // It can be listened on by now.
    probe.listen(port, host, () => probe.close(() => resolve('EADDRNOTAVAIL')));
  });
}

export interface GrpcOptions {
  /** How long a client may send nothing while it uploads, milliseconds. Default 30,000. */
  readonly bodyTimeout?: number;
  /** After how long a connection is ended, once its calls are done, milliseconds. Default 0: never. */
  readonly connectionAge?: number;
}

/**
 * The largest message: larger snapshots are uploaded in chunks, which count towards the memory for all requests as they
 * come.
 */
const MESSAGE_LIMIT = 64 * 1024 * 1024;

/** How long answers may take to leave when the server closes, milliseconds. */
const FLUSH = 1_000;

/** Calls at once on one connection. */
const STREAMS = 256;

const asIs = (bytes: Buffer | Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The RPCs as the library wants them. Messages stay bytes here: worker threads decode and encode them. */
function definitionOf(methods: readonly DescMethod[]): ServiceDefinition {
  return Object.fromEntries(
    methods.map(({ name, methodKind }) => [
      name,
      {
        path: `/${SERVICE}/${name}`,
        requestStream: methodKind === 'client_streaming',
        responseStream: methodKind === 'server_streaming',
        requestSerialize: asIs,
        requestDeserialize: asIs,
        responseSerialize: asIs,
        responseDeserialize: asIs,
      },
    ]),
  );
}

export class GrpcServer {
  readonly #server: Server;
  readonly #health = new Health();
  readonly #active = new Active();
  readonly #backend: Backend;
  #credentials: TlsCredentials | undefined;

  /** A server that is not listening yet. Closing it leaves the backend alone. */
  constructor(backend: Backend, { bodyTimeout = 30_000, connectionAge = 0 }: GrpcOptions = {}) {
    this.#backend = backend;
    this.#server = new Server({
      'grpc.max_receive_message_length': Math.min(MESSAGE_LIMIT, backend.workers.options.bodyLimit),
      'grpc.max_send_message_length': -1,
      'grpc.max_concurrent_streams': STREAMS,
      // A client that is gone without a word is noticed within two minutes.
      'grpc.keepalive_time_ms': 90_000,
      'grpc.keepalive_timeout_ms': 20_000,
      'grpc.max_connection_idle_ms': 1_800_000,
      // Calls under way are not cut off: none takes longer than the time limit.
      ...(connectionAge === 0 ? {} : { 'grpc.max_connection_age_ms': connectionAge }),
    });
    const methods = registry().getService(SERVICE)?.methods ?? [];
    const kinds = new Map(Object.entries(RPCS).map(([kind, { name }]) => [name, kind as QuestionKind]));
    const handlers: UntypedServiceImplementation = {};
    const others: Readonly<Record<string, (method: DescMethod) => UntypedServiceImplementation[string]>> = {
      UploadSnapshot: (method) => this.#active.counted(upload(backend, bodyTimeout, method)),
      UploadNamedSnapshot: (method) => this.#active.counted(uploadNamed(backend, bodyTimeout, method)),
      ListSnapshots: (method) => this.#active.counted(listNames(backend, method)),
      DeleteSnapshotName: (method) => this.#active.counted(deleteName(backend, method)),
    };
    for (const method of methods) {
      const kind = kinds.get(method.name);
      const other = others[method.name];
      if (kind === undefined) {
        if (other === undefined) throw new Error(`${method.name} of proto/ has no handler`);
        handlers[method.name] = other(method);
      } else if (method.methodKind === 'server_streaming') {
        handlers[method.name] = this.#active.counted(streamed(backend, kind, method));
      } else handlers[method.name] = this.#active.counted(unary(backend, kind, method));
    }
    this.#server.addService(definitionOf(methods), handlers);
    this.#health.addTo(this.#server);
    addReflection(this.#server);
  }

  /**
   * Listens, and returns the address: `127.0.0.1:9090`. Rejects with an Error that has `code` (EADDRINUSE …) and
   * `port`, as Node's have.
   */
  async listen(host: string, port: number): Promise<string> {
    const name = isIPv6(host) ? `[${host}]` : host;
    const { tls } = this.#backend;
    if (tls !== undefined) this.#credentials = new TlsCredentials(tls);
    const credentials = this.#credentials ?? ServerCredentials.createInsecure();
    const taken = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(`${name}:${port}`, credentials, (error, bound) => {
        if (error === null) return resolve(bound);
        // The library's error has no code; Node's own, for the same address, has.
        void listenError(host, port).then((code) => reject(Object.assign(error, { code, port })));
      });
    });
    return `${name}:${taken}`;
  }

  /**
   * New connections are made with this certificate from now on; without effect on a server without TLS. Throws what
   * OpenSSL refuses.
   */
  renewTls(tls: Tls): void {
    this.#credentials?.renew(tls);
  }

  /** From now on health says whether questions should be sent here. */
  set serving(serving: boolean) {
    this.#health.serving = serving;
  }

  /**
   * Takes no new connections or calls; resolves when the calls under way are done, or `limit` milliseconds have passed.
   */
  async close(limit: number): Promise<void> {
    this.serving = false;
    const stopped = new Promise<void>((resolve) => this.#server.tryShutdown(() => resolve()));
    await this.#active.done(limit);
    // The last answers may still be on their way out.
    await Promise.race([stopped, pause(FLUSH, undefined, { ref: false })]);
    // What is still open watches health or lists services. (With `grpc.enable_channelz` off this would leave it open.)
    this.#server.forceShutdown();
    await stopped;
  }
}
