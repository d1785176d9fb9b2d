import type { Cluster } from '../cluster/cluster.js';
import { requireNode } from '../cluster/lookup.js';
import { type Node, namespacedName, type Pod } from '../cluster/objects.js';
import { type Assumption, atLeast, type KubernetesVersion } from '../cluster/settings.js';
import { runningPod } from '../control-plane/new-pods.js';
import { PodAddresses } from '../control-plane/pod-addresses.js';
import { Scheduler } from '../control-plane/scheduler/scheduler.js';
import type { Choice, Consequence } from './change.js';
import { limitedChoice, MAX_CHOICES } from './limited-choice.js';

export interface PlacementInput {
  /** Nodes of the first pods. */
  readonly placement: readonly string[];
  readonly at: number;
  readonly version: KubernetesVersion;
  /** Whether a pod without a node keeps those behind it from being created. */
  readonly inOrder: boolean;
  readonly pointer: string;
}

export interface PlacedPods {
  /** The new pods by `namespace/name`: running, or pending where no node takes them. */
  readonly pods: ReadonlyMap<string, Pod>;
  readonly choices: readonly Choice[];
  readonly consequences: readonly Consequence[];
  readonly assumptions: readonly Assumption[];
}

/** From so many nodes on kube-scheduler scores a part of them only. */
const PARTLY_SCORED_FROM = 100;

/** Why no node takes a pod, in the words of the scheduler's event. */
function reasonsOf(scheduler: Scheduler, pod: Pod, nodes: number): string {
  const counts = new Map<string, number>();
  for (const reason of scheduler.explain(pod).infeasibleNodes.values())
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const reasons = [...counts].map(([reason, count]) => `${count} ${reason}`).sort();
  return `0/${nodes} nodes are available: ${reasons.join(', ')}.`;
}

function schedulerAssumptions(cluster: Cluster, version: KubernetesVersion): Assumption[] {
  const assumptions: Assumption[] = [];
  if (!atLeast(version, 36)) {
    const why =
      'Scores are those of kube-scheduler 1.36 with its default profile; older versions weigh balance differently.';
    assumptions.push({ field: 'scheduler.version', value: '1.36', why });
  }
  if (cluster.nodes.size >= PARTLY_SCORED_FROM) {
    const why = 'All nodes are scored. kube-scheduler stops looking once it has found a part of the nodes that fit.';
    assumptions.push({ field: 'scheduler.percentageOfNodesToScore', value: 100, why });
  }
  const untold = [...cluster.nodes.values()].filter((node) => !node.status?.allocatable && !node.status?.capacity);
  if (untold.length > 0) {
    const value = untold.slice(0, 10).map((node) => node.metadata.name);
    const why = `${untold.length} nodes do not tell what they can take: 110 pods (kubelet's default) and any requests.`;
    assumptions.push({ field: 'nodes.status.allocatable', value, why });
  }
  return assumptions;
}

/**
 * Gives new pods nodes and addresses: the nodes that the request names, then what the scheduler decides, pod by pod. A
 * pod that no node takes stays pending. Throws QuestionError NOT_FOUND for a node that is not in the snapshot.
 */
export function placePods(cluster: Cluster, pending: readonly Pod[], input: PlacementInput): PlacedPods {
  const given = input.placement.map((name, index) => requireNode(cluster, name, `${input.pointer}/placement/${index}`));
  const pods = new Map<string, Pod>();
  const choices: Choice[] = [];
  const consequences: Consequence[] = [];
  if (pending.length === 0) return { pods, choices, consequences, assumptions: [] };
  const addresses = new PodAddresses(cluster);
  const scheduler = pending.length > given.length ? new Scheduler(cluster) : undefined;
  let failure: string | undefined;
  for (const [index, pod] of pending.entries()) {
    const key = namespacedName(pod);
    let node: Node | undefined = given[index];
    // Nothing is placed after the first pod that fits nowhere, so its fellows need not be tried.
    if (node === undefined && scheduler !== undefined && failure === undefined) {
      const decision = scheduler.decide(pod);
      node = cluster.nodes.get(decision.node ?? '');
      if (node === undefined) failure = reasonsOf(scheduler, pod, cluster.nodes.size);
      else if (decision.topNodes.length > 1 && choices.length < MAX_CHOICES) {
        choices.push(
          limitedChoice({
            what: `node of new pod ${key}`,
            taken: node.metadata.name,
            alternatives: decision.topNodes.filter((one) => one !== decision.node),
            why:
              'These nodes have the same score, and kube-scheduler may take any of them: the first by name is ' +
              'taken.',
          }),
        );
      }
    }
    if (node === undefined) {
      consequences.push({ kind: 'POD_NOT_PLACED', object: key, detail: failure ?? 'no node takes it' });
      pods.set(key, pod);
      if (!input.inOrder) continue;
      const left = pending.length - index - 1;
      if (left > 0) {
        const detail = `${left} further pods are not created, as the StatefulSet waits for this one to be ready`;
        consequences.push({ kind: 'POD_NOT_PLACED', object: key, detail });
      }
      break;
    }
    const own = addresses.allocate(node, pod.spec?.hostNetwork === true);
    const bound = { ...pod, spec: { ...pod.spec, nodeName: node.metadata.name } };
    scheduler?.assign(bound, node.metadata.name);
    pods.set(key, own === undefined ? bound : runningPod(pod, node, own, input.at));
    const where = `on ${node.metadata.name}`;
    const detail =
      own === undefined ? `${where}, where no address is free: it does not start` : `${where} with ${own.join(', ')}`;
    consequences.push({ kind: 'POD_ADDED', object: key, detail });
  }
  const assumptions = [
    ...addresses.assumptions(),
    ...(scheduler === undefined ? [] : schedulerAssumptions(cluster, input.version)),
  ];
  return { pods, choices, consequences, assumptions };
}
