import { closestNames } from '../base/did-you-mean.js';
import { QuestionError } from '../base/errors.js';
import type { Cluster } from '../cluster/cluster.js';
import { requireNode, requirePod, requireService, requireWorkload } from '../cluster/lookup.js';
import { isNamespaced } from '../cluster/resources.js';
import type { DeleteChange } from '../contract/requests.js';
import type { ChangeContext, ChangeKind, ChangeResult } from './change.js';
import { deleteConfigMap, deleteEndpoints, deleteNamespace, deleteResource } from './delete-others.js';
import { deletePod, deleteService, deleteSlice, deleteWorkload } from './delete-used.js';
import { actOnNodes } from './node-out.js';
import { impossible } from './refusal.js';

function notThere(kind: string, object: string, near: Iterable<string>, pointer: string): QuestionError {
  const names = closestNames(object, near);
  const hint = names.length === 0 ? '' : ` Did you mean ${names.join(', ')}?`;
  const detail = `There is no ${kind} ${object} in the snapshot.${hint}`;
  return new QuestionError('NOT_FOUND', detail, [{ pointer: `${pointer}/name`, in: 'request', detail }]);
}

/** An object of a kind that has no controllers here. */
function deleteOther(
  cluster: Cluster,
  { kind, namespace = 'default', name }: DeleteChange,
  context: ChangeContext,
  pointer: string,
): ChangeResult {
  const key = `${namespace}/${name}`;
  if (kind === 'ConfigMap') {
    if (cluster.configMaps.has(key)) return deleteConfigMap(cluster, key);
    throw notThere(kind, key, cluster.configMaps.keys(), pointer);
  }
  if (kind === 'Endpoints') {
    if (cluster.endpoints.has(key)) return deleteEndpoints(cluster, key, context);
    throw notThere(kind, key, cluster.endpoints.keys(), pointer);
  }
  const same = [...cluster.resources.entries()].filter(([, one]) => one.kind === kind);
  const found = same.find(([, { apiVersion, metadata }]) => {
    const own = isNamespaced(kind, apiVersion) ? (metadata.namespace ?? 'default') : undefined;
    return metadata.name === name && (own === undefined || own === namespace);
  });
  if (kind === 'Namespace') return deleteNamespace(cluster, name, found?.[0] ?? '', context, pointer);
  if (found !== undefined) return deleteResource(cluster, found[0]);
  throw notThere(
    kind,
    name,
    same.map(([, { metadata }]) => metadata.name),
    pointer,
  );
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
    default:
      return deleteOther(cluster, change, context, pointer);
  }
}

/** `delete`: an object is gone, as after `kubectl delete`, with what the garbage collector and controllers make of it. */
export const deleteObject: ChangeKind<DeleteChange> = { key: 'delete', apply };
