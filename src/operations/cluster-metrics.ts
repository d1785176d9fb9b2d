/**
 * What is measured of clusters, for Prometheus: of the newest snapshot of each name of a credential. A snapshot is
 * worked out once, when somebody asks and it is new; whoever asks waits a while for it, and otherwise gets the numbers
 * of the one before it.
 */

import { Gauge, Registry } from 'prom-client';
import { ENUMS } from '../contract/gen/types.js';
import type { ClusterMeasures, ServiceMeasures } from '../questions/inspect/measures.js';
import { type NameRecord, newestOf } from '../snapshots/name-record.js';
import type { ProblemInit } from '../work/problem.js';
import type { Workers } from '../work/workers.js';

export interface ClusterMetricsOptions {
  /** The most Services of each name that have series of their own. */
  readonly services: number;
  /** How long whoever asks waits for new numbers, milliseconds: less than Prometheus waits. */
  readonly patience?: number;
  /** Milliseconds since 1970; for tests. */
  readonly now?: () => number;
}

/** What is known of a name. */
interface Known {
  /** The snapshot that the numbers are of. */
  digest?: string;
  measures?: ClusterMeasures;
  /** A snapshot that could not be measured, and when that was tried. */
  failed?: { readonly digest: string; readonly at: number };
}

/** After so many milliseconds a snapshot that could not be measured is tried again. */
const AGAIN = 600_000;

/** Of so many versions senders are counted. */
const SENDERS_OF = 10;

const REST = '(others)';

type Of = 'cluster' | 'namespace' | 'service';

/** The Services that have no series of their own as one: sums of what is counted, the largest of what is a share. */
function rest(services: readonly ServiceMeasures[]): ServiceMeasures {
  const most = (pick: (one: ServiceMeasures) => number | undefined) => {
    const values = services.flatMap((one) => pick(one) ?? []);
    return values.length === 0 ? undefined : values.reduce((a, b) => Math.max(a, b));
  };
  const sum = (pick: (one: ServiceMeasures) => number) => services.reduce((total, one) => total + pick(one), 0);
  const [crossZone, imbalance] = [most((one) => one.crossZone), most((one) => one.imbalance)];
  return {
    service: REST,
    ready: sum(({ ready }) => ready),
    notDelivered: most(({ notDelivered }) => notDelivered) ?? 0,
    unknown: most(({ unknown }) => unknown) ?? 0,
    ...(crossZone === undefined ? {} : { crossZone }),
    ...(imbalance === undefined ? {} : { imbalance }),
    findings: {
      ERROR: sum(({ findings }) => findings.ERROR),
      WARNING: sum(({ findings }) => findings.WARNING),
      INFO: sum(({ findings }) => findings.INFO),
    },
  };
}

/** The gauges of one exposition. */
class Gauges {
  readonly registry = new Registry();
  readonly #byName = new Map<string, Gauge>();

  set(name: string, help: string, labels: Readonly<Record<string, string>>, value: number): void {
    const full = `kube_whatif_${name}`;
    let gauge = this.#byName.get(full);
    if (gauge === undefined) {
      gauge = new Gauge({ name: full, help, labelNames: Object.keys(labels), registers: [this.registry] });
      this.#byName.set(full, gauge);
    }
    gauge.set({ ...labels }, value);
  }
}

export class ClusterMetrics {
  readonly #workers: Workers;
  readonly #options: Required<ClusterMetricsOptions>;
  readonly #known = new Map<string, Map<string, Known>>();
  /** One after another, whoever asked: questions have the threads first. */
  #queue: Promise<void> = Promise.resolve();
  readonly #waiting = new Map<string, Promise<void>>();

  constructor(workers: Workers, options: ClusterMetricsOptions) {
    this.#workers = workers;
    this.#options = { patience: 8_000, now: () => Date.now(), ...options };
  }

  /** Has a snapshot measured, once. */
  #measure(owner: string, name: string, digest: string): Promise<void> {
    const key = `${owner} ${digest}`;
    const under = this.#waiting.get(key);
    if (under !== undefined) return under;
    const work = this.#queue.then(async () => {
      const known = this.#known.get(owner)?.get(name);
      // It was deleted meanwhile.
      if (known === undefined) return;
      try {
        const measures = await this.#workers.measure(owner, digest);
        if ('problem' in measures) known.failed = { digest, at: this.#options.now() };
        else Object.assign(known, { digest, measures, failed: undefined });
      } catch {
        known.failed = { digest, at: this.#options.now() };
      }
    });
    this.#queue = work;
    this.#waiting.set(key, work);
    return work.finally(() => this.#waiting.delete(key));
  }

