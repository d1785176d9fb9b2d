/**
 * Deleting objects of kinds that have no controllers of their own here: ConfigMaps, policies, namespaces with all that
 * is in them.
 */
import type { Cluster } from '../cluster/cluster.js';
import { namespacedName } from '../cluster/objects.js';
import { isNamespaced, resourceName } from '../cluster/resources.js';
import { MANAGED_BY_LABEL, MIRRORING_CONTROLLER } from '../control-plane/slice-metadata.js';
import type { ChangeContext, ChangeResult, Consequence } from './change.js';
import { then, unchanged } from './combine.js';
import { deletePods, deleteService, deleteWorkload } from './delete-used.js';
import { settle } from './settle.js';

function gone(kind: string, object: string): Consequence {
  return { kind: 'OBJECT_DELETED', object: `${kind} ${object}`, detail: 'deleted' };
}

export function deleteConfigMap(cluster: Cluster, key: string): ChangeResult {
  const next = cluster.with({ configMaps: new Map([[key, undefined]]) });
  return { ...unchanged(next), consequences: [gone('ConfigMap', key)] };
}

/** Endpoints go with the slices that mirror them. */
export function deleteEndpoints(cluster: Cluster, key: string, context: ChangeContext): ChangeResult {
  const mirrors = cluster
    .slicesOf(key)
    .filter(({ metadata }) => metadata.labels?.[MANAGED_BY_LABEL] === MIRRORING_CONTROLLER)
    .map((slice) => [namespacedName(slice), undefined] as const);
  const after = cluster.with({ endpoints: new Map([[key, undefined]]), endpointSlices: new Map(mirrors) });
  const done = settle(cluster, after, {}, context);
  return {
    cluster: done.cluster,
    choices: [],
    consequences: [gone('Endpoints', key), ...done.consequences],
    assumptions: done.assumptions,
  };
}

/** A network policy, a namespace that is empty, the settings of a data plane. `key` is the resource's. */
export function deleteResource(cluster: Cluster, key: string): ChangeResult {
  const resource = cluster.resources.get(key);
  if (resource === undefined) return unchanged(cluster);
  const next = cluster.with({ resources: new Map([[key, undefined]]) });
  const name = resourceName(resource).slice(resource.kind.length + 1);
  return { ...unchanged(next), consequences: [gone(resource.kind, name)] };
}

/** A namespace goes with all that is in it. */
export function deleteNamespace(
  cluster: Cluster,
  name: string,
  key: string,
  context: ChangeContext,
  pointer: string,
): ChangeResult {
  const inside = ({ metadata }: { readonly metadata: { readonly namespace?: string } }) =>
    (metadata.namespace ?? 'default') === name;
  let result = unchanged(cluster);
  const act = (change: (current: Cluster, now: ChangeContext) => ChangeResult) => {
    result = then(result, context, change);
  };
  for (const workload of [...cluster.workloads.values()].filter(inside)) {
    const isOwned = (workload.metadata.ownerReferences ?? []).length > 0;
    if (!isOwned) act((current, now) => deleteWorkload(current, workload, now, pointer));
  }
  for (const service of [...cluster.services.values()].filter(inside)) {
    act((current, now) => deleteService(current, service, now));
  }
  act((current, now) => deletePods(current, [...current.pods.values()].filter(inside), now, pointer));
  act((current, now) => {
    const slices = [...current.endpointSlices.values()].filter(inside);
    const edit = new Map(slices.map((slice) => [namespacedName(slice), undefined]));
    const done = settle(current, current.with({ endpointSlices: edit }), {}, now);
    return { cluster: done.cluster, choices: [], consequences: done.consequences, assumptions: done.assumptions };
  });
  for (const endpoints of [...result.cluster.endpoints.values()].filter(inside)) {
    act((current, now) => deleteEndpoints(current, namespacedName(endpoints), now));
  }
  for (const map of [...cluster.configMaps.values()].filter(inside)) {
    act((current) => deleteConfigMap(current, namespacedName(map)));
  }
  for (const [own, resource] of [...cluster.resources.entries()]) {
    if (isNamespaced(resource.kind, resource.apiVersion) && inside(resource))
      act((current) => deleteResource(current, own));
  }
  act((current) => deleteResource(current, key));
  return result;
}
