/** Small clusters by fast-check with many Services, most of them like others but for names and addresses. */
import fc from 'fast-check';
import type { Cluster } from '../../src/cluster/cluster.js';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { SettingsOverride } from '../../src/cluster/settings-override.js';
import { withEndpointSources } from '../../src/control-plane/endpoint-sources.js';

const rarely = fc.nat({ max: 9 }).map((drawn) => drawn === 0);

const nodeOf = fc.record({
  zone: fc.constantFrom('a', 'b', ''),
  version: fc.constantFrom('v1.30.5', 'v1.30.5', 'v1.30.5', 'v1.36.0'),
  down: rarely,
  cidr: fc.nat({ max: 9 }).map((drawn) => drawn > 0),
});

const endpointOf = fc.record({
  node: fc.nat({ max: 6 }),
  host: fc.integer({ min: 2, max: 12 }),
  pod: fc.constantFrom('NONE', 'NONE', 'RUNNING', 'RUNNING', 'UNREADY', 'PENDING'),
  ready: fc.nat({ max: 9 }).map((drawn) => drawn > 0),
  serving: fc.boolean(),
  hint: rarely,
  /** An address that another Service has, or one of no pod. */
  odd: fc.nat({ max: 30 }),
});

const serviceOf = fc.record({
  type: fc.constantFrom('ClusterIP', 'ClusterIP', 'NodePort', 'LoadBalancer'),
  sticky: rarely,
  local: rarely,
  external: fc.constantFrom('Cluster', 'Local'),
  topology: rarely,
  protocol: fc.constantFrom('TCP', 'TCP', 'TCP', 'UDP'),
  port: fc.constantFrom(80, 80, 53),
  target: fc.constantFrom(8080, 8080, 8443),
  sameAddress: rarely,
  externalIP: rarely,
  endpoints: fc.array(endpointOf, { maxLength: 5 }),
});

/** What most Services of a real cluster are: a law is found for them. */
function tamed({ endpoints, ...service }: Service): Service {
  return {
    ...service,
    ...{ local: false, topology: false, sameAddress: false, externalIP: false, port: 80, target: 8080 },
    endpoints: endpoints.map((endpoint) => ({
      ...endpoint,
      ...{ ready: endpoint.host > 2, hint: false, odd: 9 },
      pod: endpoint.pod === 'NONE' ? 'NONE' : 'RUNNING',
    })),
  };
}
type Service = typeof serviceOf extends fc.Arbitrary<infer T> ? T : never;

export const servicesAlike = fc.record({
  tame: fc.boolean(),
  nodes: fc.array(nodeOf, { minLength: 1, maxLength: 7 }),
  services: fc.array(serviceOf, { minLength: 4, maxLength: 14 }),
  mode: fc.constantFrom('iptables', 'iptables', 'nftables', 'ipvs'),
  scheduler: fc.constantFrom('rr', 'rr', 'sh', 'dh'),
  network: fc.constantFrom(
    {},
    {},
    { podNetwork: 'ROUTED' },
    { podMasquerade: [{ source: '10.0.0.0/8', exceptDestinations: ['10.1.0.0/16', '10.1.2.8/30'] }] },
    // Each node masquerades what pods of others send to its pods.
    { ipMasq: { writer: 'AGENT', nonMasqueradeCIDRs: ['10.0.0.0/24'] } },
  ),
  policy: fc.nat({ max: 20 }).map((drawn) => drawn === 0),
});
export type ServicesAlike = typeof servicesAlike extends fc.Arbitrary<infer T> ? T : never;

