import { closestNames } from '../base/did-you-mean.js';
import { QuestionError } from '../base/errors.js';
import { type Cluster, workloadKey } from './cluster.js';
import type { EndpointSlice, Node, Pod, Service, Workload } from './objects.js';
import { WORKLOAD_KINDS } from './workload-pods.js';

export { nodeAddresses, nodeOfAddress, nodeZone, podOfAddress } from './addresses.js';
export { podsOfWorkload, replicaSetsOf } from './workload-pods.js';

/** The objects that a request names. Each function throws QuestionError NOT_FOUND, naming what comes close. */

function notFound(what: string, near: readonly string[], pointer: string, none: string): QuestionError {
  const hint = near.length === 0 ? none : ` Did you mean ${near.join(', ')}?`;
  const detail = `${what} is not in the snapshot.${hint}`;
  return new QuestionError('NOT_FOUND', detail, [{ pointer, in: 'request', detail }]);
}

function hintWhenEmpty(size: number, kinds: string): string {
  return size === 0 ? ` It holds no ${kinds} at all; was \`kubectl get ${kinds} -A -o json\` part of it?` : '';
}

export function requireNode(cluster: Cluster, name: string, pointer: string): Node {
  const node = cluster.nodes.get(name);
  if (node !== undefined) return node;
  throw notFound(
    `Node "${name}"`,
    closestNames(name, cluster.nodes.keys()),
    pointer,
    hintWhenEmpty(cluster.nodes.size, 'nodes'),
  );
}

export function requireService(cluster: Cluster, namespace: string, name: string, pointer: string): Service {
  const key = `${namespace}/${name}`;
  const service = cluster.services.get(key);
  if (service !== undefined) return service;
  const none = hintWhenEmpty(cluster.services.size, 'services');
  throw notFound(`Service "${key}"`, closestNames(key, cluster.services.keys()), pointer, none);
}

export function requirePod(cluster: Cluster, namespace: string, name: string, pointer: string): Pod {
  const key = `${namespace}/${name}`;
  const pod = cluster.pods.get(key);
  if (pod !== undefined) return pod;
  throw notFound(
    `Pod "${key}"`,
    closestNames(key, cluster.pods.keys()),
    pointer,
    hintWhenEmpty(cluster.pods.size, 'pods'),
  );
}

export function requireSlice(cluster: Cluster, namespace: string, name: string, pointer: string): EndpointSlice {
  const key = `${namespace}/${name}`;
  const slice = cluster.endpointSlices.get(key);
  if (slice !== undefined) return slice;
  const none = hintWhenEmpty(cluster.endpointSlices.size, 'endpointslices');
  throw notFound(`EndpointSlice "${key}"`, closestNames(key, cluster.endpointSlices.keys()), pointer, none);
}

export function requireWorkload(
  cluster: Cluster,
  kind: string,
  namespace: string,
  name: string,
  pointer: string,
): Workload {
  const key = workloadKey(kind, namespace, name);
  const workload = cluster.workloads.get(key);
  if (workload !== undefined) return workload;
  const kinds = `${kind.toLowerCase()}s`;
  const none = WORKLOAD_KINDS.some((known) => known === kind)
    ? hintWhenEmpty(cluster.workloads.size, kinds)
    : ` Workloads are of kind ${WORKLOAD_KINDS.join(', ')}.`;
  throw notFound(`${kind} "${namespace}/${name}"`, closestNames(key, cluster.workloads.keys()), pointer, none);
}
