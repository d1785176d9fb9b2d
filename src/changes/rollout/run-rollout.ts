import { type Cluster, workloadKey } from '../../cluster/cluster.js';
import { namespacedName, type Pod, type Workload } from '../../cluster/objects.js';
import { podsOfWorkload, replicaSetsOf } from '../../cluster/workload-pods.js';
import { isActive, isReady } from '../../control-plane/pods.js';
import { podsOfReplicaSet } from '../../control-plane/replicaset-victims.js';
import { scaledValue } from '../../control-plane/rolling-update.js';
import type { ChangeContext, ChangeResult, Consequence } from '../change.js';
import { controlPlaneVersion } from '../control-plane-version.js';
import { impossible } from '../refused-change.js';
import { MAX_REPLICAS } from '../scale.js';
import { settle } from '../settle.js';
import { rollOutDaemonSet } from './daemon-set.js';
import { rollOutDeployment } from './deployment.js';
import { type Rollout, type RolloutState, Simulation } from './simulation.js';
import { rollOutStatefulSet } from './stateful-set.js';
import {
  daemonSetStrategy,
  deploymentStrategy,
  replacesOnDelete,
  type StrategyOverride,
  statefulSetStrategy,
} from './strategy.js';

/** What a rollout may cost: all pods are looked at in every round. A second or two. */
const MAX_PODS_TIMES_ROUNDS = 100_000;

/** How many pods a strategy replaces at once. */
function batchOf(wanted: Workload, pods: number, override: StrategyOverride): number {
  if (wanted.kind === 'Deployment') {
    const strategy = deploymentStrategy(wanted, override);
    return strategy.recreate ? pods : strategy.posts.maxSurge + strategy.posts.maxUnavailable;
  }
  if (wanted.kind === 'StatefulSet') return statefulSetStrategy(wanted, override).maxUnavailable;
  const { maxSurge, maxUnavailable } = daemonSetStrategy(wanted, override);
  return Math.max(scaledValue(maxSurge, pods, true) ?? 0, scaledValue(maxUnavailable, pods, true) ?? 1);
}

/** Whether a rollout of so many pods takes longer to work out than anybody waits. */
export function isLongRollout(wanted: Workload, pods: number, override: StrategyOverride): boolean {
  return (pods * pods) / Math.max(1, batchOf(wanted, pods, override)) > MAX_PODS_TIMES_ROUNDS;
}

/**
 * Works out the states of a rollout. `wanted` has the new template, `before` the former one. Throws QuestionError
 * IMPOSSIBLE_CHANGE where the snapshot does not tell what the new pods are.
 */
export function runRollout(
  cluster: Cluster,
  before: Workload,
  wanted: Workload,
  override: StrategyOverride,
  context: ChangeContext,
  pointer: string,
): Rollout {
  const { replicas = 1 } = wanted.spec ?? {};
  if (wanted.kind !== 'DaemonSet' && replicas > MAX_REPLICAS) {
    const detail =
      `${wanted.kind} ${namespacedName(wanted)} has ${replicas} replicas; rollouts of at most ${MAX_REPLICAS} ` +
      'are worked out.';
    throw impossible(pointer, detail);
  }
  const input = { at: context.at, version: controlPlaneVersion(cluster, context.settings), pointer };
  if (wanted.kind === 'Deployment') {
    return rollOutDeployment(cluster, before, wanted, deploymentStrategy(wanted, override), input);
  }
  if (replacesOnDelete(wanted)) {
    const { name, namespace = 'default' } = wanted.metadata;
    const simulation = new Simulation(
      cluster,
      podsOfWorkload(cluster, wanted.kind, namespace, name).filter(isActive),
      [],
      input,
    );
    simulation.store(wanted);
    simulation.note('START');
    return simulation.end(
      'updateStrategy is OnDelete: the controller replaces a pod only once somebody has deleted it',
    );
  }
  return wanted.kind === 'StatefulSet'
    ? rollOutStatefulSet(cluster, wanted, statefulSetStrategy(wanted, override), input)
    : rollOutDaemonSet(cluster, wanted, daemonSetStrategy(wanted, override), input);
}

