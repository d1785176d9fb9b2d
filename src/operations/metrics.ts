/** What is measured, for Prometheus. Labels have few values: nothing that a client names is one. */
import {
  Counter,
  type CounterConfiguration,
  collectDefaultMetrics,
  Gauge,
  Histogram,
  type LabelValues,
  Registry,
} from 'prom-client';
import type { Shelf } from '../snapshots/shelf.js';
import type { Workers } from '../work/workers.js';

/** Seconds: from a cached question to one at the time limit. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Bytes: from a handful of objects to the limit. */
const BYTES = [1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144].map((kib) => kib * 1024);

/** A counter that every request is counted by: its labels are looked at when the metrics are asked for. */
class Tally<Label extends string> {
  readonly #counts = new Map<string, { readonly labels: LabelValues<Label>; count: number }>();

  constructor(settings: Omit<CounterConfiguration<Label>, 'collect'>) {
    const counts = this.#counts;
    new Counter<Label>({
      ...settings,
      collect() {
        for (const { labels, count } of counts.values()) this.inc(labels, count);
        counts.clear();
      },
    });
  }

  /** Counts one; `key` stands for the labels. */
  add(key: string, labels: LabelValues<Label>): void {
    const known = this.#counts.get(key);
    if (known === undefined) this.#counts.set(key, { labels, count: 1 });
    else known.count++;
  }
}

/** Whose state is read when the metrics are asked for. */
export interface Measured {
  readonly workers: Workers;
  readonly shelf: Shelf;
}

export class Metrics {
  readonly #registry = new Registry();
  readonly #requests: Tally<'door' | 'route' | 'method' | 'status'>;
  readonly #seconds: Histogram<'door' | 'route'>;
  readonly #questions: Tally<'kind' | 'code'>;
  readonly #sizes: Histogram<'how'>;
  readonly #lookups: Tally<'result'>;
  readonly #evictions: Counter<'why'>;
  readonly #storeFailures: Counter<'doing'>;
  readonly #namedSent: Counter<'result'>;
  readonly #namedEvictions: Counter;
  readonly #rejections: Counter<'lane'>;
  readonly #routed: Tally<'parsed'>;
  readonly #threadFailures: Counter;
  readonly #reloads: Counter<'result'>;

