import type { Cluster } from '../../cluster/cluster.js';
import type { Pod } from '../../cluster/objects.js';
import { addPod, type NodeState, nodeStates } from './node-state.js';
import type { Plugin, PluginFactory, SchedulingWorld } from './plugin.js';
import { imageLocality } from './plugins/image-locality.js';
import { interPodAffinity } from './plugins/inter-pod-affinity.js';
import { nodeAffinity } from './plugins/node-affinity.js';
import { nodePorts } from './plugins/node-ports.js';
import { nodeResourcesBalancedAllocation } from './plugins/node-resources-balanced-allocation.js';
import { nodeResourcesFit } from './plugins/node-resources-fit.js';
import { nodeUnschedulable } from './plugins/node-unschedulable.js';
import { podTopologySpread } from './plugins/pod-topology-spread.js';
import { taintToleration } from './plugins/taint-toleration.js';
import { podRequests, type Resources } from './requested-resources.js';

/**
 * The plugins of the default profile (Kubernetes 1.36) in the order in which their filters run. Left out: plugins for
 * volumes and dynamic resources, whose objects a snapshot does not hold.
 */
const PLUGINS: readonly PluginFactory[] = [
  nodeUnschedulable,
  taintToleration,
  nodeAffinity,
  nodePorts,
  nodeResourcesFit,
  podTopologySpread,
  interPodAffinity,
  nodeResourcesBalancedAllocation,
  imageLocality,
];

/** Where a pod goes. */
export interface SchedulingDecision {
  /** Undefined when no node can take the pod. */
  readonly node: string | undefined;
  /** All nodes with the highest score, `node` among them: Kubernetes may take any. In byte order of names. */
  readonly topNodes: readonly string[];
}

/** How a decision came about. */
export interface SchedulingExplanation extends SchedulingDecision {
  readonly feasibleNodes: readonly string[];
  /** Why a node cannot take the pod, as the scheduler's event says it: by node. */
  readonly infeasibleNodes: ReadonlyMap<string, string>;
  /** Weighted scores of the feasible nodes by plugin. Empty when fewer than two nodes are feasible. */
  readonly scores: ReadonlyMap<string, { readonly total: number; readonly plugins: Readonly<Record<string, number>> }>;
}

interface PodClass {
  readonly plugins: readonly Plugin[];
  readonly requests: Resources;
  readonly nonZeroRequests: Resources;
  /** Nodes that no pod of this class can ever go to, with the reason. */
  readonly rejectedAlways: ReadonlyMap<NodeState, string>;
  readonly candidates: readonly NodeState[];
}

/** Labels that differ from pod to pod of one StatefulSet: constraints on them do not keep pods apart here. */
const PER_POD_LABELS: ReadonlySet<string> = new Set([
  'statefulset.kubernetes.io/pod-name',
  'apps.kubernetes.io/pod-index',
]);

function classKey(pod: Pod): string {
  const labels = Object.entries(pod.metadata.labels ?? {}).filter(([key]) => !PER_POD_LABELS.has(key));
  const { nodeName: _nodeName, hostname: _hostname, ...spec } = pod.spec ?? {};
  return JSON.stringify([pod.metadata.namespace ?? 'default', labels.sort(), pod.metadata.ownerReferences, spec]);
}

/**
 * kube-scheduler's decisions for pods placed one after the other, each seeing those before. Among nodes of equal score
 * the first by name is taken. All nodes are scored (from 100 nodes up Kubernetes scores a part of them only).
 */
export class Scheduler {
  readonly #world: SchedulingWorld;
  readonly #byName: ReadonlyMap<string, NodeState>;
  readonly #classes = new Map<string, PodClass>();

  constructor(cluster: Cluster) {
    const nodes = nodeStates(cluster);
    this.#world = { cluster, nodes };
    this.#byName = new Map(nodes.map((state) => [state.name, state]));
  }

  /** Decides where a pod without a node goes. Changes nothing: {@link Scheduler.assign} does. */
  decide(pod: Pod): SchedulingDecision {
    const { plugins, candidates } = this.#classOf(pod);
    for (const plugin of plugins) plugin.beforeFilter?.();
    const filters = plugins.filter((plugin) => plugin.rejects !== undefined);
    const feasible = candidates.filter((node) => filters.every((plugin) => plugin.rejects?.(node) === undefined));
    if (feasible.length < 2) return { node: feasible[0]?.name, topNodes: feasible.map((node) => node.name) };
    const totals = new Float64Array(feasible.length);
    for (const plugin of plugins) {
      const scores = plugin.score?.(feasible);
      if (scores === undefined) continue;
      const weight = plugin.weight ?? 1;
      for (let i = 0; i < totals.length; i++) totals[i] = (totals[i] as number) + weight * (scores[i] as number);
    }
    let highest = Number.NEGATIVE_INFINITY;
    for (const total of totals) highest = Math.max(highest, total);
    const topNodes: string[] = [];
    for (const [i, node] of feasible.entries()) if (totals[i] === highest) topNodes.push(node.name);
    return { node: topNodes[0], topNodes };
  }

  /** As {@link Scheduler.decide}, telling the reasons and scores of every node. */
  explain(pod: Pod): SchedulingExplanation {
    const decision = this.decide(pod);
    const { plugins, rejectedAlways } = this.#classOf(pod);
    const infeasibleNodes = new Map<string, string>();
    const feasible: NodeState[] = [];
    for (const node of this.#world.nodes) {
      let reason = rejectedAlways.get(node);
      for (const plugin of plugins) reason ??= plugin.rejects?.(node);
      if (reason === undefined) feasible.push(node);
      else infeasibleNodes.set(node.name, reason);
    }
    const scores = new Map<string, { total: number; plugins: Record<string, number> }>();
    if (feasible.length > 1) {
      for (const node of feasible) scores.set(node.name, { total: 0, plugins: {} });
      for (const plugin of plugins) {
        const own = plugin.score?.(feasible);
        if (own === undefined) continue;
        for (const [i, node] of feasible.entries()) {
          const entry = scores.get(node.name) as { total: number; plugins: Record<string, number> };
          const weighted = (plugin.weight ?? 1) * (own[i] as number);
          entry.plugins[plugin.name] = weighted;
          entry.total += weighted;
        }
      }
    }
    return { ...decision, feasibleNodes: feasible.map((node) => node.name), infeasibleNodes, scores };
  }

  /** Puts a pod on a node, so that later decisions see it. Unknown nodes take no pods. */
  assign(pod: Pod, node: string): void {
    const state = this.#byName.get(node);
    if (state === undefined) return;
    const { requests, nonZeroRequests } = this.#classOf(pod);
    addPod(state, pod, requests, nonZeroRequests);
    for (const { plugins } of this.#classes.values()) for (const plugin of plugins) plugin.podAdded?.(pod, state);
  }

  #classOf(pod: Pod): PodClass {
    const key = classKey(pod);
    const known = this.#classes.get(key);
    if (known !== undefined) return known;
    const plugins = PLUGINS.map((create) => create(pod, this.#world));
    const rejectedAlways = new Map<NodeState, string>();
    for (const node of this.#world.nodes) {
      for (const plugin of plugins) {
        const reason = plugin.rejectsAlways?.(node);
        if (reason === undefined) continue;
        rejectedAlways.set(node, reason);
        break;
      }
    }
    const made: PodClass = {
      plugins,
      requests: podRequests(pod, false),
      nonZeroRequests: podRequests(pod, true),
      rejectedAlways,
      candidates: this.#world.nodes.filter((node) => !rejectedAlways.has(node)),
    };
    this.#classes.set(key, made);
    return made;
  }
}
