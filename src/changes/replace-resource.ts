/**
 * Network policies, namespaces and their like as changes patch and delete them: objects of which only little is read.
 */

import { isDeepStrictEqual } from '../base/deep-equal.js';
import { closestNames } from '../base/did-you-mean.js';
import { QuestionError } from '../base/errors.js';
import type { Cluster } from '../cluster/cluster.js';
import { namespacedName } from '../cluster/objects.js';
import { type Resource, readResource, resourceKey, resourceName } from '../cluster/resources.js';
import type { ChangeResult, Consequence } from './change.js';
import { differences } from './differences.js';
import { mergePatch } from './merge-patch.js';
import { closestPlace, impossible, refuse } from './refused-change.js';

/** The kinds of resources that changes name. */
const RESOURCE_CHANGES = [
  'NetworkPolicy',
  'Namespace',
  'AdminNetworkPolicy',
  'BaselineAdminNetworkPolicy',
  'ClusterNetworkPolicy',
] as const;

export type ChangedResourceKind = (typeof RESOURCE_CHANGES)[number];

export function isResourceKind(kind: string): kind is ChangedResourceKind {
  return (RESOURCE_CHANGES as readonly string[]).includes(kind);
}

/** Kubernetes' own kinds before those of network plugins that have the same name. */
const rank = ({ apiVersion }: Resource) =>
  /^(?:networking\.k8s\.io|policy\.networking\.k8s\.io|v1)/.test(apiVersion) ? 0 : 1;

/**
 * The resource that a change names. Throws NOT_FOUND with the closest names where it is not there, IMPOSSIBLE_CHANGE
 * where the change gives a namespace and the kind has none.
 */
export function requireResource(
  cluster: Cluster,
  {
    kind,
    namespace,
    name,
  }: { readonly kind: ChangedResourceKind; readonly namespace?: string | undefined; readonly name: string },
  pointer: string,
): Resource {
  const hasNamespace = kind === 'NetworkPolicy';
  if (!hasNamespace && namespace !== undefined)
    throw impossible(`${pointer}/namespace`, `A ${kind} has no namespace; leave it out.`);
  const own = namespace ?? 'default';
  const ofKind = [...cluster.resources.values()].filter((one) => one.kind === kind).sort((a, b) => rank(a) - rank(b));
  const keyOf = ({ metadata }: Resource) => (hasNamespace ? namespacedName({ metadata } as never) : metadata.name);
  const wanted = hasNamespace ? `${own}/${name}` : name;
  const found = ofKind.find((one) => keyOf(one) === wanted);
  if (found !== undefined) return found;
  const near = closestNames(wanted, ofKind.map(keyOf));
  const hint = near.length === 0 ? '' : ` Did you mean ${near.join(', ')}?`;
  const detail = `${kind} "${wanted}" is not in the snapshot.${hint}`;
  throw new QuestionError('NOT_FOUND', detail, [{ pointer: `${pointer}/name`, in: 'request', detail }]);
}

const result = (cluster: Cluster, consequences: readonly Consequence[]): ChangeResult => ({
  ...{ cluster, consequences, choices: [], assumptions: [] },
});

/**
 * Puts the patched object in the place of the resource. Throws IMPOSSIBLE_CHANGE for what the API server would refuse.
 */
export function patchResource(cluster: Cluster, before: Resource, patch: object, pointer: string): ChangeResult {
  const place = `${pointer}/patch`;
  const value = mergePatch(before as never, patch as never, place) as unknown as Readonly<Record<string, unknown>>;
  const { kind, apiVersion, metadata } = value as unknown as Resource;
  const { name, namespace } = metadata ?? {};
  if (
    kind !== before.kind ||
    apiVersion !== before.apiVersion ||
    name !== before.metadata.name ||
    namespace !== before.metadata.namespace
  ) {
    throw impossible(
      place,
      'Kind, apiVersion, name and namespace say which object it is and cannot be patched; leave them out.',
    );
  }
  const read = readResource(kind, apiVersion, value);
  if ('faults' in read) {
    refuse(
      read.faults.map((fault) => ({ pointer: place + closestPlace(patch, fault.pointer), detail: fault.detail })),
      `The patched ${resourceName(before)}`,
    );
    throw new Error('a fault is refused');
  }
  const after = nameLabelled(read.resource);
  if (isDeepStrictEqual(before, after)) {
    return result(cluster, [{ kind: 'OBJECT_UNCHANGED', object: resourceName(before), detail: 'is so already' }]);
  }
  const details = differences(before, after).map(
    (detail): Consequence => ({ kind: 'OBJECT_CONFIGURED', object: resourceName(before), detail }),
  );
  return result(cluster.with({ resources: new Map([[resourceKey(before), after]]) }), details);
}

/** The API server sets the label with a namespace's name, whatever is patched. */
function nameLabelled(resource: Resource): Resource {
  if (resource.kind !== 'Namespace') return resource;
  const { metadata } = resource;
  return {
    ...resource,
    metadata: { ...metadata, labels: { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name } },
  };
}
