/** Deleting Services, pods, workloads and slices, with what the garbage collector and controllers make of it. */
import type { Cluster } from '../cluster/cluster.js';
import { podsOfWorkload, replicaSetsOf, requireSlice } from '../cluster/lookup.js';
import { namespacedName, type Pod, type Service, type Workload } from '../cluster/objects.js';
import type { DeleteChange } from '../contract/requests.js';
import { controllerOf } from '../control-plane/pods.js';
import { isControllerSlice } from '../control-plane/slice-metadata.js';
import type { ChangeContext, ChangeResult, Consequence } from './change.js';
import { unchanged } from './combine.js';
import { isStatic, losePods } from './node-out.js';
import { impossible } from './refused-change.js';
import { settle } from './settle.js';

/** A Service goes with its Endpoints and the slices that the EndpointSlice controllers keep for it. */
export function deleteService(cluster: Cluster, service: Service, context: ChangeContext): ChangeResult {
  const key = namespacedName(service);
  const slices = cluster.slicesOf(key).map((slice) => [namespacedName(slice), undefined] as const);
  const after = cluster.with({
    services: new Map([[key, undefined]]),
    endpointSlices: new Map(slices),
    endpoints: new Map([[key, undefined]]),
  });
  const done = settle(cluster, after, {}, context);
  const deleted: Consequence[] = [
    { kind: 'SERVICE_CHANGED', object: key, detail: 'deleted' },
    ...slices.map(([object]): Consequence => ({ kind: 'SLICE_CHANGED', object, detail: 'deleted with its Service' })),
  ];
  return {
    cluster: done.cluster,
    choices: [],
    consequences: [...deleted, ...done.consequences],
    assumptions: done.assumptions,
  };
}

/** A pod is deleted: its ReplicaSet or StatefulSet creates another one. */
export function deletePod(cluster: Cluster, pod: Pod, context: ChangeContext, pointer: string): ChangeResult {
  const owner = controllerOf(pod);
  const key = namespacedName(pod);
  if (owner?.kind === 'DaemonSet' || isStatic(pod)) {
    const by = isStatic(pod) ? 'kubelet' : `DaemonSet ${owner?.name}`;
    const detail = `deleted, and started anew on ${pod.spec?.nodeName ?? 'its node'} by ${by}`;
    return { cluster, choices: [], consequences: [{ kind: 'POD_CHANGED', object: key, detail }], assumptions: [] };
  }
  return losePods(cluster, [pod], owner === undefined ? [] : [pod], context, pointer);
}

/** Pods are gone, and nothing makes them anew: their namespace goes. */
export function deletePods(
  cluster: Cluster,
  pods: readonly Pod[],
  context: ChangeContext,
  pointer: string,
): ChangeResult {
  return pods.length === 0 ? unchanged(cluster) : losePods(cluster, pods, [], context, pointer);
}

/** A workload goes with its pods, and a Deployment with its ReplicaSets: the garbage collector deletes what it owns. */
export function deleteWorkload(
  cluster: Cluster,
  workload: Workload,
  context: ChangeContext,
  pointer: string,
): ChangeResult {
  const { kind, metadata } = workload;
  const { name, namespace = 'default' } = metadata;
  const owned = kind === 'Deployment' ? replicaSetsOf(cluster, namespace, name) : [];
  const pods = podsOfWorkload(cluster, kind, namespace, name);
  const owner = kind === 'ReplicaSet' ? controllerOf(workload) : undefined;
  if (owner?.kind === 'Deployment') {
    const detail =
      `Deployment ${namespace}/${owner.name} creates ReplicaSet ${namespace}/${name} anew: delete the ` +
      'Deployment, or scale it to 0.';
    throw impossible(`${pointer}/name`, detail);
  }
  const gone = [workload, ...owned].map((one) => `${one.kind}/${namespacedName(one)}`);
  const without = cluster.with({ workloads: new Map(gone.map((key) => [key, undefined])) });
  const result = losePods(without, pods, [], context, pointer);
  const consequences: Consequence[] = [workload, ...owned].map((one) => ({
    kind: 'WORKLOAD_CHANGED',
    object: `${one.kind} ${namespacedName(one)}`,
    detail: one === workload ? 'deleted' : `deleted with Deployment ${name}`,
  }));
  return { ...result, consequences: [...consequences, ...result.consequences] };
}

export function deleteSlice(
  cluster: Cluster,
  change: DeleteChange,
  context: ChangeContext,
  pointer: string,
): ChangeResult {
  const slice = requireSlice(cluster, change.namespace ?? 'default', change.name, pointer);
  const key = namespacedName(slice);
  const done = settle(cluster, cluster.with({ endpointSlices: new Map([[key, undefined]]) }), {}, context);
  const why =
    'The EndpointSlice controller would create this slice anew from what pods show: the answer is about the ' +
    'moment before it does.';
  const again = isControllerSlice(slice) ? [{ field: 'changes.delete', value: `EndpointSlice ${key}`, why }] : [];
  return {
    cluster: done.cluster,
    choices: [],
    consequences: [{ kind: 'SLICE_CHANGED', object: key, detail: 'deleted' }, ...done.consequences],
    assumptions: [...again, ...done.assumptions],
  };
}
