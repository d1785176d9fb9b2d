import { type Cluster, workloadKey } from '../cluster/cluster.js';
import { namespacedName, type Pod, type Workload } from '../cluster/objects.js';
import type { Assumption } from '../cluster/settings.js';
import { podsOfWorkload } from '../cluster/workload-pods.js';
import type { ScaleChange } from '../contract/requests.js';
import { podsOfDaemonSet } from '../control-plane/daemon-pods.js';
import { replicaSetForTemplate } from '../control-plane/new-replicaset.js';
import { sameTemplate } from '../control-plane/pod-template.js';
import type { ChangeContext, ChangeResult, Consequence } from './change.js';
import { combined, then } from './combine.js';
import { controlPlaneVersion } from './control-plane-version.js';
import { differences } from './differences.js';
import { placePods } from './place-pods.js';
import { requirePods } from './replica-plan.js';
import { isLongRollout, runRollout, settledAt } from './rollout/run-rollout.js';
import type { StrategyOverride } from './rollout/strategy.js';
import { scale } from './scale.js';
import { SETTLED, settle } from './settle.js';
import { withoutLastApplied } from './update-service.js';

const keyOf = ({ kind, metadata }: Workload) => workloadKey(kind, metadata.namespace ?? 'default', metadata.name);
const nameOf = (workload: Workload) => `${workload.kind} ${namespacedName(workload)}`;

function store(cluster: Cluster, ...workloads: readonly Workload[]): Cluster {
  return cluster.with({ workloads: new Map(workloads.map((one) => [keyOf(one), one])) });
}

/** The workload as controllers find it that have made none of its pods. */
function empty(workload: Workload, replicas: number): Workload {
  return { ...workload, spec: { ...workload.spec, replicas }, status: { replicas, readyReplicas: replicas } };
}

/** New pods get nodes (those of `placement` first) and addresses, and are endpoints. */
function started(
  cluster: Cluster,
  pods: readonly Pod[],
  placement: readonly string[],
  context: ChangeContext,
  pointer: string,
): ChangeResult {
  const version = controlPlaneVersion(cluster, context.settings);
  const placed = placePods(cluster, pods, { placement, at: context.at, version, inOrder: false, pointer });
  const done = settle(cluster, cluster.with({ pods: placed.pods }), { pods: [...placed.pods.values()] }, context);
  return {
    cluster: done.cluster,
    choices: placed.choices,
    consequences: [...placed.consequences, ...done.consequences],
    assumptions: [...placed.assumptions, ...done.assumptions, ...(pods.length > 0 ? [SETTLED] : [])],
  };
}

function scaled(workload: Workload, replicas: number, pointer: string) {
  const { kind, metadata } = workload;
  const change: ScaleChange = {
    kind: kind as ScaleChange['kind'],
    namespace: metadata.namespace ?? 'default',
    name: metadata.name,
    replicas,
  };
  return (cluster: Cluster, context: ChangeContext): ChangeResult => {
    const result = scale.apply(cluster, change, context, pointer);
    // That the number changed is reported with the workload's other fields.
    return { ...result, consequences: result.consequences.filter(({ kind }) => kind !== 'WORKLOAD_CHANGED') };
  };
}

/** A new Deployment: a ReplicaSet of its template gets all the pods. */
function firstRollout(cluster: Cluster, wanted: Workload, context: ChangeContext, pointer: string): ChangeResult {
  const { replicaSet } = replicaSetForTemplate(cluster, wanted, [], context.at);
  const bare = store(cluster, empty(replicaSet, 0), empty(wanted, 0));
  return scaled(wanted, wanted.spec?.replicas ?? 1, pointer)(bare, context);
}

/** A new DaemonSet's pods, on every node that can take them. */
function daemonised(cluster: Cluster, wanted: Workload, context: ChangeContext, pointer: string): ChangeResult {
  const due = podsOfDaemonSet(cluster, wanted, context.at, []);
  return started(store(cluster, wanted), [...due.values()], [...due.keys()], context, pointer);
}

/** All at once, where one after the other would take too long to work out. */
const AT_ONCE: StrategyOverride = { strategy: 'Recreate', maxSurge: 0, maxUnavailable: '100%' };

