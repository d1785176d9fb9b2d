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

/** What can happen to nodes that the cluster has. */
export type NodeAction = 'CORDON' | 'UNCORDON' | 'DRAIN' | 'REMOVE' | 'FAIL';

/** The actions after which pods are on other nodes. */
export const MOVING_ACTIONS: readonly string[] = ['DRAIN', 'REMOVE', 'FAIL'];

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
function cordoned(node: Node): Node {
  return { ...node, spec: { ...node.spec, unschedulable: true, taints: withTaints(node, [CORDONED]) } };
}

function uncordoned(node: Node): Node {
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

function nodeChanges(before: Node, after: Node): Consequence[] {
  return differences(before, after).map((detail) => ({ kind: 'NODE_CHANGED', object: before.metadata.name, detail }));
}

/** Only the nodes themselves change: pods stay where they are. */
function markNodes(
  cluster: Cluster,
  nodes: readonly Node[],
  after: (node: Node) => Node,
  context: ChangeContext,
): ChangeResult {
  const changed = new Map(nodes.map((node) => [node.metadata.name, after(node)]));
  const done = settle(cluster, cluster.with({ nodes: changed }), {}, context);
  const consequences = [...nodes.flatMap((node) => nodeChanges(node, after(node))), ...done.consequences];
  return { cluster: done.cluster, choices: [], consequences, assumptions: done.assumptions };
}

/** Pods that a drain leaves alone: a DaemonSet's (it would bring them back) and kubelet's own static ones. */
function staysOnDrain(pod: Pod): boolean {
  return controllerOf(pod)?.kind === 'DaemonSet' || isStatic(pod);
}

/** Whether a kubelet runs the pod from a file of its own: the API server only mirrors it. */
export function isStatic(pod: Pod): boolean {
  return controllerOf(pod)?.kind === 'Node' || pod.metadata.annotations?.[MIRROR_ANNOTATION] !== undefined;
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

function removals(pods: readonly Pod[]) {
  return {
    before: pods,
    edit: new Map<string, Pod | undefined>(pods.map((pod) => [namespacedName(pod), undefined])),
    consequences: pods.map(
      (pod): Consequence => ({
        kind: 'POD_REMOVED',
        object: namespacedName(pod),
        detail: pod.spec?.nodeName ? `was on ${pod.spec.nodeName}` : 'had no node yet',
      }),
    ),
  };
}

/**
 * Pods are gone, and controllers have created others in place of `replaced`, some of them. `cluster` still has the
 * pods. Errors point at `pointer`.
 */
export function losePods(
  cluster: Cluster,
  pods: readonly Pod[],
  replaced: readonly Pod[],
  context: ChangeContext,
  pointer: string,
): ChangeResult {
  return moved(cluster, { ...removals(pods), marked: cluster, replaced }, context, pointer);
}

const nodesOf = (nodes: readonly Node[], after: (node: Node) => Node | undefined) =>
  new Map(nodes.map((node) => [node.metadata.name, after(node)]));

/**
 * `kubectl drain --ignore-daemonsets --force` of all these nodes: they are cordoned first, then their pods are evicted.
 */
function drain(
  cluster: Cluster,
  nodes: readonly Node[],
  reschedule: boolean,
  context: ChangeContext,
  pointer: string,
): ChangeResult {
  const evicted = nodes.flatMap(({ metadata }) => cluster.podsOn(metadata.name).filter((pod) => !staysOnDrain(pod)));
  const { consequences, ...gone } = removals(evicted);
  const result = moved(
    cluster,
    {
      ...gone,
      marked: cluster.with({ nodes: nodesOf(nodes, cordoned) }),
      replaced: reschedule ? evicted : [],
      consequences: [...nodes.flatMap((node) => nodeChanges(node, cordoned(node))), ...consequences],
    },
    context,
    pointer,
  );
  const why = 'Evictions succeed: PodDisruptionBudgets are not part of a snapshot.';
  const assumption: Assumption = { field: 'changes.node.disruptionBudgets', value: 'ignored', why };
  return evicted.length === 0 ? result : { ...result, assumptions: [...result.assumptions, assumption] };
}

/** The Node objects are deleted, and with them (the pod garbage collector) their pods. */
function removeNodes(
  cluster: Cluster,
  nodes: readonly Node[],
  reschedule: boolean,
  context: ChangeContext,
  pointer: string,
): ChangeResult {
  const pods = nodes.flatMap(({ metadata }) => cluster.podsOn(metadata.name));
  const { consequences, ...gone } = removals(pods);
  const removed = nodes.map(
    ({ metadata: { name } }): Consequence => ({
      kind: 'NODE_REMOVED',
      object: name,
      detail: `removed with ${cluster.podsOn(name).length} pods`,
    }),
  );
  return moved(
    cluster,
    {
      ...gone,
      marked: cluster.with({ nodes: nodesOf(nodes, () => undefined) }),
      replaced: reschedule ? pods.filter((pod) => !staysOnDrain(pod)) : [],
      consequences: [...removed, ...consequences],
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
 * The nodes go silent: the node controller sets their conditions to Unknown, taints them, and marks their pods not
 * ready. `reschedule`: the tolerations have run out too; their pods are being deleted for good (nobody confirms it),
 * and ReplicaSets have replaced theirs. A StatefulSet waits until its pod is really gone. Source: Kubernetes 1.36
 * pkg/controller/nodelifecycle, pkg/controller/tainteviction.
 */
function failNodes(
  cluster: Cluster,
  nodes: readonly Node[],
  reschedule: boolean,
  context: ChangeContext,
  pointer: string,
): ChangeResult {
  const { at } = context;
  const alive: Pod[] = [];
  const edit = new Map<string, Pod | undefined>();
  const consequences: Consequence[] = [];
  const replaced: Pod[] = [];
  for (const node of nodes) {
    const { name } = node.metadata;
    consequences.push(...nodeChanges(node, unreachable(node, at)));
    for (const pod of cluster.podsOn(name)) {
      if (isTerminal(pod)) continue;
      alive.push(pod);
      const lost = withReadyCondition(pod, false, at);
      const evicted = reschedule && isEvicted(pod);
      const next = evicted ? terminated(lost, at) : lost;
      if (next === pod) continue;
      const key = namespacedName(pod);
      edit.set(key, next);
      const waits = evicted && controllerOf(pod)?.kind === 'StatefulSet';
      if (evicted && !waits) replaced.push(pod);
      const fate = waits
        ? ', being deleted: its StatefulSet waits for the end of it'
        : evicted
          ? ', being deleted'
          : '';
      consequences.push({ kind: 'POD_CHANGED', object: key, detail: `not ready, as ${name} is down${fate}` });
    }
  }
  const marked = cluster.with({ nodes: nodesOf(nodes, (node) => unreachable(node, at)) });
  return moved(cluster, { marked, before: alive, edit, replaced, consequences }, context, pointer);
}

/**
 * Does one thing to several nodes at once, so that no pod moves from one of them to another. `reschedule`: whether
 * controllers have brought pods back on other nodes; by default they have, but not yet after FAIL, since pods are
 * evicted from a node that is down only after minutes. Errors point at `pointer`. Throws QuestionError
 * IMPOSSIBLE_CHANGE.
 */
export function actOnNodes(
  cluster: Cluster,
  nodes: readonly Node[],
  action: NodeAction,
  reschedule: boolean | undefined,
  context: ChangeContext,
  pointer: string,
): ChangeResult {
  switch (action) {
    case 'CORDON':
      return markNodes(cluster, nodes, cordoned, context);
    case 'UNCORDON':
      return markNodes(cluster, nodes, uncordoned, context);
    case 'DRAIN':
      return drain(cluster, nodes, reschedule ?? true, context, pointer);
    case 'FAIL':
      return failNodes(cluster, nodes, reschedule ?? false, context, pointer);
    case 'REMOVE':
      return removeNodes(cluster, nodes, reschedule ?? true, context, pointer);
  }
}
