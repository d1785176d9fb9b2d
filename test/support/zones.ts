/**
 * A cluster of nodes in zones with pods of one Deployment behind one Service, without EndpointSlices: they are derived
 * from the pods, hints included. Node `zone-a-1` has pod CIDR 10.180.1.0/24 and so on.
 */
import { readSnapshot, type Snapshot } from '../../src/cluster/read-snapshot.js';

export interface ZonesOptions {
  /** Pods per zone, in the order a, b, c … */
  readonly pods: readonly number[];
  readonly annotations?: Record<string, string>;
  readonly spec?: Record<string, unknown>;
  readonly version?: string;
  readonly cpu?: readonly string[];
  /** Further objects. */
  readonly more?: readonly unknown[];
}

function zoneName(index: number): string {
  return `zone-${String.fromCharCode(97 + index)}`;
}

export function zonesList(options: ZonesOptions): { kind: 'List'; apiVersion: 'v1'; items: unknown[] } {
  const labels = { app: 'web', 'pod-template-hash': 'h1' };
  const items: unknown[] = [];
  for (const [index, count] of options.pods.entries()) {
    const zone = zoneName(index);
    const node = `${zone}-1`;
    items.push({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name: node,
        creationTimestamp: '2026-01-01T00:00:00Z',
        labels: { 'kubernetes.io/hostname': node, 'topology.kubernetes.io/zone': zone },
      },
      spec: { podCIDR: `10.180.${index + 1}.0/24`, podCIDRs: [`10.180.${index + 1}.0/24`] },
      status: {
        addresses: [{ type: 'InternalIP', address: `10.0.0.${index + 1}` }],
        allocatable: { cpu: options.cpu?.[index] ?? '4', memory: '16Gi', pods: '110' },
        conditions: [{ type: 'Ready', status: 'True' }],
        nodeInfo: { kubeletVersion: `v${options.version ?? '1.30.5'}`, operatingSystem: 'linux' },
      },
    });
    for (let pod = 1; pod <= count; pod++) {
      items.push({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          name: `web-h1-${zone}-${pod}`,
          namespace: 'default',
          uid: `00000000-0000-0000-0000-${String(index).padStart(6, '0')}${String(pod).padStart(6, '0')}`,
          creationTimestamp: '2026-01-01T00:00:00Z',
          labels,
          ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-h1', uid: 'rs', controller: true }],
        },
        spec: { nodeName: node, containers: [{ name: 'web', ports: [{ containerPort: 8080, protocol: 'TCP' }] }] },
        status: {
          phase: 'Running',
          podIP: `10.180.${index + 1}.${pod + 1}`,
          podIPs: [{ ip: `10.180.${index + 1}.${pod + 1}` }],
          conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:10Z' }],
        },
      });
    }
  }
  const total = options.pods.reduce((sum, count) => sum + count, 0);
  const selector = { matchLabels: { app: 'web' } };
  const template = {
    metadata: { labels },
    spec: { containers: [{ name: 'web', ports: [{ containerPort: 8080, protocol: 'TCP' }] }] },
  };
  items.push(
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace: 'default', uid: 'deploy' },
      spec: { replicas: total, selector, template },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: 'web-h1',
        namespace: 'default',
        uid: 'rs',
        labels,
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'deploy', controller: true }],
      },
      spec: { replicas: total, selector: { matchLabels: labels }, template },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace: 'default', annotations: options.annotations ?? {} },
      spec: {
        type: 'ClusterIP',
        clusterIP: '172.30.0.1',
        clusterIPs: ['172.30.0.1'],
        ipFamilies: ['IPv4'],
        selector: { app: 'web' },
        sessionAffinity: 'None',
        ports: [{ port: 80, protocol: 'TCP', targetPort: 8080 }],
        ...options.spec,
      },
    },
    ...(options.more ?? []),
  );
  return { kind: 'List', apiVersion: 'v1', items };
}

export function zones(options: ZonesOptions): Snapshot {
  return readSnapshot({ inline: zonesList(options) });
}
