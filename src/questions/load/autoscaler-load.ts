/**
 * What a HorizontalPodAutoscaler makes of a load. Source: Kubernetes pkg/controller/podautoscaler
 * (replica_calculator.go, metrics/utilization.go): it looks at the average of its pods alone, as a whole number of
 * percent.
 */
import { fieldsOf } from '../../base/record.js';
import { desiredBy } from '../../capacity/time-models.js';
import { controlPlaneVersion } from '../../changes/control-plane-version.js';
import { type Cluster, workloadKey } from '../../cluster/cluster.js';
import { namespacedName } from '../../cluster/objects.js';
import { resourceRole } from '../../cluster/resources.js';
import { atLeast, type Settings } from '../../cluster/settings.js';
import { podsOfWorkload } from '../../cluster/workload-pods.js';
import { autoscalersOf, withinBounds } from '../../control-plane/autoscaler.js';
import { milliValue } from '../../control-plane/quantity.js';
import type { LoadFields } from './fields.js';
import { cpuRequest } from './load-answer.js';
import type { Offered } from './offered.js';

/** One metric of an autoscaler, as far as it can be worked out from traffic. */
interface Metric {
  readonly name: string;
  /** Percent of the request, or so much for each pod. */
  readonly target: number;
  readonly kind: 'UTILIZATION' | 'AVERAGE';
  readonly of: 'CPU' | 'REQUESTS' | 'UNKNOWN';
}

/** The metrics of an autoscaler; CPU at 80 % where it names none (its default). */
function metricsOf(cluster: Cluster, namespace: string, name: string): readonly Metric[] {
  const resource = [...cluster.resources.values()].find(
    (one) =>
      resourceRole(one.kind, one.apiVersion) === 'AUTOSCALER' &&
      (one.metadata.namespace ?? 'default') === namespace &&
      one.metadata.name === name,
  );
  const spec = fieldsOf(resource?.spec);
  const { targetCPUUtilizationPercentage: plain, metrics } = spec;
  const listed = Array.isArray(metrics) ? metrics.map(fieldsOf) : [];
  if (listed.length === 0)
    return [{ name: 'cpu', target: typeof plain === 'number' ? plain : 80, kind: 'UTILIZATION', of: 'CPU' }];
  return listed.flatMap((metric): Metric[] => {
    const own = fieldsOf(
      metric.resource ?? metric.pods ?? metric.containerResource ?? metric.object ?? metric.external,
    );
    const target = fieldsOf(own.target);
    const called = String(own.name ?? fieldsOf(own.metric).name ?? metric.type);
    const utilization = target.averageUtilization ?? own.targetAverageUtilization;
    const average = target.averageValue ?? own.targetAverageValue;
    if (metric.type === 'Resource' && called === 'cpu') {
      if (typeof utilization === 'number')
        return [{ name: called, target: utilization, kind: 'UTILIZATION', of: 'CPU' }];
      const milli = average === undefined ? undefined : milliValue(String(average));
      return milli === undefined ? [] : [{ name: called, target: milli, kind: 'AVERAGE', of: 'CPU' }];
    }
    const value = average === undefined ? undefined : milliValue(String(average));
    const ofRequests = metric.type === 'Pods' && /requests?_per_second|(^|_)rps$/.test(called) && value !== undefined;
    return [{ name: called, target: (value ?? 0) / 1000, kind: 'AVERAGE', of: ofRequests ? 'REQUESTS' : 'UNKNOWN' }];
  });
}

export interface AutoscalerLoad {
  readonly name: string;
  readonly workload: string;
  readonly replicas: number;
  readonly metric?: string;
  readonly target?: number;
  readonly average?: number;
  readonly hottest?: number;
  /** The replicas that the controller would set for this load; absent: not known. */
  readonly desired?: number;
  /** Whether the hottest pod is above the target, and no replica is added. */
  readonly hidesHotPod?: boolean;
  readonly explanation: string;
}

