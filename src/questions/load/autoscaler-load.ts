/**
 * What a HorizontalPodAutoscaler makes of a load. Source: Kubernetes pkg/controller/podautoscaler
 * (replica_calculator.go, horizontal.go): it looks at the average of its pods alone, as a whole number of percent.
 */

import { fieldsOf } from '../../base/record.js';
import { controlPlaneVersion, featureGatesOf } from '../../changes/control-plane-version.js';
import { workloadKey } from '../../cluster/cluster.js';
import { containersOf } from '../../cluster/containers.js';
import { matchesSelector } from '../../cluster/labels.js';
import { namespacedName, type Pod } from '../../cluster/objects.js';
import { atLeast, type KubernetesVersion } from '../../cluster/settings.js';
import { podsOfWorkload } from '../../cluster/workload-pods.js';
import { type Autoscaler, autoscalersOf, isSwitchedOff, withinBounds } from '../../control-plane/autoscaler.js';
import { milliValue } from '../../control-plane/quantity.js';
import {
  type CountedAs,
  countedAs,
  DEFAULT_TOLERANCE,
  type Look,
  type MeasuredPod,
  type MetricTarget,
  type Proposal,
  replicasByMetric,
  type Tolerance,
  toleranceIn,
} from '../../control-plane/replica-calculator.js';
import { behaviorOf, type ScalingStep, scalingSteps } from '../../control-plane/scaling-limits.js';
import type { Prepared } from '../prepare.js';
import type { LoadFields } from './fields.js';
import type { Offered } from './offered.js';

/** One metric of an autoscaler, as far as it can be worked out from traffic. */
interface Metric {
  readonly name: string;
  readonly target: MetricTarget;
  readonly of: 'CPU' | 'REQUESTS';
  /** The container that alone is measured. */
  readonly container?: string;
}

interface UnknownMetric {
  readonly name: string;
  readonly of: 'UNKNOWN';
}

/** A metric of `spec.metrics` of autoscaling/v2 (or of its betas). */
function readMetric(metric: Readonly<Record<string, unknown>>): Metric | UnknownMetric {
  const own = fieldsOf(metric.resource ?? metric.pods ?? metric.containerResource ?? metric.object ?? metric.external);
  const target = fieldsOf(own.target);
  const name = String(own.name ?? fieldsOf(own.metric).name ?? own.metricName ?? metric.type);
  const utilization = target.averageUtilization ?? own.targetAverageUtilization;
  const average = target.averageValue ?? own.targetAverageValue;
  const milli = average === undefined ? undefined : milliValue(String(average));
  const isCpu = name === 'cpu' && (metric.type === 'Resource' || metric.type === 'ContainerResource');
  const isRate = metric.type === 'Pods' && /requests?_per_second|(^|_)rps$/.test(name);
  const container = metric.type === 'ContainerResource' ? { container: String(own.container) } : {};
  if (isCpu && typeof utilization === 'number' && utilization > 0)
    return { name, target: { utilization }, of: 'CPU', ...container };
  if (milli === undefined || milli <= 0 || !(isCpu || isRate)) return { name, of: 'UNKNOWN' };
  return { name, target: { averageMilli: milli }, of: isCpu ? 'CPU' : 'REQUESTS', ...container };
}

/** The metrics of an autoscaler; CPU at 80 % where it names none (its default). */
function metricsOf({ spec }: Autoscaler): readonly (Metric | UnknownMetric)[] {
  const { targetCPUUtilizationPercentage: plain, metrics } = spec;
  if (Array.isArray(metrics) && metrics.length > 0) return metrics.map((metric) => readMetric(fieldsOf(metric)));
  return [{ name: 'cpu', target: { utilization: typeof plain === 'number' ? plain : 80 }, of: 'CPU' }];
}

interface Requests {
  readonly resources?: { readonly requests?: Readonly<Record<string, string>> };
}

/**
 * The CPU that the controller takes a pod to request, in thousandths: of its containers and sidecars, from 1.34 on of
 * the pod as a whole where it says so. Undefined where one of them requests none: the controller then fails.
 */
function requestOf({ spec }: Pod, container: string | undefined, version: KubernetesVersion): number | undefined {
  const whole = (spec as Requests | undefined)?.resources?.requests;
  if (container === undefined && whole !== undefined && atLeast(version, 34)) return milliValue(whole.cpu);
  const all = containersOf(spec);
  const measured = container === undefined ? all : all.filter(({ name }) => name === container);
  const each = measured.map((one) => milliValue((one as Requests).resources?.requests?.cpu));
  if (each.length === 0 || each.includes(undefined)) return undefined;
  return each.reduce<number>((sum, one) => sum + (one ?? 0), 0);
}

