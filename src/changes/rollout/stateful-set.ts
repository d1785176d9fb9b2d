import type { Cluster } from '../../cluster/cluster.js';
import { namespacedName, type Pod, type Workload } from '../../cluster/objects.js';
import { podsOfWorkload } from '../../cluster/workload-pods.js';
import { pendingPod, templateOf } from '../../control-plane/new-pods.js';
import { isActive, isReady } from '../../control-plane/pods.js';
import { impossible } from '../refused-change.js';
import { type Rollout, Simulation, type SimulationInput } from './simulation.js';

export interface StatefulSetStrategy {
  /** Pods of lower ordinals keep the former template. */
  readonly partition: number;
  /** How many pods are replaced at once. */
  readonly maxUnavailable: number;
}

/**
 * The states that a StatefulSet goes through: pod by pod (or as many at once as may be unavailable), highest ordinal
 * first, each deleted, made anew under its name, and ready before the next one. With podManagementPolicy OrderedReady a
 * pod that is not ready keeps the update from going on. Source: Kubernetes 1.36
 * pkg/controller/statefulset/stateful_set_control.go (`updateStatefulSet`).
 */
export function rollOutStatefulSet(
  cluster: Cluster,
  wanted: Workload,
  { partition, maxUnavailable }: StatefulSetStrategy,
  input: SimulationInput,
): Rollout {
  const { name, namespace = 'default' } = wanted.metadata;
  const ordinalOf = (pod: Pod) => Number(pod.metadata.name.slice(name.length + 1));
  const own = podsOfWorkload(cluster, 'StatefulSet', namespace, name).filter(isActive);
  const due = own.filter((pod) => ordinalOf(pod) >= partition).sort((a, b) => ordinalOf(b) - ordinalOf(a));
  const template = templateOf(wanted, undefined);
  if (template === undefined) {
    throw impossible(
      input.pointer,
      `StatefulSet ${namespace}/${name} has no pod template: what its new pods are is not known.`,
    );
  }
  const simulation = new Simulation(cluster, own, [], input);
  simulation.store(wanted);
  simulation.note('START');
  const ordered = wanted.spec?.podManagementPolicy !== 'Parallel';
  const broken = own.find((pod) => !isReady(pod));
  if (ordered && broken !== undefined && due.length > 0) {
    return simulation.end(
      `pod ${namespacedName(broken)} is not ready, and with podManagementPolicy OrderedReady the controller ` +
        'waits for it before it replaces any',
    );
  }
  for (let next = 0; next < due.length && !simulation.isLong; next += maxUnavailable) {
    const chunk = due.slice(next, next + maxUnavailable);
    simulation.remove(chunk);
    simulation.note('DELETED');
    simulation.bury();
    simulation.create(chunk.map((pod) => pendingPod(wanted, template, pod.metadata.name, input.at)));
    simulation.note('CREATED');
    if (simulation.waiting.length > 0) break;
    simulation.ready();
    simulation.note('READY');
  }
  return simulation.end();
}
