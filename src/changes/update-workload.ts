import { type Cluster, workloadKey } from '../cluster/cluster.js';
import { namespacedName, type Pod, type Workload } from '../cluster/objects.js';
import type { Assumption } from '../cluster/settings.js';
import { podsOfWorkload, replicaSetsOf } from '../cluster/workload-pods.js';
import { podsOfDaemonSet } from '../control-plane/daemon-pods.js';
import { pendingPod, templateOf } from '../control-plane/new-pods.js';
import { replicaSetForTemplate } from '../control-plane/new-replicaset.js';
import { sameTemplate } from '../control-plane/pod-template.js';
import { isActive } from '../control-plane/pods.js';
import type { ChangeContext, ChangeResult, Consequence } from './change.js';
import { combined, then } from './combine.js';
import { controlPlaneVersion } from './control-plane-version.js';
import { differences } from './differences.js';
import { impliedReplicaSets } from './implied-replicasets.js';
import { placePods } from './place-pods.js';
import { impossible } from './refusal.js';
import { requirePods } from './replica-plan.js';
import { type ScaleChange, scale } from './scale.js';
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

/** Removes pods: what is left is the cluster without them, with slices that do not show them any more. */
function withoutPods(cluster: Cluster, gone: readonly Pod[], context: ChangeContext): ChangeResult {
  const edit = new Map<string, Pod | undefined>(gone.map((pod) => [namespacedName(pod), undefined]));
  const done = settle(cluster, cluster.with({ pods: edit }), { pods: gone }, context);
  const consequences = gone.map(
    (pod): Consequence => ({
      kind: 'POD_REMOVED',
      object: namespacedName(pod),
      detail: pod.spec?.nodeName ? `was on ${pod.spec.nodeName}` : 'was on no node',
    }),
  );
  return {
    cluster: done.cluster,
    choices: [],
    consequences: [...consequences, ...done.consequences],
    assumptions: done.assumptions,
  };
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
    // That the number changed is told with the workload's other fields.
    return { ...result, consequences: result.consequences.filter(({ kind }) => kind !== 'WORKLOAD_CHANGED') };
  };
}

/** A rolling update that has completed, or the first one: a ReplicaSet of the new template has all the pods. */
function rolledOut(
  cluster: Cluster,
  before: Workload | undefined,
  wanted: Workload,
  context: ChangeContext,
  pointer: string,
): ChangeResult {
  const replicas = wanted.spec?.replicas ?? 1;
  const { name, namespace = 'default' } = wanted.metadata;
  if (before !== undefined) requirePods(cluster, before, pointer);
  const found = replicaSetsOf(cluster, namespace, name);
  const sets = found.length > 0 || before === undefined ? found : impliedReplicaSets(cluster, before);
  const { replicaSet } = replicaSetForTemplate(cluster, wanted, sets, context.at);
  const old = sets.filter((one) => keyOf(one) !== keyOf(replicaSet)).map((one) => empty(one, 0));
  const gone = before === undefined ? [] : podsOfWorkload(cluster, 'Deployment', namespace, name).filter(isActive);
  const bare = store(cluster, ...old, empty(replicaSet, 0), empty(wanted, 0));
  const removed = withoutPods(bare, gone, context);
  return then(removed, context, scaled(wanted, replicas, pointer));
}

function daemonsOf(cluster: Cluster, workload: Workload): readonly Pod[] {
  const { name, namespace = 'default' } = workload.metadata;
  return podsOfWorkload(cluster, 'DaemonSet', namespace, name).filter(isActive);
}

