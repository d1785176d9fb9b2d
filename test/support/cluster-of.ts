import { Cluster } from '../../src/cluster/cluster.js';
import type {
  ConfigMap,
  EndpointSlice,
  Endpoints,
  KubernetesObject,
  Node,
  Pod,
  Service,
  Workload,
} from '../../src/cluster/objects.js';

/** A cluster of the items of a v1 List, by kind and unchecked: for tests that bring trusted snapshots. */
export function clusterOf(items: readonly KubernetesObject[]): Cluster {
  const of = <T extends KubernetesObject>(...kinds: string[]) =>
    items.filter(({ kind }) => kinds.includes(kind)) as T[];
  return Cluster.of({
    nodes: of<Node>('Node'),
    pods: of<Pod>('Pod'),
    services: of<Service>('Service'),
    // Slices of Services without endpoints come with null lists.
    endpointSlices: of<EndpointSlice>('EndpointSlice').map((slice) => ({
      ...slice,
      endpoints: slice.endpoints ?? [],
      ports: slice.ports ?? [],
    })),
    endpoints: of<Endpoints>('Endpoints'),
    workloads: of<Workload>('Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet'),
    configMaps: of<ConfigMap>('ConfigMap'),
  });
}
