/**
 * How many replicas the HorizontalPodAutoscaler computes from one metric of its pods. Source: Kubernetes
 * pkg/controller/podautoscaler/replica_calculator.go (groupPods, GetResourceReplicas, calcPlainMetricReplicas) and
 * metrics/utilization.go.
 */
import type { Pod } from '../cluster/objects.js';
import { atLeast, type KubernetesVersion } from '../cluster/settings.js';

/**
 * How the controller counts a pod. READY: its metric counts. UNREADY: its metric is left out; on a scale-up it counts
 * as 0. MISSING: it has no metric; on a scale-up it counts as 0, on a scale-down as fully used. IGNORED: it does not
 * count at all.
 */
export type CountedAs = 'READY' | 'UNREADY' | 'MISSING' | 'IGNORED';

export interface MeasuredPod {
  readonly countedAs: CountedAs;
  /** The metric in thousandths; of READY pods alone. */
  readonly value: number;
  /** What the pod requests of the resource, in thousandths; for a target in percent. */
  readonly request?: number | undefined;
}

/** Percent of the request, or so many thousandths for each pod. */
export type MetricTarget = { readonly utilization: number } | { readonly averageMilli: number };

/** Ratios of metric and target that change nothing. */
export interface Tolerance {
  readonly up: number;
  readonly down: number;
  /** Up to 1.32 the distance from 1 is compared, from 1.33 on the ratio: in doubles 1.1 is outside, then inside. */
  readonly comparesRatio: boolean;
}

export const DEFAULT_TOLERANCE = 0.1;

export function toleranceIn(version: KubernetesVersion, up = DEFAULT_TOLERANCE, down = up): Tolerance {
  return { up, down, comparesRatio: atLeast(version, 33) };
}

function isWithin({ up, down, comparesRatio }: Tolerance, ratio: number): boolean {
  return comparesRatio ? ratio >= 1 - down && ratio <= 1 + up : Math.abs(1 - ratio) <= up;
}

/** Why the number is what it is. */
type Because =
  | 'RATIO'
  | 'WITHIN_TOLERANCE'
  /** With the pods that are not ready or not measured, the change would go the other way or nowhere. */
  | 'UNREADY_PODS';

export interface Proposal {
  readonly replicas: number;
  readonly because: Because;
  /** Metric over target, of the pods that count. */
  readonly ratio: number;
  /** Metric over target with the pods that are not ready or not measured; absent where no such pod counts. */
  readonly cautiousRatio?: number;
  /** In percent, or in thousandths. */
  readonly average: number;
}

// Metrics are whole thousandths; values that follow from traffic are not, and a sum must not fall short by rounding.
const floor = (value: number) => Math.floor(value + 1e-9);

interface Sample {
  readonly value: number;
  readonly request: number;
}

function usageOf(
  samples: readonly Sample[],
  target: MetricTarget,
): { readonly average: number; readonly ratio: number } {
  const total = samples.reduce((sum, { value }) => sum + value, 0);
  if ('utilization' in target) {
    const requests = samples.reduce((sum, { request }) => sum + request, 0);
    const average = floor((total * 100) / requests);
    return { average, ratio: average / target.utilization };
  }
  const average = floor(total / samples.length);
  return { average, ratio: average / target.averageMilli };
}

/** Replicas of a ratio: rounded up, not by what doubles leave over. */
function roundedUp(ratio: number, pods: number): number {
  return Math.ceil(ratio * pods);
}

/**
 * The replicas that a metric calls for, before bounds, stabilization and policies. Undefined where the controller
 * cannot tell and does nothing: no pod has a metric, or for a target in percent a pod does not request the resource.
 */
