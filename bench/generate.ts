import type { KubernetesObject } from '../src/cluster/objects.js';

/** How large a generated snapshot is. */
export interface Size {
  readonly services: number;
  readonly endpointsPerService: number;
  readonly nodes: number;
}

/** The sizes that measurements are made with, by name. */
export const SIZES: Readonly<Record<string, Size>> = {
  's1000-e10': { services: 1000, endpointsPerService: 10, nodes: 50 },
  's10000-e10': { services: 10_000, endpointsPerService: 10, nodes: 500 },
  's5000-e50': { services: 5000, endpointsPerService: 50, nodes: 1000 },
  /** About 100 MB of JSON. */
  's40000-e10': { services: 40_000, endpointsPerService: 10, nodes: 500 },
};

const ZONES = ['europe-west4-a', 'europe-west4-b', 'europe-west4-c'];

/** Dotted decimal of a number. */
function dotted(bits: number): string {
  return [bits >>> 24, (bits >>> 16) & 255, (bits >>> 8) & 255, bits & 255].join('.');
}

function nodes(count: number): KubernetesObject[] {
  return Array.from({ length: count }, (_, n) => ({
    apiVersion: 'v1',
    kind: 'Node' as const,
    metadata: {
      name: `node-${n + 1}`,
      labels: {
        'kubernetes.io/hostname': `node-${n + 1}`,
        'topology.kubernetes.io/zone': ZONES[n % ZONES.length] as string,
      },
    },
    spec: { podCIDR: `${dotted(0x0a000000 + n * 256)}/24`, podCIDRs: [`${dotted(0x0a000000 + n * 256)}/24`] },
    status: {
      addresses: [
        { type: 'InternalIP', address: dotted(0xac120000 + n) },
        { type: 'Hostname', address: `node-${n + 1}` },
      ],
      nodeInfo: { kubeletVersion: 'v1.30.5' },
    },
  }));
}

function service(i: number): KubernetesObject {
  const type = i % 10 === 3 ? 'NodePort' : i % 20 === 7 ? 'LoadBalancer' : 'ClusterIP';
  const clusterIP = dotted(0x0ac80000 + i);
  return {
    kind: 'Service',
    metadata: { name: `svc-${i}`, namespace: `team-${i % 100}`, labels: { app: `svc-${i}` } },
    spec: {
      type,
      clusterIP,
      clusterIPs: [clusterIP],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      internalTrafficPolicy: 'Cluster',
      ...(type === 'ClusterIP' ? {} : { externalTrafficPolicy: 'Cluster' }),
      ports: [
        {
          name: 'http',
          port: 80,
          protocol: 'TCP',
          targetPort: 8080,
          ...(type === 'ClusterIP' ? {} : { nodePort: 30_000 + Math.floor(i / 10) * 2 + (i % 10 === 3 ? 0 : 1) }),
        },
      ],
      selector: { app: `svc-${i}` },
      ...(i % 20 === 11
        ? { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } } }
        : { sessionAffinity: 'None' }),
    },
    status: { loadBalancer: type === 'LoadBalancer' ? { ingress: [{ ip: dotted(0xcb007100 + i) }] } : {} },
  };
}

function slice(i: number, { endpointsPerService, nodes }: Size): KubernetesObject {
  return {
    kind: 'EndpointSlice',
    metadata: {
      name: `svc-${i}-00000`,
      namespace: `team-${i % 100}`,
      labels: { 'kubernetes.io/service-name': `svc-${i}` },
    },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: Array.from({ length: endpointsPerService }, (_, e) => {
      const pod = i * endpointsPerService + e;
      const node = pod % nodes;
      return {
        addresses: [dotted(0x0a000000 + node * 256 + 2 + Math.floor(pod / nodes))],
        conditions: { ready: true, serving: true, terminating: false },
        nodeName: `node-${node + 1}`,
        zone: ZONES[node % ZONES.length] as string,
      };
    }),
  };
}

/**
 * A snapshot of a cluster of this size, always the same: 10 % of the Services are NodePort, 5 % LoadBalancer, 5 % have
 * ClientIP affinity; one port and one slice each, pods spread over the nodes and the nodes over three zones.
 */
export function generateSnapshot(size: Size): { kind: 'List'; apiVersion: 'v1'; items: KubernetesObject[] } {
  const items = nodes(size.nodes);
  for (let i = 0; i < size.services; i++) items.push(service(i), slice(i, size));
  return { kind: 'List', apiVersion: 'v1', items };
}
