/**
 * The path matrix: who reaches what, with which source address, row by row: pods, host processes and outside clients
 * against every door of a Service, in iptables mode. The bridge of node-N is 10.180.N.1, the node 10.0.0.N.
 */
import type { Destination, QuestionRequest, Source } from '../../src/contract/requests.js';
import type { LabService } from './lab.js';

export interface MatrixRow {
  readonly name: string;
  readonly service: LabService;
  readonly source: Source;
  readonly destination: Destination;
  /**
   * `DELIVERED`, `DROPPED/NO_LOCAL_ENDPOINTS` … : the set of all outcomes, endpoint by address with the source it sees.
   */
  readonly expect: readonly string[];
  readonly settings?: QuestionRequest['settings'];
  readonly versions?: readonly string[];
}

export const SINCE_125 = [
  '1.25.4',
  '1.26.0',
  '1.27.1',
  '1.28.3',
  '1.29.1',
  '1.30.5',
  '1.31.14',
  '1.32.13',
  '1.33.13',
  '1.34.9',
  '1.35.6',
  '1.36.2',
];
const ALL = ['1.20.2', '1.21.1', '1.22.0', '1.23.4', '1.24.3', ...SINCE_125];
const SINCE_124 = ['1.24.3', ...SINCE_125];
const UP_TO_123 = ['1.20.2', '1.21.1', '1.22.0', '1.23.4'];

const client: Source = { pod: 'default/client-1' };
const host: Source = { node: 'node-1' };
const outside: Source = { external: { address: '198.51.100.9', entersAt: 'node-1' } };
const to = (via?: 'CLUSTER_IP' | 'NODE_PORT' | 'EXTERNAL_IP' | 'LOAD_BALANCER', node?: string): Destination => ({
  service: { namespace: 'default', name: 'svc', ...(via ? { via } : {}), ...(node ? { node } : {}) },
});

const nodePort = (policy: string, endpoints?: LabService['endpoints']): LabService => ({
  spec: { type: 'NodePort', externalTrafficPolicy: policy, ports: [{ port: 80, targetPort: 8080, nodePort: 30001 }] },
  ...(endpoints ? { endpoints } : {}),
});
const balanced = (
  policy: string,
  more: Record<string, unknown> = {},
  endpoints?: LabService['endpoints'],
): LabService => ({
  spec: {
    type: 'LoadBalancer',
    externalTrafficPolicy: policy,
    ports: [{ port: 80, targetPort: 8080, nodePort: 30001 }],
    ...(policy === 'Local' ? { healthCheckNodePort: 31500 } : {}),
    ...more,
  },
  status: { loadBalancer: { ingress: [{ ip: '203.0.113.10' }] } },
  ...(endpoints ? { endpoints } : {}),
});
const external = (policy?: string, endpoints?: LabService['endpoints']): LabService => ({
  spec: {
    type: policy ? 'NodePort' : 'ClusterIP',
    externalIPs: ['198.51.100.80'],
    ...(policy ? { externalTrafficPolicy: policy, ports: [{ port: 80, targetPort: 8080, nodePort: 30001 }] } : {}),
  },
  ...(endpoints ? { endpoints } : {}),
});
const internalLocal = (endpoints: LabService['endpoints']): LabService => ({
  spec: { internalTrafficPolicy: 'Local' },
  endpoints: endpoints ?? [],
});
const each = (seen: (on: number) => string, on: readonly number[] = [1, 2, 3]) =>
  on.map((index) => `DELIVERED 10.180.${index}.2 sees ${seen(index)}`);
/** Masqueraded on a node: the bridge address for its own pods, else the node's. */
const from = (at: number) => (on: number) => (on === at ? `10.180.${at}.1` : `10.0.0.${at}`);
const NODE_CIDR = { kubeProxy: { detectLocalMode: 'NodeCIDR' as const } };
const BRIDGE = { kubeProxy: { detectLocalMode: 'BridgeInterface' as const, detectLocal: { bridgeInterface: 'cbr0' } } };
const NO_DETECTOR = { kubeProxy: { detectLocalMode: 'None' as const } };