export function replicasByMetric(
  pods: readonly MeasuredPod[],
  current: number,
  target: MetricTarget,
  tolerance: Tolerance,
): Proposal | undefined {
  const inPercent = 'utilization' in target;
  if (inPercent && pods.some(({ request }) => request === undefined)) return undefined;
  const sample = (pod: MeasuredPod, value: number): Sample => ({ value, request: pod.request ?? 0 });
  const counted = (kind: CountedAs) => pods.filter(({ countedAs }) => countedAs === kind);
  const ready = counted('READY').map((pod) => sample(pod, pod.value));
  const missing = counted('MISSING');
  const unready = counted('UNREADY');
  if (ready.length === 0) return undefined;
  if (inPercent && ready.every(({ request }) => request === 0)) return undefined;
  const { average, ratio } = usageOf(ready, target);
  const upWithUnready = unready.length > 0 && ratio > 1;
  if (!upWithUnready && missing.length === 0) {
    return isWithin(tolerance, ratio)
      ? { replicas: current, because: 'WITHIN_TOLERANCE', ratio, average }
      : { replicas: roundedUp(ratio, ready.length), because: 'RATIO', ratio, average };
  }
  const full = (pod: MeasuredPod) =>
    'utilization' in target
      ? Math.floor(((pod.request ?? 0) * Math.max(100, target.utilization)) / 100)
      : target.averageMilli;
  // At a ratio of exactly 1 a metric in percent says nothing of pods that are not measured.
  const stays = inPercent && ratio === 1;
  const cautious = [
    ...ready,
    ...(stays ? [] : missing.map((pod) => sample(pod, ratio < 1 ? full(pod) : 0))),
    ...(upWithUnready ? unready.map((pod) => sample(pod, 0)) : []),
  ];
  const { ratio: cautiousRatio } = usageOf(cautious, target);
  const replicas = roundedUp(cautiousRatio, cautious.length);
  const found = { ratio, cautiousRatio, average };
  if (isWithin(tolerance, cautiousRatio)) return { replicas: current, because: 'WITHIN_TOLERANCE', ...found };
  const turns = (ratio < 1 && cautiousRatio > 1) || (ratio > 1 && cautiousRatio < 1);
  const backwards = (cautiousRatio < 1 && replicas > current) || (cautiousRatio > 1 && replicas < current);
  if (turns || backwards) return { replicas: current, because: 'UNREADY_PODS', ...found };
  return { replicas, because: 'RATIO', ...found };
}

/** kube-controller-manager's --horizontal-pod-autoscaler-cpu-initialization-period. */
const CPU_INITIALIZATION_SECONDS = 300;
/** --horizontal-pod-autoscaler-initial-readiness-delay. */
const INITIAL_READINESS_SECONDS = 30;
/** Over which metrics-server averages by default (--metric-resolution). */
const METRIC_WINDOW_SECONDS = 15;

/** When the controller looks: milliseconds since 1970, and whether the metrics of new pods are not there yet. */
export interface Look {
  readonly at: number;
  /** Pods that turned ready less than a metric's window ago have no full sample. False: the load has lasted a while. */
  readonly atOnce: boolean;
}

/**
 * How the controller counts a pod of a snapshot. Pods that run have metrics, but those whose containers all wait or
 * have ended. `cpu`: the metric is CPU, which pods use to start.
 */
export function countedAs({ metadata, status }: Pod, { at, atOnce }: Look, cpu: boolean): CountedAs {
  if (metadata.deletionTimestamp || status?.phase === 'Failed') return 'IGNORED';
  if (status?.phase === 'Pending') return 'UNREADY';
  if (status?.phase === 'Succeeded') return 'MISSING';
  const containers = status?.containerStatuses ?? [];
  if (containers.length > 0 && containers.every(({ state }) => state !== undefined && state.running === undefined)) {
    return 'MISSING';
  }
  if (!cpu) return 'READY';
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready === undefined) return 'UNREADY';
  const isUnready = ready.status === 'False';
  const started = Date.parse(status?.startTime ?? '');
  // A snapshot may lack the time: then the pod is taken to run for long.
  if (Number.isNaN(started)) return isUnready ? 'UNREADY' : 'READY';
  const turned = Date.parse(ready.lastTransitionTime ?? '');
  if (started + CPU_INITIALIZATION_SECONDS * 1000 > at) {
    return isUnready || (atOnce && turned + METRIC_WINDOW_SECONDS * 1000 > at) ? 'UNREADY' : 'READY';
  }
  const neverReady = Number.isNaN(turned) || started + INITIAL_READINESS_SECONDS * 1000 > turned;
  return isUnready && neverReady ? 'UNREADY' : 'READY';
}