/** The pods that the controller looks at: those that the workload's selector matches. */
function podsOf({ cluster }: Prepared, { namespace, target }: Autoscaler): readonly Pod[] {
  const selector = cluster.workloads.get(workloadKey(target.kind, namespace, target.name))?.spec?.selector;
  if (selector === undefined) return podsOfWorkload(cluster, target.kind, namespace, target.name);
  return cluster.podsIn(namespace).filter(({ metadata }) => matchesSelector(metadata.labels, selector));
}

export interface AutoscalerLoad {
  readonly name: string;
  readonly workload: string;
  readonly replicas: number;
  readonly metric?: string;
  readonly target?: number;
  /** Of the pods that count. */
  readonly average?: number;
  readonly ratio?: number;
  /** With the pods that are not ready, or have no metric, counted as the controller does. */
  readonly cautiousRatio?: number;
  readonly hottest?: number;
  /** The replicas that the metrics call for, before the bounds. */
  readonly wanted?: number;
  /** The replicas that the controller would set for this load in the end; absent: not known. */
  readonly desired?: number;
  /** Where a metric is not known: the replicas that the others call for at least. */
  readonly desiredAtLeast?: number;
  /** When it sets which number, by its windows and policies. */
  readonly steps?: readonly ScalingStep[];
  /** Whether the hottest pod is above the target, and no replica is added. */
  readonly hidesHotPod?: boolean;
  readonly pods?: readonly { readonly pod: string; readonly countedAs: CountedAs; readonly value?: number }[];
  readonly explanation: string;
}

/** The most pods that are listed. */
const MAX_PODS = 500;

/** What one metric makes of the load. */
type Judged =
  | {
      readonly metric: Metric;
      readonly proposal: Proposal;
      readonly hottest: number;
      readonly pods: NonNullable<AutoscalerLoad['pods']>;
      readonly counts: Readonly<Record<CountedAs, number>>;
    }
  /** Not known, or the controller cannot tell either. */
  | { readonly unknown: string; readonly fails: boolean };

interface Situation {
  readonly pods: readonly Pod[];
  readonly current: number;
  readonly rates: ReadonlyMap<string, number>;
  readonly load: LoadFields;
  readonly offered: Offered;
  readonly look: Look;
  readonly tolerance: Tolerance;
  readonly version: KubernetesVersion;
}

function judge(metric: Metric | UnknownMetric, situation: Situation): Judged {
  const { pods, rates, load, offered, current } = situation;
  const { cpuMillisecondsPerRequest: cost, perConnection } = offered;
  const unknown = (text: string, fails = false): Judged => ({ unknown: text, fails });
  if (metric.of === 'UNKNOWN')
    return unknown(`What it makes of metric ${metric.name} is not known: traffic does not tell that metric.`);
  const isCpu = metric.of === 'CPU';
  if (isCpu && cost === undefined) {
    return unknown(
      'What it makes of the load is not known: give cpuMillisecondsPerRequest, the CPU time of one request.',
    );
  }
  const { container } = metric;
  if (container !== undefined && pods.some(({ spec }) => (spec?.containers?.length ?? 0) > 1)) {
    return unknown(`What it makes of container ${container} is not known: traffic does not tell containers apart.`);
  }
  // CPU of one request in milliseconds times requests per second are thousandths of a CPU.
  const each = isCpu ? (cost as number) : 1000;
  const measured = pods.map((pod): MeasuredPod => {
    const counted = countedAs(pod, situation.look, isCpu);
    const value = counted === 'READY' ? (rates.get(namespacedName(pod)) ?? 0) * each : 0;
    return { countedAs: counted, value, request: isCpu ? requestOf(pod, container, situation.version) : undefined };
  });
  const proposal = replicasByMetric(measured, current, metric.target, situation.tolerance);
  if (proposal === undefined) {
    const anyReady = measured.some(({ countedAs: counted }) => counted === 'READY');
    return unknown(
      anyReady
        ? 'Its utilization is not known: a container of its pods requests no CPU, and the controller then does nothing.'
        : `None of its pods has a ${metric.name} metric that counts, and the controller then does nothing.`,
      true,
    );
  }
  const inPercent = 'utilization' in metric.target;
  const shown = (value: number, request: number | undefined) =>
    inPercent ? (value * 100) / (request || 1) : isCpu ? value : value / 1000;
  // The hottest pod by chance: connections come whole.
  const byChance = load.most === undefined || perConnection === undefined ? 0 : load.most.p99 * perConnection * each;
  const first = measured.find(({ countedAs: counted }) => counted === 'READY');
  const values = measured.map(({ value, request }) => shown(value, request));
  const counts = { READY: 0, UNREADY: 0, MISSING: 0, IGNORED: 0 };
  for (const { countedAs: counted } of measured) counts[counted] += 1;
  return {
    metric,
    proposal,
    hottest: Math.max(shown(byChance, first?.request), ...values),
    counts,
    pods: pods.slice(0, MAX_PODS).map((pod, index) => {
      const counted = (measured[index] as MeasuredPod).countedAs;
      return {
        pod: namespacedName(pod),
        countedAs: counted,
        ...(counted === 'READY' ? { value: values[index] as number } : {}),
      };
    }),
  };
}

