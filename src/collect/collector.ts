/** The collector: a snapshot now and again, sent under a name; its state as metrics and health. */
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Counter, Gauge, Registry } from 'prom-client';
import type { Logger } from '../operations/log.js';
import { type Access, inClusterAccess, kubeconfigAccess } from './access.js';
import { Api } from './api.js';
import { CollectError } from './collect-error.js';
import type { CollectSettings } from './collect-settings.js';
import { collectSnapshot } from './collect-snapshot.js';
import { backOff, pause } from './pause.js';
import { type Destination, type Sent, sendSnapshot } from './send.js';

/** How the API server is reached, as the settings and the environment say. Throws CollectError. */
export function accessOf(
  { kubeconfig, context }: Pick<CollectSettings, 'kubeconfig' | 'context'>,
  env: Readonly<Record<string, string | undefined>>,
): Access {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port, KUBECONFIG } = env;
  if (kubeconfig !== undefined) return kubeconfigAccess(kubeconfig, context);
  if (host && port && context === undefined) return inClusterAccess(host, port);
  // Of several files, as kubectl takes them, the first one that is there.
  const files = (KUBECONFIG ?? '').split(':').filter((one) => one !== '');
  const file = files.find(existsSync) ?? files[0];
  return kubeconfigAccess(file ?? join(env.HOME ?? homedir(), '.kube', 'config'), context);
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new CollectError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

/** What rounds of the collector are measured by. */
class Measures {
  readonly registry = new Registry();
  readonly rounds = new Counter({
    name: 'kube_whatif_collect_rounds_total',
    help:
      'Snapshots by what became of them: NEW, SAME (nothing had changed), REFUSED by the server, FAILED (not ' +
      'read or not sent).',
    labelNames: ['result'],
    registers: [this.registry],
  });
  readonly refusals = new Counter({
    name: 'kube_whatif_collect_refusals_total',
    help: 'Snapshots that the server refused, by the code of the problem, as SNAPSHOT_SHRUNK.',
    labelNames: ['code'],
    registers: [this.registry],
  });
  readonly requests = new Counter({
    name: 'kube_whatif_collect_api_requests_total',
    help: 'Requests to the API server by status; 0: no reply came.',
    labelNames: ['status'],
    registers: [this.registry],
  });
  readonly expirations = new Counter({
    name: 'kube_whatif_collect_expired_lists_total',
    help: 'Lists that began anew since their pages had expired.',
    registers: [this.registry],
  });
  readonly success = new Gauge({
    name: 'kube_whatif_collect_last_success_timestamp_seconds',
    help: 'When a snapshot was last sent and accepted; 0: not yet.',
    registers: [this.registry],
  });
  readonly seconds = new Gauge({
    name: 'kube_whatif_collect_duration_seconds',
    help: 'How long the last snapshot took, from the first list to the server\u2019s answer.',
    registers: [this.registry],
  });
  readonly objects = new Gauge({
    name: 'kube_whatif_collect_objects',
    help: 'Objects of the last snapshot by kind.',
    labelNames: ['kind'],
    registers: [this.registry],
  });
  readonly bytes = new Gauge({
    name: 'kube_whatif_collect_snapshot_bytes',
    help: 'Bytes of the last snapshot, before compression.',
    registers: [this.registry],
  });
  readonly forbidden = new Gauge({
    name: 'kube_whatif_collect_forbidden_kinds',
    help: 'Kinds that the collector may not list.',
    registers: [this.registry],
  });
}

/** So long after a round should have ended, the process counts as stuck, milliseconds. */
const STUCK = 1_800_000;

export class Collector {
  readonly #settings: CollectSettings;
  readonly #log: Logger;
  readonly #api: Api;
  readonly #measures = new Measures();
  readonly #ending = new AbortController();
  readonly #destination: Destination;
  #server: Server | undefined;
  #failures = 0;
  #succeeded = false;
  /** When the last round ended, or the process began. */
  #alive = performance.now();

