import type { Pod } from '../cluster/objects.js';
import { timestamp } from './new-pods.js';

/** What `terminationGracePeriodSeconds` is by default. */
const GRACE_SECONDS = 30;

type Conditions = NonNullable<NonNullable<Pod['status']>['conditions']>;

function withCondition(conditions: Conditions, type: string, status: string, at: number): Conditions {
  const before = conditions.find((condition) => condition.type === type);
  if (before?.status === status) return conditions;
  const made = { type, status, lastTransitionTime: timestamp(at) };
  return before === undefined ? [...conditions, made] : conditions.map((one) => (one === before ? made : one));
}

/** The pod with its readiness decided: conditions Ready and ContainersReady. The pod itself where nothing changes. */
export function withReadiness(pod: Pod, ready: boolean, at: number): Pod {
  const status = ready ? 'True' : 'False';
  const before = pod.status?.conditions ?? [];
  const contained = before.some(({ type }) => type === 'ContainersReady')
    ? withCondition(before, 'ContainersReady', status, at)
    : before;
  const conditions = withCondition(contained, 'Ready', status, at);
  return conditions === before ? pod : { ...pod, status: { ...pod.status, conditions } };
}

/**
 * As {@link withReadiness}, the Ready condition alone: what the node controller does to pods of a node that is down.
 */
export function withReadyCondition(pod: Pod, ready: boolean, at: number): Pod {
  const before = pod.status?.conditions ?? [];
  const conditions = withCondition(before, 'Ready', ready ? 'True' : 'False', at);
  return conditions === before ? pod : { ...pod, status: { ...pod.status, conditions } };
}

/**
 * The pod being deleted since `at`; its readiness stays what it is. The pod itself where it is being deleted already.
 */
export function terminated(pod: Pod, at: number): Pod {
  if (pod.metadata.deletionTimestamp) return pod;
  const deletionTimestamp = timestamp(at + GRACE_SECONDS * 1000);
  return { ...pod, metadata: { ...pod.metadata, deletionTimestamp } };
}
