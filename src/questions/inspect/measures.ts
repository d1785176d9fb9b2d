/** An answer of inspect in numbers alone, for metrics: the Services worst first. */
import type { Answer, InspectResult } from '../../contract/answers.js';

/** A Service in numbers; of several doors, those of the worst. */
export interface ServiceMeasures {
  /** `namespace/name` */
  readonly service: string;
  /** Ready endpoints. */
  readonly ready: number;
  readonly notDelivered: number;
  readonly unknown: number;
  readonly crossZone?: number;
  readonly imbalance?: number;
  /** Findings by severity. */
  readonly findings: Readonly<Record<Severity, number>>;
}

type Severity = 'ERROR' | 'WARNING' | 'INFO';

/** A cluster in numbers. */
export interface ClusterMeasures {
  /** Services of the cluster, and those of them that were not asked about. */
  readonly total: number;
  readonly omitted: number;
  readonly findings: Readonly<Record<Severity, number>>;
  /**
   * Worst first: by errors, by what is not delivered or not known, by warnings, by imbalance, by what crosses zones.
   */
  readonly services: readonly ServiceMeasures[];
}

function rank(one: ServiceMeasures): readonly number[] {
  const { findings, notDelivered, unknown, imbalance = 0, crossZone = 0 } = one;
  return [findings.ERROR, notDelivered + unknown, findings.WARNING, imbalance, crossZone];
}

function byWorst(a: ServiceMeasures, b: ServiceMeasures): number {
  const [first, second] = [rank(a), rank(b)];
  const at = first.findIndex((value, index) => value !== second[index]);
  if (at >= 0) return (second[at] ?? 0) - (first[at] ?? 0);
  return a.service < b.service ? -1 : 1;
}

/** The numbers of an answer with both `lists`. */
export function measuresOf({ result, findings }: Answer<InspectResult>): ClusterMeasures {
  const { services = [], objects, severities, counts } = result;
  const ready = new Map(
    (objects?.services ?? []).map(({ namespace, name, readyEndpoints }) => [`${namespace}/${name}`, readyEndpoints]),
  );
  const found = new Map<string, Record<Severity, number>>();
  for (const { severity, evidence } of findings) {
    const { service } = Object(evidence) as { readonly service?: unknown };
    if (typeof service !== 'string') continue;
    const own = found.get(service) ?? { ERROR: 0, WARNING: 0, INFO: 0 };
    own[severity as Severity]++;
    found.set(service, own);
  }
  const measured = services.map(({ service, notDelivered, unknown, crossZone, imbalance }) => ({
    service,
    ready: ready.get(service) ?? 0,
    notDelivered: notDelivered.value,
    unknown: unknown.value,
    ...(crossZone === undefined ? {} : { crossZone: crossZone.value }),
    ...(imbalance === undefined ? {} : { imbalance: imbalance.value }),
    findings: found.get(service) ?? { ERROR: 0, WARNING: 0, INFO: 0 },
  }));
  return {
    total: counts.services,
    omitted: counts.omitted,
    findings: { ERROR: severities.error, WARNING: severities.warning, INFO: severities.info },
    services: measured.sort(byWorst),
  };
}
