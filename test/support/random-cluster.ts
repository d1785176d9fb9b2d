/**
 * Small clusters by fast-check: nodes of several versions and zones, one Service in any dress, endpoints in any state.
 */
import fc from 'fast-check';
import { readSnapshot, type Snapshot } from '../../src/cluster/read-snapshot.js';

interface RandomEndpoint {
  /** Node by index; beyond the nodes: an address outside of the cluster, without node. */
  readonly on: number;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly zones: readonly string[];
}

export interface RandomCluster {
  readonly nodes: readonly { readonly zone: string | undefined; readonly version: string }[];
  readonly endpoints: readonly RandomEndpoint[];
  readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer';
  readonly internal: 'Cluster' | 'Local';
  readonly external: 'Cluster' | 'Local';
  readonly affinity: boolean;
  readonly hinted: boolean;
  readonly detectLocalMode: 'ClusterCIDR' | 'NodeCIDR' | 'None';
  readonly sourceRanges: readonly string[];
}

const MINORS = [20, 22, 23, 24, 25, 26, 28, 30, 32, 34, 36];

const endpoint = fc.record({
  on: fc.nat({ max: 4 }),
  ready: fc.boolean(),
  serving: fc.boolean(),
  terminating: fc.boolean(),
  zones: fc.uniqueArray(fc.constantFrom('a', 'b'), { minLength: 1 }),
});

export const randomCluster: fc.Arbitrary<RandomCluster> = fc
  .record({
    nodes: fc.array(
      fc.record({
        zone: fc.constantFrom('a', 'a', 'b', undefined),
        version: fc.constantFrom(...MINORS).map((minor) => `1.${minor}.${minor === 22 ? 1 : 0}`),
      }),
      { minLength: 1, maxLength: 4 },
    ),
    sameVersion: fc.boolean(),
    endpoints: fc.array(endpoint, { maxLength: 6 }),
    mostlyReady: fc.boolean(),
    type: fc.constantFrom('ClusterIP' as const, 'NodePort' as const, 'LoadBalancer' as const),
    internal: fc.constantFrom('Cluster' as const, 'Cluster' as const, 'Local' as const),
    external: fc.constantFrom('Cluster' as const, 'Local' as const),
    affinity: fc.boolean(),
    hinted: fc.boolean(),
    detectLocalMode: fc.constantFrom('ClusterCIDR' as const, 'NodeCIDR' as const, 'None' as const),
    sourceRanges: fc.constantFrom([], ['203.0.113.0/24'], ['198.51.100.0/24']),
  })
  .map(({ nodes, sameVersion, endpoints, mostlyReady, ...rest }) => ({
    ...rest,
    nodes: nodes.map((node) => (sameVersion ? { ...node, version: (nodes[0] as typeof node).version } : node)),
    endpoints: endpoints.map((entry) =>
      mostlyReady ? { ...entry, ready: true, serving: true, terminating: false } : entry,
    ),
  }));

const endpointAddress = (index: number, { on }: RandomEndpoint, nodes: number): string =>
  on < nodes ? `10.180.${on + 1}.${10 + index}` : `198.18.0.${10 + index}`;

/** The cluster as a snapshot: nodes `node-1` …, Service `default/svc` at 172.30.0.1:80, node port 30001. */
export function snapshotOf(cluster: RandomCluster): Snapshot {
  const metadata = (name: string, labels: Record<string, string> = {}) => ({ name, namespace: 'default', labels });
  const nodes = cluster.nodes.map(({ zone, version }, index) => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: `node-${index + 1}`,
      labels: zone === undefined ? {} : { 'topology.kubernetes.io/zone': zone },
    },
    spec: { podCIDR: `10.180.${index + 1}.0/24`, podCIDRs: [`10.180.${index + 1}.0/24`] },
    status: {
      addresses: [{ type: 'InternalIP', address: `10.0.0.${index + 1}` }],
      conditions: [{ type: 'Ready', status: 'True' }],
      nodeInfo: { kubeletVersion: `v${version}`, kubeProxyVersion: `v${version}`, operatingSystem: 'linux' },
    },
  }));
  const exposed = cluster.type !== 'ClusterIP';
  const balanced = cluster.type === 'LoadBalancer';
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata('svc'),
    spec: {
      type: cluster.type,
      clusterIP: '172.30.0.1',
      clusterIPs: ['172.30.0.1'],
      ipFamilies: ['IPv4'],
      internalTrafficPolicy: cluster.internal,
      sessionAffinity: cluster.affinity ? 'ClientIP' : 'None',
      ports: [{ port: 80, targetPort: 8080, protocol: 'TCP', ...(exposed ? { nodePort: 30001 } : {}) }],
      ...(exposed ? { externalTrafficPolicy: cluster.external } : {}),
      ...(balanced && cluster.external === 'Local' ? { healthCheckNodePort: 31500 } : {}),
      ...(balanced ? { loadBalancerSourceRanges: cluster.sourceRanges } : {}),
    },
    status: balanced ? { loadBalancer: { ingress: [{ ip: '203.0.113.200' }] } } : { loadBalancer: {} },
  };
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: metadata('svc-1', { 'kubernetes.io/service-name': 'svc' }),
    addressType: 'IPv4',
    ports: [{ name: '', port: 8080, protocol: 'TCP' }],
    endpoints: cluster.endpoints.map((entry, index) => ({
      addresses: [endpointAddress(index, entry, cluster.nodes.length)],
      conditions: { ready: entry.ready, serving: entry.serving, terminating: entry.terminating },
      ...(entry.on < cluster.nodes.length ? { nodeName: `node-${entry.on + 1}` } : {}),
      ...(cluster.hinted ? { hints: { forZones: entry.zones.map((name) => ({ name })) } } : {}),
    })),
  };
  return readSnapshot({ inline: { apiVersion: 'v1', kind: 'List', items: [...nodes, service, slice] } });
}

export const settingsOf = (cluster: RandomCluster) => ({
  kubeProxy: { detectLocalMode: cluster.detectLocalMode, clusterCIDR: '10.180.0.0/16' },
});

/** How the Service of this cluster can be addressed. */
export function waysOf(cluster: RandomCluster): readonly ('CLUSTER_IP' | 'NODE_PORT' | 'LOAD_BALANCER')[] {
  if (cluster.type === 'ClusterIP') return ['CLUSTER_IP'];
  return cluster.type === 'NodePort' ? ['CLUSTER_IP', 'NODE_PORT'] : ['CLUSTER_IP', 'NODE_PORT', 'LOAD_BALANCER'];
}
