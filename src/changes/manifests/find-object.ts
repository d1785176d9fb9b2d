/** The object of a manifest in a cluster. */
import { type Cluster, workloadKey } from '../../cluster/cluster.js';
import type { UsedKind } from '../../cluster/kinds.js';
import type { KubernetesObject } from '../../cluster/objects.js';

/** The object of a used kind; undefined where the cluster has none of that name. */
export function findObject(
  cluster: Cluster,
  kind: UsedKind,
  namespace: string,
  name: string,
): KubernetesObject | undefined {
  const key = `${namespace}/${name}`;
  switch (kind) {
    case 'Node':
      return cluster.nodes.get(name);
    case 'Pod':
      return cluster.pods.get(key);
    case 'Service':
      return cluster.services.get(key);
    case 'EndpointSlice':
      return cluster.endpointSlices.get(key);
    case 'Endpoints':
      return cluster.endpoints.get(key);
    case 'ConfigMap':
      return cluster.configMaps.get(key);
    default:
      return cluster.workloads.get(workloadKey(kind, namespace, name));
  }
}

/** The cluster with an object in the place of the one of its name, and nothing that follows from it. */
export function withObject(cluster: Cluster, kind: UsedKind, object: KubernetesObject): Cluster {
  const { name, namespace = 'default' } = object.metadata;
  const key = `${namespace}/${name}`;
  const only = (value: unknown, at = key) => new Map([[at, value]]) as never;
  switch (kind) {
    case 'Node':
      return cluster.with({ nodes: only(object, name) });
    case 'Pod':
      return cluster.with({ pods: only(object) });
    case 'Service':
      return cluster.with({ services: only(object) });
    case 'EndpointSlice':
      return cluster.with({ endpointSlices: only(object) });
    case 'Endpoints':
      return cluster.with({ endpoints: only(object) });
    case 'ConfigMap':
      return cluster.with({ configMaps: only(object) });
    default:
      return cluster.with({ workloads: only(object, workloadKey(kind, namespace, name)) });
  }
}
