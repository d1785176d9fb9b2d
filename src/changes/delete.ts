import type { Cluster } from '../cluster/cluster.js';
import {
  podsOfWorkload,
  replicaSetsOf,
  requireNode,
  requirePod,
  requireService,
  requireSlice,
  requireWorkload,
} from '../cluster/lookup.js';
import { namespacedName, type Pod, type Service, type Workload } from '../cluster/objects.js';
import type { DeleteChange } from '../contract/requests.js';
import { controllerOf } from '../control-plane/pods.js';
import { isControllerSlice } from '../control-plane/slice-metadata.js';
import type { ChangeContext, ChangeKind, ChangeResult, Consequence } from './change.js';
import { then } from './combine.js';
import { actOnNodes, isStatic, losePods } from './node-out.js';
import { impossible } from './refusal.js';
import { type ChangedResourceKind, deleteResource, requireResource, resourcesIn } from './replace-resource.js';
import { settle } from './settle.js';

/** The kinds of objects that can be deleted. */
export type DeletedKind =
  | 'Node'
  | 'Pod'
  | 'Service'
  | 'EndpointSlice'
  | 'Deployment'
  | 'ReplicaSet'
  | 'StatefulSet'
  | 'DaemonSet'
  | ChangedResourceKind;

/** A Service goes with its Endpoints and the slices that the EndpointSlice controllers keep for it. */
function deleteService(cluster: Cluster, service: Service, context: ChangeContext): ChangeResult {
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
function deletePod(cluster: Cluster, pod: Pod, context: ChangeContext, pointer: string): ChangeResult {
  const owner = controllerOf(pod);
  const key = namespacedName(pod);
  if (owner?.kind === 'DaemonSet' || isStatic(pod)) {
    const by = isStatic(pod) ? 'kubelet' : `DaemonSet ${owner?.name}`;
    const detail = `deleted, and started anew on ${pod.spec?.nodeName ?? 'its node'} by ${by}`;
    return { cluster, choices: [], consequences: [{ kind: 'POD_CHANGED', object: key, detail }], assumptions: [] };
  }
  return losePods(cluster, [pod], owner === undefined ? [] : [pod], context, pointer);
}

/** A workload goes with its pods, and a Deployment with its ReplicaSets: the garbage collector deletes what it owns. */
function deleteWorkload(cluster: Cluster, workload: Workload, context: ChangeContext, pointer: string): ChangeResult {
  const { kind, metadata } = workload;
  const { name, namespace = 'default' } = metadata;
  const owned = kind === 'Deployment' ? replicaSetsOf(cluster, namespace, name) : [];
  const pods = podsOfWorkload(cluster, kind, namespace, name);
  const owner = kind === 'ReplicaSet' ? controllerOf(workload) : undefined;
  if (owner?.kind === 'Deployment') {
    const detail = `Deployment ${namespace}/${owner.name} creates ReplicaSet ${namespace}/${name} anew: delete the Deployment, or scale it to 0.`;
    throw impossible(`${pointer}/name`, detail);
  }
  const gone = [workload, ...owned].map((one) => `${one.kind}/${namespacedName(one)}`);
  const without = cluster.with({ workloads: new Map(gone.map((key) => [key, undefined])) });
  const result = losePods(without, pods, [], context, pointer);
  const told: Consequence[] = [workload, ...owned].map((one) => ({
    kind: 'WORKLOAD_CHANGED',
    object: `${one.kind} ${namespacedName(one)}`,
    detail: one === workload ? 'deleted' : `deleted with Deployment ${name}`,
  }));
  return { ...result, consequences: [...told, ...result.consequences] };
}

function deleteSlice(cluster: Cluster, change: DeleteChange, context: ChangeContext, pointer: string): ChangeResult {
  const slice = requireSlice(cluster, change.namespace ?? 'default', change.name, pointer);
  const key = namespacedName(slice);
  const done = settle(cluster, cluster.with({ endpointSlices: new Map([[key, undefined]]) }), {}, context);
  const why =
    'The EndpointSlice controller would create this slice anew from what pods show: the answer is about the moment before it does.';
  const again = isControllerSlice(slice) ? [{ field: 'changes.delete', value: `EndpointSlice ${key}`, why }] : [];
  return {
    cluster: done.cluster,
    choices: [],
    consequences: [{ kind: 'SLICE_CHANGED', object: key, detail: 'deleted' }, ...done.consequences],
    assumptions: [...again, ...done.assumptions],
  };
}

/** A namespace goes with all that is in it: Services, workloads and their pods, policies. */
function deleteNamespace(
  cluster: Cluster,
  { namespace, name }: DeleteChange,
  context: ChangeContext,
  pointer: string,
): ChangeResult {
  const own = requireResource(cluster, { kind: 'Namespace', namespace, name }, pointer);
  const isIn = ({ metadata }: { readonly metadata: { readonly namespace?: string } }) =>
    (metadata.namespace ?? 'default') === name;
  let done = deleteResource(cluster, own);
  const next = (make: (now: Cluster, rest: ChangeContext) => ChangeResult) => {
    done = then(done, context, make);
  };
  for (const service of [...cluster.services.values()].filter(isIn)) {
    next((now, rest) => deleteService(now, service, rest));
  }
  const pods = [...cluster.pods.values()].filter(isIn);
  const workloads = [...cluster.workloads.entries()].filter(([, one]) => isIn(one)).map(([key]) => key);
  next((now) => {
    const gone = now.with({
      pods: new Map(pods.map((pod) => [namespacedName(pod), undefined])),
      workloads: new Map(workloads.map((key) => [key, undefined])),
    });
    const told = [...workloads.map((key) => key.replace('/', ' ')), ...pods.map((pod) => `pod ${namespacedName(pod)}`)];
    return {
      cluster: gone,
      choices: [],
      consequences: told.map((object) => ({ kind: 'OBJECT_DELETED', object, detail: 'deleted with its namespace' })),
      assumptions: [],
    };
  });
  for (const resource of resourcesIn(cluster, name)) next((now) => deleteResource(now, resource));
  return done;
}

function apply(cluster: Cluster, change: DeleteChange, context: ChangeContext, pointer: string): ChangeResult {
  const { kind, namespace = 'default', name } = change;
  switch (kind) {
    case 'Node': {
      if (change.namespace !== undefined) {
        throw impossible(`${pointer}/namespace`, 'Nodes have no namespace; leave it out.');
      }
      const node = requireNode(cluster, name, `${pointer}/name`);
      if (cluster.nodes.size === 1) {
        const detail = `${name} is the last node: a cluster without nodes has no rules to ask about.`;
        throw impossible(`${pointer}/name`, detail);
      }
      return actOnNodes(cluster, [node], 'REMOVE', true, context, pointer);
    }
    case 'Pod':
      return deletePod(cluster, requirePod(cluster, namespace, name, pointer), context, pointer);
    case 'Service':
      return deleteService(cluster, requireService(cluster, namespace, name, pointer), context);
    case 'EndpointSlice':
      return deleteSlice(cluster, change, context, pointer);
    case 'Deployment':
    case 'ReplicaSet':
    case 'StatefulSet':
    case 'DaemonSet':
      return deleteWorkload(cluster, requireWorkload(cluster, kind, namespace, name, pointer), context, pointer);
    case 'Namespace':
      return deleteNamespace(cluster, change, context, pointer);
    case 'NetworkPolicy':
    case 'AdminNetworkPolicy':
    case 'BaselineAdminNetworkPolicy':
    case 'ClusterNetworkPolicy':
      return deleteResource(cluster, requireResource(cluster, { kind, namespace: change.namespace, name }, pointer));
  }
}

/** `delete`: an object is gone, as after `kubectl delete`, with what the garbage collector and controllers make of it. */
export const deleteObject: ChangeKind<DeleteChange> = { key: 'delete', apply };