  /** `waits`: the first waits between tries, milliseconds; for tests. Throws CollectError. */
  constructor(settings: CollectSettings, access: Access, log: Logger, waits?: { readonly first: number }) {
    this.#settings = settings;
    this.#log = log;
    const { page, timeout, server, name, sender, token, tokenFile, caFile, certFile, keyFile } = settings;
    const { signal } = this.#ending;
    const first = waits === undefined ? {} : { firstWait: waits.first };
    this.#api = new Api(access, {
      page,
      timeout,
      signal,
      ...first,
      observer: {
        replied: (status) => this.#measures.requests.inc({ status: String(status) }),
        expired: () => this.#measures.expirations.inc(),
      },
    });
    this.#destination = {
      url: server,
      name,
      sender,
      timeout,
      signal,
      ...first,
      token: () => (tokenFile === undefined ? token : read(tokenFile).toString('utf8').trim() || undefined),
      tls: {
        ...(caFile === undefined ? {} : { ca: read(caFile) }),
        ...(certFile === undefined || keyFile === undefined ? {} : { cert: read(certFile), key: read(keyFile) }),
      },
    };
  }

  /** One snapshot, read and sent. Never rejects. */
  async round(): Promise<Sent | { readonly result: 'FAILED'; readonly detail: string }> {
    const started = performance.now();
    const measures = this.#measures;
    try {
      this.#api.forget();
      const { body, counts, forbidden } = await collectSnapshot(this.#api);
      measures.bytes.set(body.length);
      measures.forbidden.set(forbidden.length);
      measures.objects.reset();
      for (const [kind, count] of Object.entries(counts)) measures.objects.set({ kind }, count);
      if (forbidden.length > 0) this.#log.warn({ forbidden }, 'some kinds may not be listed');
      const sent = await sendSnapshot(this.#destination, body);
      measures.rounds.inc({ result: sent.result });
      // What is refused now is not accepted in a moment either.
      this.#failures = 0;
      if (sent.result === 'REFUSED') {
        measures.refusals.inc({ code: sent.code });
        this.#log.error({ code: sent.code, detail: sent.detail }, 'the server refused the snapshot');
      } else {
        this.#succeeded = true;
        measures.success.set(Date.now() / 1000);
        this.#log.info({ digest: sent.digest, result: sent.result, bytes: body.length }, 'snapshot sent');
      }
      return sent;
    } catch (error) {
      this.#failures++;
      measures.rounds.inc({ result: 'FAILED' });
      const detail = error instanceof Error ? error.message : String(error);
      if (!this.#ending.signal.aborted) this.#log.error({ detail }, 'no snapshot could be sent');
      return { result: 'FAILED', detail };
    } finally {
      measures.seconds.set((performance.now() - started) / 1000);
      this.#alive = performance.now();
    }
  }

  /** Rounds until {@link stop}. After a failure the next one comes sooner, and later each time. */
  async run(): Promise<void> {
    const { interval } = this.#settings;
    const { signal } = this.#ending;
    while (!signal.aborted) {
      await this.round();
      const usual = interval * (0.9 + Math.random() / 5);
      const wait = this.#failures === 0 ? usual : Math.min(usual, backOff(this.#failures, 5_000, interval));
      await pause(wait, signal);
    }
    this.#api.close();
  }

  /** Listens for probes and Prometheus. Returns the address; rejects with what `listen` fails with. */
  async listen(host: string, port: number): Promise<string> {
    const server = createServer((request, response) => {
      const path = (request.url ?? '').split('?')[0];
      const say = (status: number, text: string, type = 'application/json') => {
        response.writeHead(status, { 'content-type': type, 'x-content-type-options': 'nosniff' });
        response.end(request.method === 'HEAD' ? undefined : text);
      };
      if (request.method !== 'GET' && request.method !== 'HEAD') say(405, '{"status":"only GET"}');
      else if (path === '/healthz') {
        const stuck = performance.now() - this.#alive > this.#settings.interval + STUCK;
        say(stuck ? 503 : 200, `{"status":"${stuck ? 'stuck' : 'ok'}"}`);
      } else if (path === '/readyz') {
        say(this.#succeeded ? 200 : 503, `{"status":"${this.#succeeded ? 'ready' : 'no snapshot was sent yet'}"}`);
      } else if (path === '/metrics') {
        this.#measures.registry.metrics().then(
          (text) => say(200, text, this.#measures.registry.contentType),
          () => say(500, '{"status":"failed"}'),
        );
      } else say(404, '{"status":"there are /healthz, /readyz and /metrics"}');
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => resolve());
    });
    const { address, port: taken } = server.address() as AddressInfo;
    return `http://${address.includes(':') ? `[${address}]` : address}:${taken}`;
  }

  /** Ends the round under way and the waiting. */
  stop(): void {
    this.#ending.abort();
    this.#server?.close();
    this.#server?.closeAllConnections();
  }
}
