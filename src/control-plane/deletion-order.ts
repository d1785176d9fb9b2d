import { sidecarsOf } from '../cluster/containers.js';
import type { Pod } from '../cluster/objects.js';
import { isReady } from './pods.js';

const DELETION_COST_ANNOTATION = 'controller.kubernetes.io/pod-deletion-cost';

/** What decides which pod of a ReplicaSet is deleted first, read from the pod once. */
export interface DeletionKey {
  readonly pod: Pod;
  readonly assigned: boolean;
  /** Pending 0, Unknown 1, Running 2. */
  readonly phase: number;
  readonly ready: boolean;
  readonly cost: number;
  /** Active pods of the related ReplicaSets on the pod's node. */
  readonly rank: number;
  /** When the pod became ready, and when it was created. */
  readonly readySince: Moment;
  /** Highest restart count of a container, and of a sidecar. */
  readonly restarts: number;
  readonly sidecarRestarts: number;
  readonly created: Moment;
  readonly uid: string;
}

/** A time as it is compared. */
interface Moment {
  /** Milliseconds since 1970; undefined when not known, which counts as most recent. */
  readonly time: number | undefined;
  /** Lower is deleted first, whatever the UIDs say; moments of equal bucket and different time are compared by UID. */
  readonly bucket: number;
}

/** Which of the rules a Kubernetes version has. Both are on from 1.22. */
export interface DeletionRules {
  readonly deletionCost: boolean;
  /** Ages are compared by power of two, and by UID inside one power. */
  readonly logarithmicAges: boolean;
  /** From 1.32: restarts of sidecars break ties between equal restarts of containers. */
  readonly sidecarRestarts: boolean;
}

/**
 * The pod's deletion cost as the ReplicaSet controller reads it: 0 when absent or not accepted. A leading plus sign or
 * zero is not accepted, nor anything outside int32.
 */
export function deletionCost(pod: Pod): number {
  const text = pod.metadata.annotations?.[DELETION_COST_ANNOTATION];
  if (text === undefined || !/^(?:0|-\d+|[1-9]\d*)$/.test(text)) return 0;
  const cost = Number(text);
  return cost >= -2147483648 && cost <= 2147483647 ? cost || 0 : 0;
}

function momentOf(text: string | null | undefined, now: number, rules: DeletionRules): Moment {
  const time = text ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) return { time: undefined, bucket: Number.NEGATIVE_INFINITY };
  return { time, bucket: rules.logarithmicAges ? ageBucket(time, now) : -time };
}

function maxRestarts(counts: readonly (number | undefined)[]): number {
  return counts.reduce<number>((most, count) => Math.max(most, count ?? 0), 0);
}

const PHASES: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

/** Reads a pod's key; `rank` as the ReplicaSet controller counts it, `now` in milliseconds since 1970. */
export function deletionKey(pod: Pod, rank: number, now: number, rules: DeletionRules): DeletionKey {
  const sidecars = new Set(sidecarsOf(pod.spec).map(({ name }) => name));
  const readyCondition = pod.status?.conditions?.find((one) => one.type === 'Ready' && one.status === 'True');
  return {
    pod,
    assigned: Boolean(pod.spec?.nodeName),
    phase: PHASES[pod.status?.phase ?? ''] ?? 0,
    ready: isReady(pod),
    cost: rules.deletionCost ? deletionCost(pod) : 0,
    rank,
    readySince: momentOf(readyCondition?.lastTransitionTime, now, rules),
    restarts: maxRestarts((pod.status?.containerStatuses ?? []).map((one) => one.restartCount)),
    sidecarRestarts: rules.sidecarRestarts
      ? maxRestarts(
          (pod.status?.initContainerStatuses ?? [])
            .filter((one) => sidecars.has(one.name))
            .map((one) => one.restartCount),
        )
      : 0,
    created: momentOf(pod.metadata.creationTimestamp, now, rules),
    uid: pod.metadata.uid ?? '',
  };
}

/** floor(log2(age in nanoseconds)); -1 for an age that is not positive. `now` and `time` in milliseconds. */
export function ageBucket(time: number, now: number): number {
  const age = Number(BigInt(now - time) * 1_000_000n);
  if (age <= 0) return -1;
  // As Go's math.Log2: exact for powers of two, else the logarithm of the fraction in [0.5, 1) plus the exponent.
  let exponent = 0;
  let fraction = age;
  while (fraction >= 1) {
    fraction /= 2;
    exponent++;
  }
  return fraction === 0.5 ? exponent - 1 : Math.trunc(Math.log(fraction) * (1 / Math.LN2) + exponent);
}

/** Negative: a first; positive: b first; 0: the moments do not tell, or are the same. */
function compareMoments(a: DeletionKey, b: DeletionKey, ta: Moment, tb: Moment): number {
  if (ta.time === tb.time) return 0;
  if (ta.bucket !== tb.bucket) return ta.bucket < tb.bucket ? -1 : 1;
  return a.uid < b.uid ? -1 : a.uid > b.uid ? 1 : 0;
}

/** The part of the order that no later rule can turn: pods that differ here are always deleted in this order. */
export function compareStrictly(a: DeletionKey, b: DeletionKey): number {
  if (a.assigned !== b.assigned) return a.assigned ? 1 : -1;
  if (a.phase !== b.phase) return a.phase - b.phase;
  if (a.ready !== b.ready) return a.ready ? 1 : -1;
  if (a.cost !== b.cost) return a.cost - b.cost;
  if (a.rank !== b.rank) return b.rank - a.rank;
  if (a.ready && a.readySince.bucket !== b.readySince.bucket) return a.readySince.bucket < b.readySince.bucket ? -1 : 1;
  return 0;
}

/**
 * Which of two pods a ReplicaSet deletes first: negative a, positive b, 0 undecided (then the order in which the
 * controller's cache lists them decides, which is random). Not transitive: two pods that became ready in the same
 * moment go on to restarts and creation, but against a third pod of the same power-of-two age the UID decides. Source:
 * Kubernetes 1.36 pkg/controller, ActivePodsWithRanks.
 */
export function compareForDeletion(a: DeletionKey, b: DeletionKey): number {
  const strict = compareStrictly(a, b);
  if (strict !== 0) return strict;
  // Once ready times differ no later rule is asked.
  if (a.ready && a.readySince.time !== b.readySince.time) return compareMoments(a, b, a.readySince, b.readySince);
  if (a.restarts !== b.restarts) return b.restarts - a.restarts;
  if (a.sidecarRestarts !== b.sidecarRestarts) return b.sidecarRestarts - a.sidecarRestarts;
  return compareMoments(a, b, a.created, b.created);
}