/** The objects of a snapshot; Services are `default/svc-N`, each with a port `http`. */
function itemsOf({ tame, nodes: some, services: wild, policy }: ServicesAlike): unknown[] {
  const services = tame ? wild.map(tamed) : wild;
  const nodes = tame ? some.map((node) => ({ ...node, version: 'v1.30.5', down: false, cidr: true })) : some;
  const items: unknown[] = nodes.map(({ zone, version, down, cidr }, n) => ({
    kind: 'Node',
    metadata: { name: `node-${n}`, labels: zone === '' ? {} : { 'topology.kubernetes.io/zone': zone } },
    spec: cidr ? { podCIDR: `10.1.${n}.0/24`, podCIDRs: [`10.1.${n}.0/24`] } : {},
    status: {
      addresses: [{ type: 'InternalIP', address: `172.18.0.${n + 2}` }],
      nodeInfo: { kubeletVersion: version },
      conditions: [{ type: 'Ready', status: down && n > 0 ? 'Unknown' : 'True' }],
    },
  }));
  const pods = new Map<string, unknown>();
  for (const [s, service] of services.entries()) {
    const { type, sticky, local, external, topology, protocol, port, target, sameAddress, externalIP } = service;
    const clusterIP = sameAddress ? '10.96.0.10' : `10.96.1.${s + 1}`;
    const metadata = { name: `svc-${s}`, namespace: 'default' };
    items.push({
      kind: 'Service',
      metadata: { ...metadata, annotations: topology ? { 'service.kubernetes.io/topology-mode': 'Auto' } : {} },
      spec: {
        ...{ type, clusterIP, clusterIPs: [clusterIP], ipFamilies: ['IPv4'] },
        sessionAffinity: sticky ? 'ClientIP' : 'None',
        internalTrafficPolicy: local ? 'Local' : 'Cluster',
        ...(type === 'ClusterIP' ? {} : { externalTrafficPolicy: external }),
        ...(externalIP ? { externalIPs: ['10.96.1.1'] } : {}),
        ports: [
          {
            name: 'http',
            port,
            protocol,
            targetPort: target,
            ...(type === 'ClusterIP' ? {} : { nodePort: 30000 + s }),
          },
        ],
        selector: { app: `svc-${s}` },
      },
      status: { loadBalancer: type === 'LoadBalancer' ? { ingress: [{ ip: `198.51.100.${s + 1}` }] } : {} },
    });
    const seen = new Set<string>();
    const endpoints = service.endpoints.flatMap(({ node, host, pod, ready, serving, hint, odd }) => {
      // Which node an odd address is on, all slices say alike; one is on a node that is not there.
      const n = odd > 2 ? node % nodes.length : odd === 2 ? 9 : 0;
      const address = odd === 0 ? '10.96.1.250' : odd === 1 ? '192.0.2.9' : `10.1.${n}.${host}`;
      if (seen.has(address)) return [];
      seen.add(address);
      const name = `pod-${address}`;
      if (pod !== 'NONE' && odd > 2)
        pods.set(name, {
          kind: 'Pod',
          metadata: { name, namespace: 'default', labels: { app: `svc-${s}` } },
          spec: { nodeName: `node-${n}`, containers: [{ name: 'app', ports: [{ containerPort: 8080 }] }] },
          status: {
            phase: pod === 'PENDING' ? 'Pending' : 'Running',
            podIP: address,
            conditions: [{ type: 'Ready', status: pod === 'UNREADY' ? 'False' : 'True' }],
          },
        });
      return [
        {
          addresses: [address],
          conditions: { ready, serving: ready || serving, terminating: !ready },
          nodeName: `node-${n}`,
          ...(hint ? { hints: { forZones: [{ name: 'a' }] } } : {}),
        },
      ];
    });
    items.push({
      kind: 'EndpointSlice',
      metadata: { name: `svc-${s}-0`, namespace: 'default', labels: { 'kubernetes.io/service-name': `svc-${s}` } },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: target, protocol }],
      endpoints,
    });
  }
  items.push(...pods.values());
  if (policy)
    items.push({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'deny', namespace: 'default' },
      spec: { podSelector: { matchLabels: { app: 'svc-0' } }, policyTypes: ['Ingress'] },
    });
  return items;
}

export function clusterOf(one: ServicesAlike): Cluster {
  const bytes = Buffer.from(JSON.stringify({ kind: 'List', items: itemsOf(one) }));
  return withEndpointSources(readSnapshot({ bytes }).cluster).cluster;
}

export function overrideOf({ network, mode, scheduler }: ServicesAlike): SettingsOverride {
  return {
    network,
    kubeProxy: { mode, clusterCIDR: '10.1.0.0/16', ipvs: { scheduler } },
    ...(mode === 'nftables' ? { kubernetesVersion: '1.34.0' } : {}),
  } as SettingsOverride;
}
