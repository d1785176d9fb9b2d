/**
 * A cluster behind a load balancer: nodes `n1`, `n2` … with pods of Deployment `default/web`, which the Service
 * `default/web` of type LoadBalancer publishes at 203.0.113.80, port 80, node port 30080.
 */
import { readSnapshot, type Snapshot } from '../../src/cluster/read-snapshot.js';

export const VIP = '203.0.113.80';
export const WEB = { namespace: 'default', name: 'web' };

export interface BalancedOptions {
  /** Pods by node; a node is made for each number. */
  readonly pods: readonly number[];
  /** Zone by node. */
  readonly zones?: readonly string[];
  readonly gke?: boolean;
  readonly version?: string;
  readonly policy?: 'Cluster' | 'Local';
  readonly spec?: Record<string, unknown>;
  readonly status?: Record<string, unknown>;
  readonly annotations?: Record<string, string>;
  /** Merged into the node of that name. */
  readonly node?: Readonly<Record<string, { labels?: Record<string, string>; taints?: unknown[]; ready?: string }>>;
  /** Conditions of endpoints, by address. */
  readonly endpoint?: Readonly<Record<string, Record<string, boolean>>>;
  readonly clusterCIDR?: string;
}

/** The address of a node's pod, both counted from 1. */
export const podAddress = (node: number, pod: number) => `10.${20 + (node >> 8)}.${node & 255}.${pod + 1}`;
export const nodeAddress = (node: number) => `10.0.${node >> 8}.${node & 255}`;

export function balancedList(options: BalancedOptions): { kind: 'List'; apiVersion: 'v1'; items: unknown[] } {
  const { pods, zones, gke, version = '1.30.5', policy = 'Cluster', spec, annotations, endpoint } = options;
  const nodes = pods.map((_, index) => {
    const name = `n${index + 1}`;
    const more = options.node?.[name];
    const zone = zones?.[index];
    const cidr = `${podAddress(index + 1, -1)}/24`;
    return {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name,
        labels: {
          'kubernetes.io/hostname': name,
          ...(zone === undefined ? {} : { 'topology.kubernetes.io/zone': zone }),
          ...(gke ? { 'cloud.google.com/gke-nodepool': 'pool-1' } : {}),
          ...more?.labels,
        },
      },
      spec: {
        podCIDR: cidr,
        podCIDRs: [cidr],
        ...(gke ? { providerID: `gce://project/${zone ?? 'zone'}/${name}` } : {}),
        ...(more?.taints === undefined ? {} : { taints: more.taints }),
      },
      status: {
        addresses: [{ type: 'InternalIP', address: nodeAddress(index + 1) }],
        allocatable: { cpu: '4', memory: '16Gi', pods: '110' },
        conditions: [{ type: 'Ready', status: more?.ready ?? 'True' }],
        nodeInfo: { kubeletVersion: `v${version}`, operatingSystem: 'linux' },
      },
    };
  });
  const placed = pods.flatMap((count, index) =>
    Array.from({ length: count }, (_, pod) => ({
      name: `web-${index + 1}-${pod + 1}`,
      node: `n${index + 1}`,
      address: podAddress(index + 1, pod + 1),
    })),
  );
  const makePod = (name: string, node: string, address: string, app: string) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', uid: `uid-${name}`, labels: { app } },
    spec: { nodeName: node, containers: [{ name: 'main', ports: [{ containerPort: 8080 }] }] },
    status: {
      phase: 'Running',
      podIP: address,
      podIPs: [{ ip: address }],
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  });
  return {
    kind: 'List',
    apiVersion: 'v1',
    items: [
      ...nodes,
      ...placed.map(({ name, node, address }) => makePod(name, node, address, 'web')),
      makePod('client', 'n1', podAddress(1, 98), 'client'),
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'kube-proxy', namespace: 'kube-system' },
        data: {
          'config.conf': `apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nclusterCIDR: ${options.clusterCIDR ?? '10.20.0.0/14'}\n`,
        },
      },
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { ...WEB, annotations: annotations ?? {} },
        spec: {
          type: 'LoadBalancer',
          clusterIP: '172.30.0.1',
          clusterIPs: ['172.30.0.1'],
          ipFamilies: ['IPv4'],
          selector: { app: 'web' },
          sessionAffinity: 'None',
          externalTrafficPolicy: policy,
          ...(policy === 'Local' ? { healthCheckNodePort: 32000 } : {}),
          ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 8080, nodePort: 30080 }],
          ...spec,
        },
        status: options.status ?? { loadBalancer: { ingress: [{ ip: VIP }] } },
      },
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: {
          name: 'web-1',
          namespace: 'default',
          labels: {
            'kubernetes.io/service-name': 'web',
            'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
          },
        },
        addressType: 'IPv4',
        ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
        endpoints: placed.map(({ name, node, address }) => ({
          addresses: [address],
          conditions: { ready: true, serving: true, terminating: false, ...endpoint?.[address] },
          nodeName: node,
          ...(zones === undefined ? {} : { zone: zones[Number(node.slice(1)) - 1] }),
          targetRef: { kind: 'Pod', namespace: 'default', name, uid: `uid-${name}` },
        })),
      },
    ],
  };
}

export function balanced(options: BalancedOptions): Snapshot {
  return readSnapshot({ inline: balancedList(options) });
}