/** Pods of another template have replaced the former ones, as the workload's strategy has it. */
function rolledOut(
  cluster: Cluster,
  before: Workload,
  wanted: Workload,
  context: ChangeContext,
  pointer: string,
): ChangeResult {
  const { name, namespace = 'default' } = wanted.metadata;
  const pods = podsOfWorkload(cluster, wanted.kind, namespace, name).length;
  const long = isLongRollout(wanted, pods, {});
  const { strategy, ...rest } = AT_ONCE;
  const override = !long ? {} : wanted.kind === 'Deployment' ? { strategy } : rest;
  const rollout = runRollout(cluster, before, wanted, override as StrategyOverride, context, pointer);
  const result = settledAt(cluster, wanted, rollout, rollout.states.length - 1, context);
  const assumptions: Assumption[] = [...result.assumptions, ...(pods > 0 ? [SETTLED] : [])];
  if (long) {
    const why =
      `${pods} pods in small rounds: they are taken to be replaced all at once, which may put some on other ` +
      'nodes.';
    assumptions.push({ field: 'changes.rollout', value: nameOf(wanted), why });
  }
  return { ...result, assumptions };
}

/**
 * Puts a workload in the place of the one of its name, or (`before` undefined) adds it, and lets its controllers act: a
 * new one gets its pods; another number of replicas is scaled to; pods of another template have replaced the former
 * ones (a rolling update that has completed). Throws QuestionError as `scale` does, at `pointer`.
 */
export function updateWorkload(
  cluster: Cluster,
  before: Workload | undefined,
  wanted: Workload,
  context: ChangeContext,
  pointer: string,
): ChangeResult {
  const base: ChangeResult = {
    cluster,
    choices: [],
    consequences:
      before === undefined
        ? []
        : differences(withoutLastApplied(before), withoutLastApplied(wanted)).map(
            (detail): Consequence => ({ kind: 'WORKLOAD_CHANGED', object: nameOf(wanted), detail }),
          ),
    assumptions: [],
  };
  const retemplated = before !== undefined && !sameTemplate(before.spec?.template, wanted.spec?.template);
  const replicas = wanted.spec?.replicas ?? 1;
  if (before === undefined && wanted.kind === 'DaemonSet') return daemonised(cluster, wanted, context, pointer);
  if (before === undefined && wanted.kind === 'Deployment') return firstRollout(cluster, wanted, context, pointer);
  if (before !== undefined && wanted.kind === 'DaemonSet' && !retemplated) {
    return { ...base, cluster: store(cluster, wanted) };
  }
  const paused = wanted.kind === 'Deployment' && wanted.spec?.paused === true;
  if (before !== undefined && retemplated && wanted.kind !== 'ReplicaSet' && !paused) {
    if (wanted.kind !== 'DaemonSet') requirePods(cluster, before, pointer);
    // Controllers scale first and replace pods then.
    const former = before.spec?.replicas ?? 1;
    const sized: ChangeResult =
      wanted.kind === 'DaemonSet' || replicas === former
        ? { ...base, cluster }
        : combined(base, scaled(before, replicas, pointer)(cluster, context));
    return then(sized, context, (current, now) => rolledOut(current, before, wanted, now, pointer));
  }
  if (before === undefined) {
    return combined(base, scaled(wanted, replicas, pointer)(store(cluster, empty(wanted, 0)), context));
  }
  const keepsPods: readonly Assumption[] =
    retemplated && (wanted.kind === 'ReplicaSet' || paused)
      ? [
          {
            field: 'changes.pods',
            value: nameOf(wanted),
            why: paused
              ? 'The Deployment is paused: its pods are those of the former template until it is resumed.'
              : 'A ReplicaSet does not replace its pods when its template changes: those it has are of the former one.',
          },
        ]
      : [];
  const resized = replicas !== (before.spec?.replicas ?? 1);
  const current = before.spec?.replicas;
  const stored = resized
    ? { ...wanted, spec: { ...wanted.spec, ...(current === undefined ? {} : { replicas: current }) } }
    : wanted;
  const { replicas: _replicas, ...unsized } = stored.spec ?? {};
  const kept = resized && current === undefined ? { ...stored, spec: unsized } : stored;
  const next = resized
    ? scaled(wanted, replicas, pointer)(store(cluster, kept), context)
    : { ...base, cluster: store(cluster, wanted), consequences: [] };
  return combined({ ...base, assumptions: keepsPods }, next);
}
