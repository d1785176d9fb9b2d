/**
 * Clusters of zones with several nodes each, and Services whose rules, or whose load balancer, differ from node to
 * node.
 */
import { readSnapshot, type Snapshot } from '../../src/cluster/read-snapshot.js';
import type { Clients, QuestionRequest } from '../../src/contract/requests.js';
import { zonesList } from './zones.js';

const WEB = { namespace: 'default', name: 'web' };
export const SCALE = { kind: 'Deployment', ...WEB } as const;
export const AT = '2026-11-22T12:00:00Z';

interface Item {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Record<string, string> };
  readonly spec: { readonly podCIDR: string };
  readonly status: Record<string, unknown>;
}

/** A cluster of zones with several nodes each. */
export function clusterOf(options: {
  readonly pods: readonly number[];
  readonly nodesPerZone: number;
  readonly room: number;
  readonly version: string;
  readonly spec: Record<string, unknown>;
  readonly annotations: Record<string, string>;
}): Snapshot {
  const { nodesPerZone, room, status, ...rest } = {
    ...options,
    status: { loadBalancer: { ingress: [{ ip: '203.0.113.80' }] } },
  };
  const list = zonesList(rest);
  const items = (list.items as Item[]).flatMap((item, index): unknown[] => {
    if (item.kind === 'Service') return [{ ...item, status }];
    if (item.kind !== 'Node') return [item];
    const allocatable = { cpu: '4', memory: '16Gi', pods: String(room) };
    const first = { ...item, status: { ...item.status, allocatable } };
    const more = Array.from({ length: nodesPerZone - 1 }, (_, number) => {
      const name = `${item.metadata.name}-${number + 2}`;
      const podCIDR = `10.${190 + number}.${index}.0/24`;
      return {
        ...first,
        metadata: { ...item.metadata, name, labels: { ...item.metadata.labels, 'kubernetes.io/hostname': name } },
        spec: { podCIDR, podCIDRs: [podCIDR] },
        status: { ...first.status, addresses: [{ type: 'InternalIP', address: `10.1.${number}.${index + 1}` }] },
      };
    });
    return [first, ...more];
  });
  return readSnapshot({ inline: { kind: 'List', items } });
}

const ports = [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 8080, nodePort: 30080 }];
const BALANCED = { type: 'LoadBalancer', ports };

export interface Kind {
  readonly spec: Record<string, unknown>;
  readonly annotations?: Record<string, string>;
  readonly via?: 'NODE_PORT';
  readonly clients?: Clients;
  readonly implementation?: string;
}

export const KINDS: readonly Kind[] = [
  { spec: { trafficDistribution: 'PreferClose' } },
  { spec: { trafficDistribution: 'PreferClose' }, clients: { nodes: { from: 'HOST' } } },
  { spec: { trafficDistribution: 'PreferSameZone' } },
  { spec: { trafficDistribution: 'PreferSameNode' } },
  { spec: {}, annotations: { 'service.kubernetes.io/topology-mode': 'Auto' } },
  { spec: { internalTrafficPolicy: 'Local' } },
  { spec: { internalTrafficPolicy: 'Local', trafficDistribution: 'PreferClose' } },
  { spec: { type: 'NodePort', externalTrafficPolicy: 'Local', ports }, via: 'NODE_PORT', clients: { external: {} } },
  {
    spec: { type: 'NodePort', externalTrafficPolicy: 'Cluster', trafficDistribution: 'PreferClose', ports },
    via: 'NODE_PORT',
    clients: { external: {} },
  },
  ...['generic', 'gke-external-passthrough', 'aws-nlb', 'azure', 'metallb-bgp', 'octavia'].flatMap(
    (implementation): Kind[] => [
      {
        spec: { ...BALANCED, externalTrafficPolicy: 'Local', healthCheckNodePort: 32000 },
        clients: { loadBalancer: {} },
        implementation,
      },
      {
        spec: { ...BALANCED, externalTrafficPolicy: 'Cluster', trafficDistribution: 'PreferClose' },
        clients: { loadBalancer: {} },
        implementation,
      },
    ],
  ),
];

export const asked = ({ via, clients }: Kind) => ({
  services: [{ ...WEB, ...(via === undefined ? {} : { via }) }],
  ...(clients === undefined ? {} : { clients }),
});
export const settingsOf = ({ implementation }: Kind): QuestionRequest =>
  implementation === undefined ? {} : ({ settings: { loadBalancer: { implementation } } } as QuestionRequest);
