import { closestNames } from '../base/did-you-mean.js';
import { QuestionError } from '../base/errors.js';
import type { Cluster } from '../cluster/cluster.js';
import { requireNode, requirePod, requireService, requireWorkload } from '../cluster/lookup.js';
import { isNamespaced, resourceKey, resourceRole } from '../cluster/resources.js';
import type { DeleteChange } from '../contract/requests.js';
import type { ChangeContext, ChangeKind, ChangeResult } from './change.js';
import { deleteConfigMap, deleteEndpoints, deleteNamespace, deleteResource } from './delete-others.js';
import { deletePod, deleteService, deleteSlice, deleteWorkload } from './delete-used.js';
import { actOnNodes } from './node-out.js';
import { impossible } from './refused-change.js';
import { requireResource } from './replace-resource.js';

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
  throw impossible(`${pointer}/kind`, `Objects of kind ${kind} cannot be deleted here.`);
}

/** Whether objects of a kind that can be deleted have a namespace. */
function hasNamespace(kind: DeleteChange['kind']): boolean {
  return kind !== 'Node' && (resourceRole(kind, undefined) === undefined || isNamespaced(kind, undefined));
}

/** A namespace goes with all that is in it; of a snapshot without namespaces, what is in it is enough. */
function namespaceGone(cluster: Cluster, change: DeleteChange, context: ChangeContext, pointer: string): ChangeResult {
  const { namespace, name } = change;
  const isListed = [...cluster.resources.values()].some(({ kind }) => kind === 'Namespace');
  const own = isListed
    ? resourceKey(requireResource(cluster, { kind: 'Namespace', namespace, name }, pointer))
    : undefined;
  if (namespace !== undefined) throw impossible(`${pointer}/namespace`, 'A Namespace has no namespace; leave it out.');
  const done = deleteNamespace(cluster, name, own ?? '', context, pointer);
  if (own === undefined && done.consequences.length === 0) throw notThere('Namespace', name, [], pointer);
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
      return namespaceGone(cluster, change, context, pointer);
    case 'NetworkPolicy':
    case 'AdminNetworkPolicy':
    case 'BaselineAdminNetworkPolicy':
    case 'ClusterNetworkPolicy':
      return deleteResource(
        cluster,
        resourceKey(requireResource(cluster, { kind, namespace: change.namespace, name }, pointer)),
      );
    default:
      return deleteOther(cluster, change, context, pointer);
  }
}

/**
 * `delete`: an object is gone, as after `kubectl delete`, with what the garbage collector and controllers make of it.
 */
export const deleteObject: ChangeKind<'delete'> = {
  key: 'delete',
  schema: 'DeleteChange',
  summary: 'an object is deleted, with what belongs to it',
  example: { kind: 'Pod', namespace: 'default', name: 'client' },
  describe: ({ kind, namespace = 'default', name }) =>
    `delete ${kind} ${hasNamespace(kind) ? `${namespace}/${name}` : name}`,
  apply,
};