export const MATRIX: readonly MatrixRow[] = [
  {
    name: 'pod → pod on its node',
    service: {},
    source: client,
    destination: { pod: 'default/web-1', port: 8080 },
    expect: ['DELIVERED 10.180.1.2 sees 10.180.1.9'],
    versions: ALL,
  },
  {
    name: 'pod → pod elsewhere',
    service: {},
    source: client,
    destination: { pod: 'default/web-3', port: 8080 },
    expect: ['DELIVERED 10.180.3.2 sees 10.180.1.9'],
    versions: ALL,
  },
  {
    name: 'pod → ClusterIP',
    service: {},
    source: client,
    destination: to(),
    expect: each(() => '10.180.1.9'),
    versions: ALL,
  },
  {
    name: 'pod → ClusterIP, itself the endpoint',
    service: { endpoints: [1] },
    source: { pod: 'default/web-1' },
    destination: to(),
    expect: ['DELIVERED 10.180.1.2 sees 10.180.1.1'],
    versions: ALL,
  },
  {
    name: 'pod → ClusterIP, no endpoints',
    service: { endpoints: [] },
    source: client,
    destination: to(),
    expect: ['REJECTED/NO_ENDPOINTS'],
    versions: ALL,
  },
  {
    name: 'pod → ClusterIP, internal Local, none here',
    service: internalLocal([2, 3]),
    source: client,
    destination: to(),
    expect: ['DROPPED/NO_LOCAL_ENDPOINTS'],
    versions: SINCE_125,
  },
  {
    name: 'pod → ClusterIP, internal Local, none here, up to 1.23 a missing local endpoint is taken for none at all',
    service: internalLocal([2, 3]),
    source: client,
    destination: to(),
    expect: ['REJECTED/NO_ENDPOINTS'],
    versions: ['1.22.0', '1.23.4'],
  },
  {
    name: 'pod → ClusterIP, internal Local, one here',
    service: internalLocal([1, 2]),
    source: client,
    destination: to(),
    expect: ['DELIVERED 10.180.1.2 sees 10.180.1.9'],
    versions: ['1.22.0', '1.23.4', ...SINCE_124],
  },
  {
    name: 'pod → ClusterIP, internal Local, itself the endpoint',
    service: internalLocal([1]),
    source: { pod: 'default/web-1' },
    destination: to(),
    expect: ['DELIVERED 10.180.1.2 sees 10.180.1.1'],
    versions: SINCE_124,
  },
  {
    name: 'pod → ClusterIP, a port it does not have',
    service: {},
    source: client,
    destination: { service: { namespace: 'default', name: 'svc', port: 81 } },
    expect: ['UNREACHABLE/NO_RULE'],
    versions: ALL,
  },
  {
    name: 'pod → own node port, Cluster',
    service: nodePort('Cluster'),
    source: client,
    destination: to('NODE_PORT'),
    expect: each(from(1)),
    versions: ALL,
  },
  {
    name: 'pod → other node port, Cluster',
    service: nodePort('Cluster'),
    source: client,
    destination: to('NODE_PORT', 'node-2'),
    expect: each(from(2)),
    versions: ALL,
  },
  {
    name: 'pod → own node port, Local, none here',
    service: nodePort('Local', [2, 3]),
    source: client,
    destination: to('NODE_PORT'),
    expect: each(() => '10.180.1.9', [2, 3]),
    versions: ALL,
  },
  {
    name: 'pod → other node port, Local, one there',
    service: nodePort('Local', [2]),
    source: client,
    destination: to('NODE_PORT', 'node-2'),
    expect: ['DELIVERED 10.180.2.2 sees 10.180.1.9'],
    versions: ALL,
  },
  {
    name: 'pod → other node port, Local, endpoint elsewhere, ClusterCIDR',
    service: nodePort('Local', [3]),
    source: client,
    destination: to('NODE_PORT', 'node-2'),
    expect: ['DROPPED/REPLY_LOST'],
    versions: ALL,
  },
  {
    name: 'pod → other node port, Local, endpoint elsewhere, NodeCIDR',
    service: nodePort('Local', [3]),
    source: client,
    destination: to('NODE_PORT', 'node-2'),
    expect: ['DROPPED/NO_LOCAL_ENDPOINTS'],
    settings: NODE_CIDR,
    versions: SINCE_125,
  },
  {
    name: 'pod → other node port, Local, endpoint elsewhere, BridgeInterface',
    service: nodePort('Local', [3]),
    source: client,
    destination: to('NODE_PORT', 'node-2'),
    expect: ['DROPPED/NO_LOCAL_ENDPOINTS'],
    settings: BRIDGE,
    versions: SINCE_125,
  },
  {
    name: 'pod → external IP, Cluster',
    service: external(),
    source: client,
    destination: to('EXTERNAL_IP'),
    expect: each(from(1)),
    versions: SINCE_124,
  },
  {
    name: 'pod → external IP, Cluster, marked only from outside',
    service: external(),
    source: client,
    destination: to('EXTERNAL_IP'),
    expect: each(() => '10.180.1.9'),
    versions: ['1.21.1', '1.22.0', '1.23.4'],
  },
  {
    name: 'pod → external IP, Cluster, not captured behind a bridge',
    service: external(),
    source: client,
    destination: to('EXTERNAL_IP'),
    expect: ['UNREACHABLE/NO_RULE'],
    versions: ['1.20.2'],
  },
  {
    name: 'pod → load balancer, Cluster',
    service: balanced('Cluster'),
    source: client,
    destination: to('LOAD_BALANCER'),
    expect: each(from(1)),
    versions: ALL,
  },
  {
    name: 'pod → load balancer, Local, none here',
    service: balanced('Local', {}, [2, 3]),
    source: client,
    destination: to('LOAD_BALANCER'),
    expect: each(() => '10.180.1.9', [2, 3]),
    versions: ALL,
  },
  {
    name: 'pod → load balancer, Local, no detector, none here',
    service: balanced('Local', {}, [2, 3]),
    source: client,
    destination: to('LOAD_BALANCER'),
    expect: ['DROPPED/NO_LOCAL_ENDPOINTS'],
    settings: NO_DETECTOR,
    versions: SINCE_125,
  },
  {
    name: 'pod → load balancer, source ranges without it',
    service: balanced('Cluster', { loadBalancerSourceRanges: ['192.0.2.0/24'] }),
    source: client,
    destination: to('LOAD_BALANCER'),
    expect: ['DROPPED/FIREWALLED'],
    versions: SINCE_125,
  },
  {
    name: 'pod → load balancer, no endpoints',
    service: balanced('Cluster', {}, []),
    source: client,
    destination: to('LOAD_BALANCER'),
    expect: ['REJECTED/NO_ENDPOINTS'],
    versions: ALL,
  },
  {
    name: 'pod → its own loopback',
    service: nodePort('Cluster'),
    source: client,
    destination: { address: '127.0.0.1', port: 30001 },
    expect: ['REJECTED/HOST_REFUSED'],
    versions: ALL,
  },
  { name: 'host → ClusterIP', service: {}, source: host, destination: to(), expect: each(from(1)), versions: ALL },
  {
    name: 'host → ClusterIP, internal Local, none here',
    service: internalLocal([2, 3]),
    source: host,
    destination: to(),
    expect: ['DROPPED/NO_LOCAL_ENDPOINTS'],
    versions: SINCE_125,
  },
  {
    name: 'host → ClusterIP, no endpoints',
    service: { endpoints: [] },
    source: host,
    destination: to(),
    expect: ['REJECTED/NO_ENDPOINTS'],
    versions: ALL,
  },
  {
    name: 'host → load balancer, Local, none here',
    service: balanced('Local', {}, [2, 3]),
    source: host,
    destination: to('LOAD_BALANCER'),
    expect: each(from(1), [2, 3]),
    versions: ALL,
  },
  {
    name: 'host → external IP, Local, none here',
    service: external('Local', [2, 3]),
    source: host,
    destination: to('EXTERNAL_IP'),
    expect: each(from(1), [2, 3]),
    versions: SINCE_124,
  },
  {
    name: 'host → own node port, Local, none here',
    service: nodePort('Local', [2, 3]),
    source: host,
    destination: to('NODE_PORT'),
    expect: each(from(1), [2, 3]),
    versions: ALL,
  },
  {
    name: 'host → other node port, Local, none there',
    service: nodePort('Local', [3]),
    source: host,
    destination: to('NODE_PORT', 'node-2'),
    expect: ['DROPPED/NO_LOCAL_ENDPOINTS'],
    versions: ALL,
  },
  {
    name: 'host → 127.0.0.1 node port',
    service: nodePort('Cluster'),
    source: host,
    destination: { address: '127.0.0.1', port: 30001 },
    expect: each(from(1)),
    versions: ALL,
  },
  {
    name: 'host → 127.0.0.1 node port, localhostNodePorts off',
    service: nodePort('Cluster'),
    source: host,
    destination: { address: '127.0.0.1', port: 30001 },
    expect: ['REJECTED/HOST_REFUSED'],
    settings: { kubeProxy: { iptables: { localhostNodePorts: false } } },
    versions: ['1.26.0', '1.30.5', '1.36.2'],
  },
  {
    name: 'host → load balancer, ranges without the node',
    service: balanced('Cluster', { loadBalancerSourceRanges: ['192.0.2.0/24'] }),
    source: host,
    destination: to('LOAD_BALANCER'),
    expect: ['DROPPED/FIREWALLED'],
    versions: SINCE_125,
  },
  {
    name: 'outside → node port, Cluster',
    service: nodePort('Cluster'),
    source: outside,
    destination: to('NODE_PORT'),
    expect: each(from(1)),
    versions: ALL,
  },
  {
    name: 'outside → node port, Local, one here',
    service: nodePort('Local', [1, 2]),
    source: outside,
    destination: to('NODE_PORT'),
    expect: ['DELIVERED 10.180.1.2 sees 198.51.100.9'],
    versions: ALL,
  },
  {
    name: 'outside → node port, Local, none here',
    service: nodePort('Local', [2, 3]),
    source: outside,
    destination: to('NODE_PORT'),
    expect: ['DROPPED/NO_LOCAL_ENDPOINTS'],
    versions: ALL,
  },
  {
    name: 'outside → node port, Local, none here, without kubelet’s half of the drop',
    service: nodePort('Local', [2, 3]),
    source: outside,
    destination: to('NODE_PORT'),
    expect: ['REJECTED/HOST_REFUSED'],
    settings: { kubelet: false },
    versions: ['1.20.2', '1.23.4', '1.24.3'],
  },
  {
    name: 'outside → node port, no endpoints',
    service: nodePort('Cluster', []),
    source: outside,
    destination: to('NODE_PORT'),
    expect: ['REJECTED/NO_ENDPOINTS'],
    versions: ALL,
  },
  {
    name: 'outside → load balancer address at the node, Cluster',
    service: balanced('Cluster'),
    source: outside,
    destination: to('LOAD_BALANCER'),
    expect: each(from(1)),
    versions: ALL,
  },
  {
    name: 'outside → load balancer address at the node, Local',
    service: balanced('Local', {}, [1, 2]),
    source: outside,
    destination: to('LOAD_BALANCER'),
    expect: ['DELIVERED 10.180.1.2 sees 198.51.100.9'],
    versions: ALL,
  },
  {
    name: 'outside → load balancer address, Local, none here',
    service: balanced('Local', {}, [2]),
    source: outside,
    destination: to('LOAD_BALANCER'),
    expect: ['DROPPED/NO_LOCAL_ENDPOINTS'],
    versions: SINCE_125,
  },
  {
    name: 'outside → load balancer address, Local, none here, forwarded past kubelet’s drop',
    service: balanced('Local', {}, [2]),
    source: outside,
    destination: to('LOAD_BALANCER'),
    expect: ['UNREACHABLE/NO_RULE'],
    versions: [...UP_TO_123, '1.24.3'],
  },
  {
    name: 'outside → load balancer address, ranges without it',
    service: balanced('Cluster', { loadBalancerSourceRanges: ['192.0.2.0/24'] }),
    source: outside,
    destination: to('LOAD_BALANCER'),
    expect: ['DROPPED/FIREWALLED'],
    versions: SINCE_125,
  },
  {
    name: 'outside → its node port is not restricted',
    service: balanced('Cluster', { loadBalancerSourceRanges: ['192.0.2.0/24'] }),
    source: outside,
    destination: to('NODE_PORT'),
    expect: each(from(1)),
    versions: ALL,
  },
  {
    name: 'outside → ClusterIP routed to a node',
    service: {},
    source: outside,
    destination: to(),
    expect: each(from(1)),
    versions: ALL,
  },
  {
    name: 'health check of the load balancer',
    service: balanced('Local'),
    source: outside,
    destination: { address: '10.0.0.1', port: 31500 },
    expect: ['DELIVERED 10.0.0.1 sees 198.51.100.9'],
    versions: ALL,
  },
  {
    name: 'kube-proxy’s own health port',
    service: balanced('Cluster'),
    source: outside,
    destination: { address: '10.0.0.1', port: 10256 },
    expect: ['DELIVERED 10.0.0.1 sees 198.51.100.9'],
    versions: ALL,
  },
  {
    name: 'a node port that nobody has',
    service: nodePort('Cluster'),
    source: outside,
    destination: { address: '10.0.0.1', port: 30002 },
    expect: ['REJECTED/HOST_REFUSED'],
    versions: ALL,
  },
  {
    name: 'outside → pod, by a node that its replies do not pass: TCP opens and falls silent',
    service: {},
    source: outside,
    destination: { pod: 'default/web-2', port: 8080 },
    expect: ['DROPPED/INVALID_STATE'],
    versions: ALL,
  },
  {
    name: 'the same where connection tracking is liberal: no rule drops what is INVALID',
    service: {},
    source: outside,
    destination: { pod: 'default/web-2', port: 8080 },
    expect: ['DELIVERED 10.180.2.2 sees 198.51.100.9'],
    settings: { kernel: { tcpBeLiberal: true } },
    versions: ['1.29.1', '1.30.5', '1.36.2'],
  },
  {
    name: 'pod → other node port, back to itself over the wire, hairpin off',
    service: nodePort('Cluster', [1]),
    source: { pod: 'default/web-1' },
    destination: to('NODE_PORT', 'node-2'),
    settings: { network: { hairpin: false } },
    expect: ['DELIVERED 10.180.1.2 sees 10.0.0.2'],
    versions: ALL,
  },
  {
    name: 'pod → ClusterIP, itself the endpoint, hairpin off',
    service: { endpoints: [1] },
    source: { pod: 'default/web-1' },
    destination: to(),
    settings: { network: { hairpin: false } },
    expect: ['DROPPED/POLICY'],
    versions: ALL,
  },
];