  constructor() {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    this.#requests = new Tally({
      name: 'kube_whatif_requests_total',
      help: 'Requests by door (http, grpc), route, method and status.',
      labelNames: ['door', 'route', 'method', 'status'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'kube_whatif_request_seconds',
      help: 'How long requests took, from their headers to the end of the answer.',
      labelNames: ['door', 'route'],
      buckets: SECONDS,
      registers,
    });
    this.#questions = new Tally({
      name: 'kube_whatif_questions_total',
      help: 'Questions by kind, and how they ended: OK, or the code of the problem.',
      labelNames: ['kind', 'code'],
      registers,
    });
    this.#sizes = new Histogram({
      name: 'kube_whatif_received_bytes',
      help:
        'Bytes that arrived, after inflating: with a question (the whole request, its snapshot included), or ' +
        'to be held.',
      labelNames: ['how'],
      buckets: BYTES,
      registers,
    });
    this.#lookups = new Tally({
      name: 'kube_whatif_snapshot_lookups_total',
      help: 'Held snapshots looked for, and where they were: MEMORY, STORE, MISSING, or STORE_DOWN.',
      labelNames: ['result'],
      registers,
    });
    this.#evictions = new Counter({
      name: 'kube_whatif_snapshot_evictions_total',
      help: 'Snapshots that had to go from memory: to make ROOM, or because nobody asked (IDLE).',
      labelNames: ['why'],
      registers,
    });
    this.#storeFailures = new Counter({
      name: 'kube_whatif_store_failures_total',
      help: 'Times that the shared store failed, by what it was asked for.',
      labelNames: ['doing'],
      registers,
    });
    this.#namedSent = new Counter({
      name: 'kube_whatif_named_snapshots_total',
      help:
        'Snapshots sent under a name: NEW, SAME (the newest version already), or the code of the problem, as ' +
        'SNAPSHOT_SHRUNK.',
      labelNames: ['result'],
      registers,
    });
    this.#namedEvictions = new Counter({
      name: 'kube_whatif_named_evictions_total',
      help: 'Versions of names that had to go from memory to make room.',
      registers,
    });
    this.#rejections = new Counter({
      name: 'kube_whatif_rejections_total',
      help: 'Questions turned away because a queue was full, by lane.',
      labelNames: ['lane'],
      registers,
    });
    this.#routed = new Tally({
      name: 'kube_whatif_held_questions_total',
      help: 'Questions about held snapshots, by whether their thread had them parsed already.',
      labelNames: ['parsed'],
      registers,
    });
    this.#threadFailures = new Counter({
      name: 'kube_whatif_thread_failures_total',
      help: 'Worker threads that failed outside any question.',
      registers,
    });
    this.#reloads = new Counter({
      name: 'kube_whatif_secret_reloads_total',
      help:
        'Times that files of tokens and certificates changed while the service ran: TAKEN, or REFUSED as not ' +
        'valid.',
      labelNames: ['result'],
      registers,
    });
  }

  /** From now on reports the state of these too. */
  watch({ workers, shelf }: Measured): void {
    const registers = [this.#registry];
    const gauge = (name: string, help: string, value: () => number) =>
      new Gauge({
        name: `kube_whatif_${name}`,
        help,
        registers,
        collect() {
          this.set(value());
        },
      });
    gauge('held_snapshots', 'Snapshots held in memory.', () => shelf.inMemory.snapshots);
    gauge('held_snapshot_bytes', 'Bytes of the snapshots held in memory.', () => shelf.inMemory.bytes);
    gauge('request_buffer_bytes', 'Bytes of the requests in memory.', () => workers.budget.used);
    if (shelf.store !== 'NONE') {
      gauge('store_up', 'Whether the shared store can be reached.', () => (shelf.store === 'UP' ? 1 : 0));
    }
    const lanes = (name: string, help: string, field: 'busy' | 'waiting') =>
      new Gauge({
        name: `kube_whatif_${name}`,
        help,
        labelNames: ['lane'],
        registers,
        collect() {
          for (const load of workers.loads) this.set({ lane: load.lane }, load[field]);
        },
      });
    lanes('lane_busy', 'Questions being answered, by lane.', 'busy');
    lanes('lane_waiting', 'Questions waiting, by lane.', 'waiting');
  }

  /** From now on shows when the certificate that is in use ends. */
  watchCertificate(validTo: () => Date): void {
    new Gauge({
      name: 'kube_whatif_certificate_expiry_timestamp_seconds',
      help: 'When the TLS certificate that is in use ends, in seconds since 1970.',
      registers: [this.#registry],
      collect() {
        this.set(validTo().getTime() / 1000);
      },
    });
  }

  /** Files of tokens and certificates changed, and were taken or refused. */
  reloaded(taken: boolean): void {
    this.#reloads.inc({ result: taken ? 'TAKEN' : 'REFUSED' });
  }

  /** A request was answered. `route` is a pattern, never what the client wrote. */
  request(door: 'http' | 'grpc', route: string, method: string, status: number | string, milliseconds: number): void {
    this.#requests.add(`${door} ${route} ${method} ${status}`, { door, route, method, status: String(status) });
    this.#seconds.observe({ door, route }, milliseconds / 1000);
  }

  /** A question ended with this code; `OK` for an answer. */
  question(kind: string, code: string): void {
    this.#questions.add(`${kind} ${code}`, { kind, code });
  }

  /** A request's body arrived: a question with its snapshot, or a snapshot to be held. */
  snapshot(how: 'question' | 'held', bytes: number): void {
    this.#sizes.observe({ how }, bytes);
  }

  /** A snapshot was sent under a name. */
  namedSent(result: string): void {
    this.#namedSent.inc({ result });
  }

  /** So many versions of names had to make room. */
  namedEvicted(count: number): void {
    this.#namedEvictions.inc(count);
  }

  /** From now on reports how many bytes of named snapshots are in memory. */
  watchNamed(bytes: () => number): void {
    new Gauge({
      name: 'kube_whatif_named_snapshot_bytes',
      help: 'Bytes of named snapshots in memory, compressed.',
      registers: [this.#registry],
      collect() {
        this.set(bytes());
      },
    });
  }

  looked(result: string): void {
    this.#lookups.add(result, { result });
  }

  evicted(why: string): void {
    this.#evictions.inc({ why });
  }

  storeFailed(doing: string): void {
    this.#storeFailures.inc({ doing });
  }

  rejected(lane: string): void {
    this.#rejections.inc({ lane });
  }

  routed(parsed: boolean): void {
    this.#routed.add(String(parsed), { parsed: String(parsed) });
  }

  threadFailed(): void {
    this.#threadFailures.inc();
  }

  /** The exposition's media type. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The exposition. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