/** A DaemonSet's pods once each node has the one that it should have. */
function daemonised(
  cluster: Cluster,
  before: Workload | undefined,
  wanted: Workload,
  context: ChangeContext,
  pointer: string,
): ChangeResult {
  const stored = store(cluster, wanted);
  const own = before === undefined ? [] : daemonsOf(cluster, before);
  const onDelete = (wanted.spec?.updateStrategy as { readonly type?: unknown } | undefined)?.type === 'OnDelete';
  const bare = stored.with({ pods: new Map(own.map((pod) => [namespacedName(pod), undefined])) });
  const due = podsOfDaemonSet(bare, wanted, context.at, new Set());
  const stays = (pod: Pod) => onDelete && due.has(pod.spec?.nodeName ?? '');
  const removed = withoutPods(
    stored,
    own.filter((pod) => !stays(pod)),
    context,
  );
  const kept = new Set(own.filter(stays).map((pod) => pod.spec?.nodeName ?? ''));
  const fresh = [...due].filter(([node]) => !kept.has(node));
  return then(removed, context, (current, now) =>
    started(
      current,
      fresh.map(([, pod]) => pod),
      fresh.map(([node]) => node),
      now,
      pointer,
    ),
  );
}

/** A StatefulSet's pods from its partition on, made anew from its template under their old names. */
function recreated(
  cluster: Cluster,
  before: Workload,
  wanted: Workload,
  context: ChangeContext,
  pointer: string,
): ChangeResult {
  requirePods(cluster, before, pointer);
  const { name, namespace = 'default' } = wanted.metadata;
  const strategy = wanted.spec?.updateStrategy as
    | { readonly type?: unknown; readonly rollingUpdate?: { readonly partition?: unknown } | null }
    | undefined;
  const partition = strategy?.rollingUpdate?.partition;
  const first = typeof partition === 'number' ? partition : 0;
  const ordinal = (pod: Pod) => Number(pod.metadata.name.slice(name.length + 1));
  const gone =
    strategy?.type === 'OnDelete'
      ? []
      : podsOfWorkload(cluster, 'StatefulSet', namespace, name).filter((pod) => isActive(pod) && ordinal(pod) >= first);
  const replicas = before.spec?.replicas ?? 1;
  const template = templateOf(wanted, undefined);
  if (template === undefined)
    throw impossible(pointer, `${nameOf(wanted)} has no pod template: what its pods are is not known.`);
  const stored = store(cluster, { ...wanted, spec: { ...wanted.spec, replicas } });
  // The highest ordinal is replaced first.
  const inOrder = [...gone].sort((a, b) => ordinal(b) - ordinal(a));
  const replaced = then(withoutPods(stored, inOrder, context), context, (current, now) =>
    started(
      current,
      inOrder.map((pod) => pendingPod(wanted, template, pod.metadata.name, now.at)),
      [],
      now,
      pointer,
    ),
  );
  const wantedReplicas = wanted.spec?.replicas ?? 1;
  return wantedReplicas === replicas ? replaced : then(replaced, context, scaled(wanted, wantedReplicas, pointer));
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
  const told: ChangeResult = {
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
  if (wanted.kind === 'DaemonSet') {
    if (before !== undefined && !retemplated) return { ...told, cluster: store(cluster, wanted) };
    return combined(told, daemonised(cluster, before, wanted, context, pointer));
  }
  if (wanted.kind === 'Deployment' && (before === undefined || retemplated)) {
    return combined(told, rolledOut(cluster, before, wanted, context, pointer));
  }
  if (wanted.kind === 'StatefulSet' && before !== undefined && retemplated) {
    return combined(told, recreated(cluster, before, wanted, context, pointer));
  }
  if (before === undefined) {
    return combined(told, scaled(wanted, replicas, pointer)(store(cluster, empty(wanted, 0)), context));
  }
  const keepsPods: readonly Assumption[] =
    retemplated && wanted.kind === 'ReplicaSet'
      ? [
          {
            field: 'changes.pods',
            value: nameOf(wanted),
            why: 'A ReplicaSet does not replace its pods when its template changes: those it has are of the former one.',
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
    : { ...told, cluster: store(cluster, wanted), consequences: [] };
  return combined({ ...told, assumptions: keepsPods }, next);
}
