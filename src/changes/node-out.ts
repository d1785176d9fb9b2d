import type { Cluster } from '../cluster/cluster.js';
import { type Node, namespacedName, type Pod, type Taint } from '../cluster/objects.js';
import type { Assumption } from '../cluster/settings.js';
import { timestamp } from '../control-plane/new-pods.js';
import { terminated, withReadyCondition } from '../control-plane/pod-state.js';
import { controllerOf, isTerminal } from '../control-plane/pods.js';
import { untolerated } from '../control-plane/scheduler/tolerations.js';
import type { ChangeContext, ChangeResult, Choice, Consequence } from './change.js';
import { controlPlaneVersion } from './control-plane-version.js';
import { differences } from './differences.js';
import { placePods } from './place-pods.js';
import { replacementsFor } from './replace-pods.js';
import { SETTLED, settle } from './settle.js';

/** What happens to nodes that stay in the cluster or leave it, and to their pods. */

const CORDONED: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };
const UNREACHABLE: readonly Taint[] = [
  { key: 'node.kubernetes.io/unreachable', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' },
];
const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror';

const isSame = (a: Taint) => (b: Taint) => a.key === b.key && a.effect === b.effect;

function withTaints(node: Node, added: readonly Taint[]): readonly Taint[] {
  const taints = node.spec?.taints ?? [];
  return [...taints, ...added.filter((taint) => !taints.some(isSame(taint)))];
}

/** The node with scheduling turned off: the field, and the taint that the node controller sets for it. */
export function cordoned(node: Node): Node {
  return { ...node, spec: { ...node.spec, unschedulable: true, taints: withTaints(node, [CORDONED]) } };
}

export function uncordoned(node: Node): Node {
  const { unschedulable: _unschedulable, taints = [], ...spec } = node.spec ?? {};
  const kept = taints.filter((taint) => !isSame(CORDONED)(taint));
  return { ...node, spec: { ...spec, ...(kept.length === 0 ? {} : { taints: kept }) } };
}

/** The node that its kubelet no longer reports for, as the node controller marks it. */
function unreachable(node: Node, at: number): Node {
  const conditions = node.status?.conditions ?? [];
  const lost = (
    conditions.some(({ type }) => type === 'Ready') ? conditions : [...conditions, { type: 'Ready', status: '' }]
  ).map((condition) =>
    condition.status === 'Unknown' ? condition : { ...condition, status: 'Unknown', lastTransitionTime: timestamp(at) },
  );
  return {
    ...node,
    spec: { ...node.spec, taints: withTaints(node, UNREACHABLE) },
    status: { ...node.status, conditions: lost },
  };
}

function nodeTold(before: Node, after: Node): Consequence[] {
  return differences(before, after).map((detail) => ({ kind: 'NODE_CHANGED', object: before.metadata.name, detail }));
}

/** Only the node itself changes: pods stay where they are. */
export function markNode(cluster: Cluster, before: Node, after: Node, context: ChangeContext): ChangeResult {
  const { name } = before.metadata;
  const done = settle(cluster, cluster.with({ nodes: new Map([[name, after]]) }), {}, context);
  const consequences = [...nodeTold(before, after), ...done.consequences];
  return { cluster: done.cluster, choices: [], consequences, assumptions: done.assumptions };
}

/** Pods that a drain leaves alone: a DaemonSet's (it would bring them back) and kubelet's own static ones. */
function staysOnDrain(pod: Pod): boolean {
  const owner = controllerOf(pod)?.kind;
  return owner === 'DaemonSet' || owner === 'Node' || pod.metadata.annotations?.[MIRROR_ANNOTATION] !== undefined;
}

interface Leaving {
  /** The cluster whose nodes are as they will be, pods as they were. */
  readonly marked: Cluster;
  /** The pods that are gone or changed, before. */
  readonly before: readonly Pod[];
  /** What becomes of pods; undefined: gone. */
  readonly edit: ReadonlyMap<string, Pod | undefined>;
  /** The pods for which controllers create others. */
  readonly replaced: readonly Pod[];
  readonly consequences: readonly Consequence[];
}

function moved(cluster: Cluster, leaving: Leaving, context: ChangeContext, pointer: string): ChangeResult {
  const { at } = context;
  const { pods, unreplaced } = replacementsFor(cluster, leaving.replaced, at);
  const reduced = leaving.marked.with({ pods: leaving.edit });
  const version = controlPlaneVersion(cluster, context.settings);
  const placed = placePods(reduced, pods, { placement: [], at, version, inOrder: false, pointer });
  const after = reduced.with({ pods: placed.pods });
  const done = settle(cluster, after, { pods: [...leaving.before, ...placed.pods.values()] }, context);
  const choices: readonly Choice[] = placed.choices;
  const consequences: Consequence[] = [
    ...leaving.consequences,
    ...unreplaced.map(
      ({ pod, why }): Consequence => ({
        kind: 'POD_NOT_PLACED',
        object: namespacedName(pod),
        detail: `does not come back: ${why}`,
      }),
    ),
    ...placed.consequences,
    ...done.consequences,
  ];
  const assumptions: Assumption[] = [...placed.assumptions, ...done.assumptions];
  if (leaving.edit.size > 0) assumptions.push(SETTLED);
  return { cluster: done.cluster, choices, consequences, assumptions };
}

function removals(pods: readonly Pod[], node: string) {
  return {
    before: pods,
    edit: new Map<string, Pod | undefined>(pods.map((pod) => [namespacedName(pod), undefined])),
    told: pods.map(
      (pod): Consequence => ({ kind: 'POD_REMOVED', object: namespacedName(pod), detail: `was on ${node}` }),
    ),
  };
}

/** `kubectl drain --ignore-daemonsets --force`: cordoned, its pods evicted. Disruption budgets are not looked at. */
export function drain(
  cluster: Cluster,
  node: Node,
  reschedule: boolean,
  context: ChangeContext,
  pointer: string,
): ChangeResult {
  const { name } = node.metadata;
  const after = cordoned(node);
  const evicted = cluster.podsOn(name).filter((pod) => !staysOnDrain(pod));
  const { told, ...gone } = removals(evicted, name);
  const result = moved(
    cluster,
    {
      ...gone,
      marked: cluster.with({ nodes: new Map([[name, after]]) }),
      replaced: reschedule ? evicted : [],
      consequences: [...nodeTold(node, after), ...told],
    },
    context,
    pointer,
  );
  const why = 'Evictions succeed: PodDisruptionBudgets are not part of a snapshot.';
  const assumption: Assumption = { field: 'changes.node.disruptionBudgets', value: 'ignored', why };
  return evicted.length === 0 ? result : { ...result, assumptions: [...result.assumptions, assumption] };
}

/** The Node object is deleted, and with it (the pod garbage collector) its pods. */
export function removeNode(
  cluster: Cluster,
  node: Node,
  reschedule: boolean,
  context: ChangeContext,
  pointer: string,
): ChangeResult {
  const { name } = node.metadata;
  const pods = cluster.podsOn(name);
  const { told, ...gone } = removals(pods, name);
  const detail = `removed with ${pods.length} pods`;
  return moved(
    cluster,
    {
      ...gone,
      marked: cluster.with({ nodes: new Map([[name, undefined]]) }),
      replaced: reschedule ? pods.filter((pod) => !staysOnDrain(pod)) : [],
      consequences: [{ kind: 'NODE_REMOVED', object: name, detail }, ...told],
    },
    context,
    pointer,
  );
}

/** Whether taint-based eviction ever deletes the pod: not one that tolerates being unreachable without end. */
function isEvicted(pod: Pod): boolean {
  if (staysOnDrain(pod)) return false;
  const forever = (pod.spec?.tolerations ?? []).filter((one) => !('tolerationSeconds' in one));
  return untolerated(UNREACHABLE, forever, ['NoExecute']).length > 0;
}

/**
 * The node goes silent: the node controller sets its conditions to Unknown, taints it, and marks its pods not ready.
 * `reschedule`: the tolerations have run out too; its pods are being deleted for good (nobody confirms it), and
 * ReplicaSets have replaced theirs. A StatefulSet waits until its pod is really gone.
 * Source: Kubernetes 1.36 pkg/controller/nodelifecycle, pkg/controller/tainteviction.
 */
export function failNode(
  cluster: Cluster,
  node: Node,
  reschedule: boolean,
  context: ChangeContext,
  pointer: string,
): ChangeResult {
  const { name } = node.metadata;
  const { at } = context;
  const after = unreachable(node, at);
  const alive = cluster.podsOn(name).filter((pod) => !isTerminal(pod));
  const edit = new Map<string, Pod | undefined>();
  const consequences: Consequence[] = nodeTold(node, after);
  const replaced: Pod[] = [];
  for (const pod of alive) {
    const lost = withReadyCondition(pod, false, at);
    const evicted = reschedule && isEvicted(pod);
    const next = evicted ? terminated(lost, at) : lost;
    if (next === pod) continue;
    const key = namespacedName(pod);
    edit.set(key, next);
    const waits = evicted && controllerOf(pod)?.kind === 'StatefulSet';
    if (evicted && !waits) replaced.push(pod);
    const fate = waits ? ', being deleted: its StatefulSet waits for the end of it' : evicted ? ', being deleted' : '';
    consequences.push({ kind: 'POD_CHANGED', object: key, detail: `not ready, as ${name} is down${fate}` });
  }
  const marked = cluster.with({ nodes: new Map([[name, after]]) });
  return moved(cluster, { marked, before: alive, edit, replaced, consequences }, context, pointer);
}
