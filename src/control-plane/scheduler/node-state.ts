import type { Cluster } from '../../cluster/cluster.js';
import type { Node, Pod } from '../../cluster/objects.js';
import type { Labels } from '../labels.js';
import { isTerminal } from '../pods.js';
import { type HostPort, hostPortsOf } from './host-ports.js';
import { addResources, noResources, podRequests, type Resources, readResources } from './requested-resources.js';
import { hasPodAffinity } from './scheduling-spec.js';

/** Pods of a node whose status does not tell how many it takes: kubelet's default for maxPods. */
const DEFAULT_MAX_PODS = 110;

/** A node as the scheduler sees it. Changes as pods are placed on it. */
export interface NodeState {
  readonly node: Node;
  readonly name: string;
  /** Position among all nodes: plugins keep what they know of a node in arrays by it. */
  readonly index: number;
  readonly labels: Labels;
  readonly maxPods: number;
  /**
   * What pods may request. Undefined where neither allocatable nor capacity says it: then nothing is refused for it.
   */
  readonly allocatable: Resources | undefined;
  readonly requested: Resources;
  /** As requested, with defaults for containers that request nothing. */
  readonly nonZeroRequested: Resources;
  podCount: number;
  readonly hostPorts: HostPort[];
  /** Pods that the snapshot has on the node and that have not ended. */
  readonly basePods: readonly Pod[];
  /** Pods placed since. */
  readonly addedPods: Pod[];
}

interface NodeLoad {
  readonly pods: readonly Pod[];
  readonly requested: Resources;
  readonly nonZeroRequested: Resources;
  readonly hostPorts: readonly HostPort[];
  readonly podsWithAffinity: readonly Pod[];
}

const loads = new WeakMap<readonly Pod[], NodeLoad>();

/** Sums up a node's pods once per list: a changed cluster shares the lists of the nodes it leaves alone. */
function loadOf(list: readonly Pod[]): NodeLoad {
  const known = loads.get(list);
  if (known !== undefined) return known;
  const requested = noResources();
  const nonZeroRequested = noResources();
  const hostPorts: HostPort[] = [];
  const pods = list.filter((pod) => !isTerminal(pod));
  for (const pod of pods) {
    addResources(requested, podRequests(pod, false));
    addResources(nonZeroRequested, podRequests(pod, true));
    hostPorts.push(...hostPortsOf(pod));
  }
  const load = { pods, requested, nonZeroRequested, hostPorts, podsWithAffinity: pods.filter(hasPodAffinity) };
  loads.set(list, load);
  return load;
}

const copy = (resources: Resources): Resources => ({ ...resources, scalars: new Map(resources.scalars) });
const NO_LABELS: Labels = {};

/** All nodes of the cluster in byte order of their names. */
export function nodeStates(cluster: Cluster): NodeState[] {
  const nodes = [...cluster.nodes.values()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  return nodes.map((node, index) => {
    const load = loadOf(cluster.podsOn(node.metadata.name));
    const amounts = node.status?.allocatable ?? node.status?.capacity;
    const pods = Number(amounts?.pods ?? DEFAULT_MAX_PODS);
    return {
      node,
      name: node.metadata.name,
      index,
      labels: node.metadata.labels ?? NO_LABELS,
      maxPods: Number.isFinite(pods) ? pods : DEFAULT_MAX_PODS,
      allocatable: amounts === undefined ? undefined : readResources(amounts),
      requested: copy(load.requested),
      nonZeroRequested: copy(load.nonZeroRequested),
      podCount: load.pods.length,
      hostPorts: [...load.hostPorts],
      basePods: load.pods,
      addedPods: [],
    };
  });
}

/** The node's pods that have terms about other pods. */
export function podsWithAffinity(cluster: Cluster, state: NodeState): readonly Pod[] {
  const base = loadOf(cluster.podsOn(state.name)).podsWithAffinity;
  const added = state.addedPods.filter(hasPodAffinity);
  return added.length > 0 ? [...base, ...added] : base;
}

/** Puts a pod on a node. */
export function addPod(state: NodeState, pod: Pod, requests: Resources, nonZeroRequests: Resources): void {
  addResources(state.requested, requests);
  addResources(state.nonZeroRequested, nonZeroRequests);
  state.podCount++;
  state.hostPorts.push(...hostPortsOf(pod));
  state.addedPods.push(pod);
}