function recounted(workload: Workload, pods: readonly Pod[]): [string, Workload] {
  const { kind, metadata } = workload;
  const status = { ...workload.status, replicas: pods.length, readyReplicas: pods.filter(isReady).length };
  return [workloadKey(kind, metadata.namespace ?? 'default', metadata.name), { ...workload, status }];
}

/** Workloads tell how many pods they have. */
function withCounts(cluster: Cluster, workload: Workload): Cluster {
  const { name, namespace = 'default' } = workload.metadata;
  const own = podsOfWorkload(cluster, workload.kind, namespace, name).filter(isActive);
  const current = cluster.workloads.get(workloadKey(workload.kind, namespace, name)) ?? workload;
  const sets = workload.kind === 'Deployment' ? replicaSetsOf(cluster, namespace, name) : [];
  const counted = sets.map((set) => recounted(set, podsOfReplicaSet(cluster, set)));
  return cluster.with({ workloads: new Map([...counted, recounted(current, own)]) });
}

function podConsequence(key: string, before: Pod | undefined, after: Pod | undefined): Consequence | undefined {
  if (before === after) return undefined;
  if (after === undefined) {
    const where = before?.spec?.nodeName;
    return { kind: 'POD_REMOVED', object: key, detail: where ? `was on ${where}` : 'was on no node' };
  }
  const where = after.spec?.nodeName === undefined ? 'on no node' : `on ${after.spec.nodeName}`;
  const addresses = after.status?.podIPs?.map(({ ip }) => ip).join(', ');
  const named = addresses ? `${where} with ${addresses}` : where;
  if (after.metadata.deletionTimestamp) return { kind: 'POD_CHANGED', object: key, detail: `${where}, being deleted` };
  const state = after.status?.phase === 'Running' ? (isReady(after) ? 'ready' : 'not ready yet') : 'pending';
  return { kind: 'POD_ADDED', object: key, detail: `${named}, ${state}` };
}

/**
 * The cluster in one state of a rollout, its EndpointSlices as their controller leaves them; what differs from before.
 */
export function settledAt(
  cluster: Cluster,
  workload: Workload,
  rollout: Rollout,
  index: number,
  context: ChangeContext,
): ChangeResult {
  const state = rollout.states[index] as RolloutState;
  const { name, namespace = 'default' } = workload.metadata;
  const after = withCounts(state.cluster, workload);
  const keys = new Set<string>();
  for (const one of [cluster, after]) {
    // All pods of the namespace: a pod that was deleted and made anew has no other mark than its name.
    for (const pod of one.podsIn(namespace)) keys.add(namespacedName(pod));
  }
  const changed = [...keys].filter((key) => cluster.pods.get(key) !== after.pods.get(key));
  const pods = changed.flatMap((key) => [cluster.pods.get(key), after.pods.get(key)].flatMap((pod) => pod ?? []));
  const done = settle(cluster, after, { pods }, context);
  const isLast = index === rollout.states.length - 1;
  const consequences = changed.flatMap((key) => podConsequence(key, cluster.pods.get(key), after.pods.get(key)) ?? []);
  for (const key of isLast ? (rollout.unplaced?.pods ?? []) : [])
    consequences.push({ kind: 'POD_NOT_PLACED', object: key, detail: rollout.unplaced?.why ?? '' });
  if (rollout.stalled !== undefined && isLast) {
    consequences.push({
      kind: 'WORKLOAD_CHANGED',
      object: `${workload.kind} ${namespace}/${name}`,
      detail: `the rollout cannot go on: ${rollout.stalled}`,
    });
  }
  return {
    cluster: done.cluster,
    choices: rollout.choices.slice(0, rollout.choicesUntil[index]),
    consequences: [...consequences, ...done.consequences],
    assumptions: [...rollout.assumptions, ...done.assumptions],
  };
}
