/** All that is behind the servers of one process: made once, shared by HTTP and gRPC. */
import { MemoryNames } from '../snapshots/memory-names.js';
import type { NameStore } from '../snapshots/name-store.js';
import { DEFAULT_KEEPING, NamedSnapshots } from '../snapshots/named.js';
import { RedisNames } from '../snapshots/redis-names.js';
import { RedisStore } from '../snapshots/redis-store.js';
import { Shelf } from '../snapshots/shelf.js';
import { resolveWorkOptions, type WorkOptions } from '../work/work-options.js';
import { Workers } from '../work/workers.js';
import { ClusterMetrics } from './cluster-metrics.js';
import { Credentials, type Token } from './credentials.js';
import { createLog, type Logger, type LogLevel, type LogStream } from './log.js';
import { Metrics } from './metrics.js';
import { RateLimit } from './rate-limit.js';
import type { Settings } from './service-settings.js';
import type { Tls } from './tls.js';

export interface BackendOptions extends WorkOptions {
  /** Bytes of held snapshots in memory; 0 holds none. Default 512 MiB. */
  readonly snapshotMemory?: number;
  /** How long a snapshot is held that nobody asks about, milliseconds. Default one hour. */
  readonly snapshotIdle?: number;
  /** Snapshots under names. Defaults: 256 MiB, 300 versions, 100 names, 7 days. */
  readonly named?: Partial<Settings['named']>;
  /** The most Services of each name that have series in /metrics/clusters. Default 100. */
  readonly metricsServices?: number;
  /** Milliseconds since 1970, for the times of named snapshots; for tests. */
  readonly clock?: () => number;
  readonly store?: NonNullable<Settings['store']>;
  /** Requests need one of these. Default: none, everybody may ask. */
  readonly tokens?: readonly (string | Token)[];
  /** Requests a minute of each client; 0, the default: no limit. */
  readonly rateLimit?: number;
  readonly tls?: Tls | undefined;
  /** Default silent. */
  readonly logLevel?: LogLevel;
  /** Where the log's lines go. Default standard error. */
  readonly logStream?: LogStream;
}

export interface Backend {
  readonly workers: Workers;
  readonly credentials: Credentials;
  readonly rateLimit: RateLimit;
  readonly metrics: Metrics;
  readonly clusterMetrics: ClusterMetrics;
  readonly log: Logger;
  readonly tls: Tls | undefined;
  /** Ends the threads and lets go of the store. */
  close(): Promise<void>;
}

/** An error for the log: its message says what failed, and nothing of a snapshot is in it. */
function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

function storeOf(options: BackendOptions, idleLimit: number, log: Logger): RedisStore | undefined {
  const { store } = options;
  if (store === undefined) return undefined;
  if (store.key === undefined && (options.tokens ?? []).length > 0) {
    log.warn('STORE_KEY is not set: the keys of the snapshot store show which snapshots belong to the same token');
  }
  return new RedisStore({
    ...store,
    idleLimit,
    readLimit: options.snapshotMemory ?? 512 * 1024 * 1024,
    onChange: (up, error) => {
      if (up) log.info('the snapshot store is connected');
      else
        log.warn(
          { error: describe(error) },
          'the snapshot store cannot be reached: snapshots are held in memory alone',
        );
    },
  });
}

/** Names: in the store that replicas share where there is one, else in memory. */
function namedOf(options: BackendOptions, store: RedisStore | undefined, metrics: Metrics, log: Logger) {
  const { store: shared, named = {}, clock } = options;
  const keeping = { versions: named.versions ?? DEFAULT_KEEPING.versions, age: named.keep ?? DEFAULT_KEEPING.age };
  const memory = new MemoryNames({
    limit: named.memory ?? 256 * 1024 * 1024,
    idleLimit: keeping.age,
    onEvicted: (count) => metrics.namedEvicted(count),
  });
  const readLimit = options.snapshotMemory ?? 512 * 1024 * 1024;
  const place: NameStore =
    shared === undefined || store === undefined
      ? memory
      : new RedisNames({ ...shared, idleLimit: keeping.age, readLimit }, store.connection);
  metrics.watchNamed(() => memory.bytes);
  return new NamedSnapshots({
    store: place,
    keeping,
    names: named.names ?? 100,
    ...(clock === undefined ? {} : { now: clock }),
    observer: {
      sent: (result) => metrics.namedSent(result),
      storeFailed: (doing, error) => {
        metrics.storeFailed(doing);
        log.debug({ doing, error: describe(error) }, 'the snapshot store failed');
      },
    },
  });
}

/** Throws RangeError for impossible options. */
export function createBackend(options: BackendOptions = {}): Backend {
  const work = resolveWorkOptions(options);
  const log = createLog(options.logLevel ?? 'silent', options.logStream);
  const metrics = new Metrics();
  const idleLimit = options.snapshotIdle ?? 3_600_000;
  const store = storeOf(options, idleLimit, log);
  const shelf = new Shelf({
    limit: options.snapshotMemory ?? 512 * 1024 * 1024,
    idleLimit,
    ...(store === undefined ? {} : { store }),
    named: namedOf(options, store, metrics, log),
    observer: {
      looked: (result) => metrics.looked(result),
      evicted: (why) => metrics.evicted(why),
      storeFailed: (doing, error) => {
        metrics.storeFailed(doing);
        log.debug({ doing, error: describe(error) }, 'the snapshot store failed');
      },
    },
  });
  const workers = new Workers(work, shelf, {
    rejected: (lane) => metrics.rejected(lane),
    routed: (parsed) => metrics.routed(parsed),
    threadFailed: (error) => {
      metrics.threadFailed();
      log.error({ error: describe(error) }, 'a worker thread failed and is replaced');
    },
  });
  metrics.watch({ workers, shelf });
  return {
    workers,
    credentials: new Credentials(options.tokens ?? []),
    rateLimit: new RateLimit(options.rateLimit ?? 0),
    metrics,
    clusterMetrics: new ClusterMetrics(workers, {
      services: options.metricsServices ?? 100,
      ...(options.clock === undefined ? {} : { now: options.clock }),
    }),
    log,
    tls: options.tls,
    close: async () => {
      await workers.close();
      log.flush?.();
    },
  };
}
