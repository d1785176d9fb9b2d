import type { Cluster } from '../../cluster/cluster.js';
import type { Pod, Workload } from '../../cluster/objects.js';
import { podsOfWorkload } from '../../cluster/workload-pods.js';
import { podsOfDaemonSet } from '../../control-plane/daemon-pods.js';
import { isActive, isReady } from '../../control-plane/pods.js';
import type { IntOrPercent } from '../../control-plane/rolling-update.js';
import { scaledValue } from '../../control-plane/rolling-update.js';
import { limitedChoice } from '../limited-choice.js';
import { type Rollout, Simulation, type SimulationInput } from './simulation.js';

export interface DaemonSetStrategy {
  readonly maxSurge: IntOrPercent;
  readonly maxUnavailable: IntOrPercent;
}

const nodeOf = (pod: Pod) => pod.spec?.nodeName ?? '';

/**
 * The states that a DaemonSet goes through, node by node: with a surge a second pod is made beside the old one, which
 * goes when the new one is ready; otherwise pods that are not ready go first, then as many as may be unavailable, and
 * each is made anew on its node. The order of nodes is random in Kubernetes; here it is that of their names.
 * Percentages are rounded up. Source: Kubernetes 1.36 pkg/controller/daemon/update.go (`rollingUpdate`).
 */
export function rollOutDaemonSet(
  cluster: Cluster,
  wanted: Workload,
  strategy: DaemonSetStrategy,
  input: SimulationInput,
): Rollout {
  const { name, namespace = 'default' } = wanted.metadata;
  const own = podsOfWorkload(cluster, 'DaemonSet', namespace, name).filter(isActive);
  const due = podsOfDaemonSet(cluster, wanted, input.at, own);
  const surge = scaledValue(strategy.maxSurge, due.size, true) ?? 0;
  const unavailable = Math.max(surge === 0 ? 1 : 0, scaledValue(strategy.maxUnavailable, due.size, true) ?? 1);
  const simulation = new Simulation(cluster, own, [], input);
  simulation.store(wanted);
  simulation.note('START');
  const byNode = [...own].sort((a, b) => (nodeOf(a) < nodeOf(b) ? -1 : 1));
  const create = (nodes: readonly string[]) => {
    const pods = nodes.flatMap((node) => due.get(node) ?? []);
    const placement = nodes.filter((node) => due.has(node));
    if (pods.length === 0) return;
    simulation.create(pods, placement);
    simulation.note('CREATED');
    simulation.ready();
    simulation.note('READY');
  };
  // Nodes that the new template leaves, and those that it comes to, do not wait for anything.
  const leaving = byNode.filter((pod) => !due.has(nodeOf(pod)));
  if (leaving.length > 0) {
    simulation.remove(leaving);
    simulation.note('DELETED');
    simulation.bury();
  }
  const had = new Set(own.map(nodeOf));
  create([...due.keys()].filter((node) => !had.has(node)));
  let left = byNode.filter((pod) => due.has(nodeOf(pod)));
  const [first, ...others] = left.map(nodeOf);
  if (first !== undefined && others.length > 0) {
    simulation.choose([
      limitedChoice({
        what: `node on which the rollout of DaemonSet ${namespace}/${name} begins`,
        taken: first,
        alternatives: others,
        why: 'The DaemonSet controller goes through nodes in random order: that of their names is taken.',
      }),
    ]);
  }
  if (surge > 0) {
    while (left.length > 0 && !simulation.isLong) {
      const chunk = left.slice(0, surge);
      left = left.slice(surge);
      create(chunk.map(nodeOf));
      simulation.remove(chunk);
      simulation.note('DELETED');
      simulation.bury();
    }
    simulation.note('GONE');
    return simulation.end();
  }
  while (left.length > 0 && !simulation.isLong) {
    const broken = left.filter((pod) => !isReady(pod));
    const healthy = left.filter(isReady).slice(0, Math.max(0, unavailable - broken.length));
    const chunk = [...broken, ...healthy];
    left = left.filter((pod) => !chunk.includes(pod));
    simulation.remove(chunk);
    simulation.note('DELETED');
    simulation.bury();
    create(chunk.map(nodeOf));
  }
  return simulation.end();
}