function plural(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`;
}

/** Who does not count as it is, in a sentence; empty where everybody does. */
function leftOut(counts: Readonly<Record<CountedAs, number>>, { ratio, cautiousRatio }: Proposal): string {
  const parts = [
    ...(counts.UNREADY === 0
      ? []
      : [
          `${plural(counts.UNREADY, 'pod')} not ready ${counts.UNREADY === 1 ? 'is' : 'are'} ` +
            `${ratio > 1 ? 'counted as 0' : 'left out'}`,
        ]),
    ...(counts.MISSING === 0
      ? []
      : [
          `${plural(counts.MISSING, 'pod')} without metrics ${counts.MISSING === 1 ? 'counts' : 'count'} as ` +
            `${ratio < 1 ? 'fully used' : '0'}`,
        ]),
    ...(counts.IGNORED === 0
      ? []
      : [
          `${plural(counts.IGNORED, 'pod')} that ${counts.IGNORED === 1 ? 'is' : 'are'} being deleted or ` +
            `failed ${counts.IGNORED === 1 ? 'does' : 'do'} not count`,
        ]),
  ];
  if (parts.length === 0) return '';
  const with_ =
    cautiousRatio === undefined
      ? ''
      : `: the ratio is ${Number(cautiousRatio.toPrecision(4))} in place of ${Number(ratio.toPrecision(4))}`;
  return ` ${parts.join('; ')}${with_}.`;
}

function courseOf(steps: readonly ScalingStep[]): string {
  const later = steps.filter(({ afterSeconds }) => afterSeconds > 0);
  if (later.length === 0) return '';
  const shown = steps.slice(0, 4).map(({ afterSeconds, replicas }) => `${replicas} after ${afterSeconds} s`);
  return ` Its windows and policies give ${shown.join(', ')}${steps.length > 4 ? ' …' : ''}.`;
}

/**
 * What each autoscaler makes of the load of these pods. `rates`: requests per second by pod. Empty where no rate is
 * known or no autoscaler scales one of the pods.
 */
export function autoscalerLoads(
  prepared: Prepared,
  rates: ReadonlyMap<string, number>,
  load: LoadFields,
  offered: Offered,
): readonly AutoscalerLoad[] {
  if (offered.requestsPerSecond === undefined) return [];
  const { cluster, settings } = prepared;
  const version = controlPlaneVersion(cluster, settings);
  return autoscalersOf(cluster).flatMap((autoscaler): AutoscalerLoad[] => {
    const { namespace, name, target: scaled } = autoscaler;
    const workload = cluster.workloads.get(workloadKey(scaled.kind, namespace, scaled.name));
    if (workload === undefined) return [];
    const pods = podsOf(prepared, autoscaler);
    if (!pods.some((pod) => rates.has(namespacedName(pod)))) return [];
    const replicas = workload.spec?.replicas ?? pods.length;
    const base = {
      name: `${namespace}/${name}`,
      workload: `${scaled.kind} ${namespace}/${scaled.name}`,
      replicas,
    };
    if (isSwitchedOff(autoscaler, replicas))
      return [{ ...base, desired: 0, explanation: 'It is switched off: the workload has 0 replicas.' }];
    const behavior = behaviorOf(autoscaler.spec.behavior);
    // HPAConfigurableTolerance: alpha in 1.33, on from 1.35.
    const gate = featureGatesOf(cluster, settings).HPAConfigurableTolerance ?? atLeast(version, 35);
    const own = gate && atLeast(version, 33);
    const tolerance = toleranceIn(
      version,
      (own ? behavior.up.tolerance : undefined) ?? DEFAULT_TOLERANCE,
      (own ? behavior.down.tolerance : undefined) ?? DEFAULT_TOLERANCE,
    );
    const { at, given } = prepared.moment();
    const judged = metricsOf(autoscaler).map((metric) =>
      judge(metric, {
        pods,
        current: replicas,
        rates,
        load,
        offered,
        look: { at, atOnce: given && prepared.earlier === undefined },
        tolerance,
        version,
      }),
    );
    return [answerFor(autoscaler, base, judged, load)];
  });
}

/** The whole answer for an autoscaler: the metric that calls for most decides. */
function answerFor(
  autoscaler: Autoscaler,
  base: Pick<AutoscalerLoad, 'name' | 'workload' | 'replicas'>,
  judged: readonly Judged[],
  load: LoadFields,
): AutoscalerLoad {
  const { replicas } = base;
  const bounded = withinBounds(autoscaler, replicas);
  const behavior = behaviorOf(autoscaler.spec.behavior);
  const known = judged.flatMap((one) => ('unknown' in one ? [] : [one]));
  const open = judged.flatMap((one) => ('unknown' in one ? [one] : []));
  const wanted = known.map(({ proposal }) => proposal.replicas);
  const most = wanted.indexOf(Math.max(...wanted));
  const chosen = known[most];
  const notTold = open.find(({ fails }) => !fails);
  const failed = open.find(({ fails }) => fails);
  if (chosen === undefined) {
    if (bounded !== replicas) {
      const explanation =
        `${replicas} replicas are outside of its bounds: it sets ` + `${bounded} before it looks at metrics.`;
      const steps = scalingSteps(behavior, replicas, bounded, autoscaler);
      return { ...base, ...(notTold === undefined ? { desired: bounded } : {}), steps, explanation };
    }
    if (notTold !== undefined) return { ...base, explanation: notTold.unknown };
    return { ...base, desired: replicas, explanation: failed?.unknown ?? 'It has no metric.' };
  }
  const { metric, proposal, hottest, pods, counts } = chosen;
  const target = 'utilization' in metric.target ? metric.target.utilization : metric.target.averageMilli;
  const scale = metric.of === 'REQUESTS' ? 1000 : 1;
  const unit = 'utilization' in metric.target ? ' %' : metric.of === 'CPU' ? 'm' : '';
  const number = (value: number) => `${Number(value.toPrecision(4))}${unit}`;
  const seen = {
    metric: metric.name,
    target: target / scale,
    average: proposal.average / scale,
    ratio: proposal.ratio,
    ...(proposal.cautiousRatio === undefined ? {} : { cautiousRatio: proposal.cautiousRatio }),
    hottest,
    pods,
    wanted: proposal.replicas,
  };
  const head =
    `${metric.name} is ${number(seen.average)} in the average of ${plural(counts.READY, 'pod')}, the target ` +
    `${number(seen.target)}`;
  const limited = withinBounds(autoscaler, proposal.replicas);
  // A metric that is not known may call for more, never for fewer.
  if (notTold !== undefined) {
    const atLeastText = `${head}: it sets at least ${Math.max(limited, 0)} replicas. ${notTold.unknown}`;
    return { ...base, ...seen, desiredAtLeast: limited, explanation: atLeastText };
  }
  // With a metric that fails it scales up by the others, and never down.
  const keeps = failed !== undefined && limited < bounded;
  const disabled = (limited > bounded ? behavior.up : behavior.down).select === 'Disabled';
  const desired = keeps || disabled ? bounded : limited;
  const steps = scalingSteps(behavior, replicas, desired, autoscaler);
  const hidesHotPod = hottest > seen.target * (1 + DEFAULT_TOLERANCE) && desired <= replicas;
  const pinned =
    load.connections !== undefined && desired > replicas ? ' New pods take none of the connections that are open.' : '';
  const atText = load.most === undefined ? '' : ' at the 99th percentile';
  const bounds = proposal.replicas === limited ? '' : ` (${proposal.replicas} are outside of its bounds)`;
  const why = keeps
    ? ` ${failed?.unknown}`
    : disabled && limited !== bounded
      ? ` It would set ${limited}; its behavior forbids that.`
      : '';
  const does =
    desired === replicas
      ? `it stays at ${desired} replicas`
      : `it sets ${desired} replicas instead of ${replicas}${bounds}`;
  const explanation =
    `${head}: ${does}; the hottest pod has ` +
    `${number(hottest)}${atText}.${leftOut(counts, proposal)}${why}${hidesHotPod ? ' The average hides it.' : ''}` +
    `${courseOf(steps)}${pinned}`;
  return {
    ...base,
    ...seen,
    desired,
    ...(steps.length === 0 ? {} : { steps }),
    hidesHotPod,
    explanation,
  };
}
