/** Finds the object of a manifest in a cluster. */
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