/** What pods, each with its part of the load, are to an autoscaler. */
export function autoscalerLoads(
  cluster: Cluster,
  settings: Settings,
  load: LoadFields,
  offered: Offered,
): readonly AutoscalerLoad[] {
  const rates = new Map(
    (load.pods ?? []).flatMap(({ pod, requestsPerSecond }) =>
      requestsPerSecond === undefined ? [] : [[pod, requestsPerSecond] as const],
    ),
  );
  if (rates.size === 0) return [];
  const since133 = atLeast(controlPlaneVersion(cluster, settings), 33);
  return autoscalersOf(cluster).flatMap((autoscaler): AutoscalerLoad[] => {
    const { namespace, name, target: scaled } = autoscaler;
    const workload = cluster.workloads.get(workloadKey(scaled.kind, namespace, scaled.name));
    if (workload === undefined) return [];
    const pods = podsOfWorkload(cluster, scaled.kind, namespace, scaled.name).map(namespacedName);
    // Pods that get no connections are not ready: the controller leaves them out of the average.
    const own = pods.filter((pod) => rates.has(pod));
    if (own.length === 0) return [];
    const base = {
      name: `${namespace}/${name}`,
      workload: `${scaled.kind} ${namespace}/${scaled.name}`,
      replicas: workload.spec?.replicas ?? pods.length,
    };
    const metrics = metricsOf(cluster, namespace, name);
    const judged = metrics.map((metric) => judge(metric, cluster, own, rates, load, offered));
    const unknown = judged.find((one) => 'why' in one);
    if (unknown !== undefined && 'why' in unknown) return [{ ...base, explanation: unknown.why }];
    const known = judged.flatMap((one) => ('why' in one ? [] : [one]));
    const wanted = known.map(({ ratio }) =>
      since133 ? desiredBy(ratio, own.length).since133 : desiredBy(ratio, own.length).before133,
    );
    const most = wanted.indexOf(Math.max(...wanted));
    const chosen = known[most];
    if (chosen === undefined) return [];
    const desired = withinBounds(autoscaler, wanted[most] as number);
    const hidesHotPod = chosen.hottest > chosen.metric.target * 1.1 && desired <= base.replicas;
    const unit = chosen.metric.kind === 'UTILIZATION' ? ' %' : chosen.metric.of === 'CPU' ? 'm' : '';
    const number = (value: number) => `${Number(value.toPrecision(4))}${unit}`;
    const pinned =
      load.connections !== undefined && desired > base.replicas
        ? ' New pods take none of the connections that are open.'
        : '';
    const at = load.most === undefined ? '' : ' at the 99th percentile';
    const explanation = `${chosen.metric.name} is ${number(chosen.average)} in the average of ${own.length} pods, the target ${number(chosen.metric.target)}: ${desired === base.replicas ? `it stays at ${desired} replicas` : `it sets ${desired} replicas instead of ${base.replicas}`}; the hottest pod has ${number(chosen.hottest)}${at}.${hidesHotPod ? ' The average hides it.' : ''}${pinned}`;
    return [
      {
        ...base,
        metric: chosen.metric.name,
        target: chosen.metric.target,
        average: chosen.average,
        hottest: chosen.hottest,
        desired,
        hidesHotPod,
        explanation,
      },
    ];
  });
}

type Judged =
  | { readonly metric: Metric; readonly average: number; readonly hottest: number; readonly ratio: number }
  | { readonly why: string };

/** One metric under the load: its average, the hottest pod's, and the ratio that the controller takes. */
function judge(
  metric: Metric,
  cluster: Cluster,
  pods: readonly string[],
  rates: ReadonlyMap<string, number>,
  load: LoadFields,
  { cpuMillisecondsPerRequest: cost, perConnection }: Offered,
): Judged {
  if (metric.of === 'UNKNOWN')
    return { why: `What it makes of metric ${metric.name} is not known: traffic does not tell that metric.` };
  if (metric.of === 'CPU' && cost === undefined)
    return {
      why: 'What it makes of the load is not known: give cpuMillisecondsPerRequest, the CPU time of one request.',
    };
  const each = metric.of === 'CPU' ? (cost as number) : 1;
  const usage = pods.map((pod) => (rates.get(pod) ?? 0) * each);
  // The hottest pod by chance: connections come whole.
  const byChance =
    load.most === undefined || perConnection === undefined ? undefined : load.most.p99 * perConnection * each;
  const hot = Math.max(byChance ?? 0, ...usage);
  const sum = usage.reduce((all, one) => all + one, 0);
  if (metric.kind === 'AVERAGE') {
    const average = sum / pods.length;
    return { metric, average, hottest: hot, ratio: average / metric.target };
  }
  const requests = pods.map((pod) => cpuRequest(cluster, pod));
  if (requests.some((one) => one === undefined || one === 0))
    return {
      why: 'Its utilization is not known: a container of its pods requests no CPU, and the controller then does nothing.',
    };
  const all = requests.reduce<number>((total, one) => total + (one ?? 0), 0);
  const average = Math.floor((sum * 100) / all + 1e-9);
  const hottest = Math.max(
    ...usage.map(
      (one, index) =>
        (Math.max(one, index === 0 && byChance !== undefined ? byChance : 0) * 100) / (requests[index] ?? 1),
    ),
  );
  return { metric, average, hottest, ratio: average / metric.target };
}
