import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { Cluster } from '../../src/cluster/cluster.js';
import type {
  EndpointSlice,
  Endpoints,
  Node,
  Pod,
  Service,
  Workload,
  WorkloadKind,
} from '../../src/cluster/objects.js';

/** The recorded cases of one kind, by name. */
export function goldenCases<T>(kind: string): [string, T][] {
  const packed = readFileSync(`test/control-plane/golden/${kind}.json.gz`);
  return Object.entries(JSON.parse(gunzipSync(packed).toString('utf8')) as Record<string, T>);
}

export interface ObjectList {
  readonly items: readonly { readonly kind: string }[];
}

/** A Cluster of a v1 List, without the reader's validation: recorded objects are valid. */
export function clusterOf(list: ObjectList): Cluster {
  const of = <T>(...kinds: string[]) => list.items.filter((item) => kinds.includes(item.kind)) as unknown as T[];
  const workloads: WorkloadKind[] = ['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet'];
  return Cluster.of({
    nodes: of<Node>('Node'),
    pods: of<Pod>('Pod'),
    services: of<Service>('Service'),
    endpointSlices: of<EndpointSlice>('EndpointSlice').map((slice) => ({
      ...slice,
      endpoints: slice.endpoints ?? [],
      ports: slice.ports ?? [],
    })),
    endpoints: of<Endpoints>('Endpoints'),
    workloads: of<Workload>(...workloads),
    configMaps: [],
  });
}