  /** Keeps what is known of these names, and has measured what is new. Resolves when that is done, or after a while. */
  async #refresh(owner: string, records: readonly NameRecord[]): Promise<Map<string, Known>> {
    const before = this.#known.get(owner);
    const known = new Map(records.map(({ name }) => [name, before?.get(name) ?? {}]));
    if (known.size === 0) this.#known.delete(owner);
    else this.#known.set(owner, known);
    const { now, patience } = this.#options;
    const work = records.map((record) => {
      const digest = newestOf(record)?.digest;
      const own = known.get(record.name);
      if (digest === undefined || own === undefined || own.digest === digest) return undefined;
      if (own.failed?.digest === digest && now() - own.failed.at < AGAIN) return undefined;
      return this.#measure(owner, record.name, digest);
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, patience);
    });
    await Promise.race([Promise.all(work), late]);
    clearTimeout(timer);
    return known;
  }

  /** The exposition for one owner, or why there is none. */
  async text(
    owner: string,
  ): Promise<{ readonly type: string; readonly text: string } | { readonly problem: ProblemInit }> {
    const { named } = this.#workers.shelf;
    const records = named === undefined ? [] : await named.list(owner);
    if ('problem' in records) return records;
    const known = await this.#refresh(owner, records);
    const gauges = new Gauges();
    for (const record of records) this.#write(gauges, record, known.get(record.name) ?? {});
    return { type: gauges.registry.contentType, text: await gauges.registry.metrics() };
  }

  #write(gauges: Gauges, record: NameRecord, { digest, measures }: Known): void {
    const cluster = record.name;
    const newest = newestOf(record);
    if (newest === undefined) return;
    const { now, services: most } = this.#options;
    const seconds = Date.parse(newest.confirmed) / 1000;
    const of = { cluster };
    gauges.set(
      'cluster_snapshot_timestamp_seconds',
      'When the newest snapshot of the name was last sent.',
      of,
      seconds,
    );
    gauges.set('cluster_snapshot_age_seconds', 'How long ago that was.', of, Math.max(0, now() / 1000 - seconds));
    gauges.set('cluster_snapshot_versions', 'Versions of the name that are kept.', of, record.versions.length);
    const recent = record.versions.slice(-SENDERS_OF);
    const senders = new Set(recent.map(({ sender }) => sender)).size;
    gauges.set(
      'cluster_snapshot_senders',
      `Senders of the last ${SENDERS_OF} versions: more than one may be two collectors.`,
      of,
      senders,
    );
    const refused = record.refused?.count ?? 0;
    const why = { cluster, code: record.refused?.code ?? '' };
    gauges.set(
      'cluster_snapshots_refused',
      'Snapshots refused since the newest one was accepted, with the code of the last.',
      why,
      refused,
    );
    for (const [kind, count] of Object.entries(newest.counts)) {
      gauges.set('cluster_objects', 'Objects of the newest snapshot by kind.', { cluster, kind }, count);
    }
    const isCurrent = digest === newest.digest;
    gauges.set(
      'cluster_measured',
      'Whether the numbers are those of the newest snapshot (1), or of one before it, or absent (0).',
      of,
      isCurrent ? 1 : 0,
    );
    if (measures === undefined) return;
    const { total, omitted, findings, services } = measures;
    gauges.set('cluster_services', 'Services of the cluster.', of, total);
    gauges.set(
      'cluster_services_omitted',
      'Services that were not asked about, since there are too many.',
      of,
      omitted,
    );
    for (const severity of ENUMS.Severity) {
      gauges.set('cluster_findings', 'Findings of the cluster by severity.', { cluster, severity }, findings[severity]);
    }
    const own = services.length <= most ? services : services.slice(0, most);
    const others = services.slice(own.length);
    for (const one of [...own, ...(others.length === 0 ? [] : [rest(others)])])
      this.#writeService(gauges, cluster, one);
  }

  #writeService(gauges: Gauges, cluster: string, one: ServiceMeasures): void {
    const slash = one.service.indexOf('/');
    const labels: Readonly<Record<Of, string>> = {
      cluster,
      namespace: slash < 0 ? '' : one.service.slice(0, slash),
      service: one.service.slice(slash + 1),
    };
    const set = (name: string, help: string, value: number | undefined) => {
      if (value !== undefined) gauges.set(`service_${name}`, help, labels, value);
    };
    set('endpoints_ready', 'Ready endpoints of the Service.', one.ready);
    set(
      'not_delivered_share',
      'Share of new connections that is dropped, rejected or does not arrive, by the worst way in.',
      one.notDelivered,
    );
    set(
      'unknown_share',
      'Share of new connections of which it is not known what becomes of them, by the worst way in.',
      one.unknown,
    );
    set(
      'cross_zone_share',
      'Share of delivered connections that go to another zone, by the worst way in.',
      one.crossZone,
    );
    set('imbalance', 'The largest share of an endpoint over the even share, by the worst way in.', one.imbalance);
    for (const severity of ENUMS.Severity) {
      gauges.set(
        'service_findings',
        'Findings of the Service by severity.',
        { ...labels, severity },
        one.findings[severity],
      );
    }
  }
}
