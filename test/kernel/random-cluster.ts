/** Random clusters for the kernel to run: what a seed makes is always the same. */

import type { IPFamily } from '../../src/base/address.js';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { SettingsOverride } from '../../src/cluster/settings-override.js';
import { SINCE_125 } from '../support/matrix-rows.js';
import type { Deployment } from './deploy.js';
import type { KubernetesObject, ObjectList } from './kernel-case.js';
import { nodeObject, podObject } from './objects.js';
import { inFamily } from './plant/families.js';
import { BRIDGE, nodeAddress, nodeName, numbers, outsideAddress, type PlantPod } from './plant/layout.js';
import type { RandomNumbers } from './random-numbers.js';
import { lacksNft } from './sandbox/missing.js';

const VERSIONS = ['1.20.2', '1.21.1', '1.22.0', '1.23.4', '1.24.3', ...SINCE_125];
const minorOf = (version: string) => Number(version.split('.')[1]);

/** The pods of a plant of so many nodes: two that Services may have as endpoints and one that has no part in any. */
export function podsOf(nodes: number): readonly PlantPod[] {
  return numbers(nodes).flatMap((node) =>
    (
      [
        ['a', 2],
        ['b', 3],
        ['client', 9],
      ] as const
    ).map(([name, address]) => ({
      name: `default/${name}-${node}`,
      node,
      address: `10.180.${node}.${address}`,
    })),
  );
}

export interface ServicePort {
  readonly name: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP';
  readonly targetPort: number;
  readonly nodePort?: number;
}

/** What questions about the cluster can name. */
export interface RandomService {
  readonly name: string;
  readonly families: readonly IPFamily[];
  /** As IPv4 has it, like the other addresses here. */
  readonly clusterIP: string;
  readonly headless: boolean;
  readonly ports: readonly ServicePort[];
  readonly externalIPs: readonly string[];
  readonly vips: readonly string[];
  readonly healthCheckNodePort?: number;
}

export interface RandomCluster extends Deployment {
  readonly version: string;
  readonly nodes: number;
  /** The primary one first. */
  readonly families: readonly IPFamily[];
  readonly hostPods: readonly number[];
  readonly services: readonly RandomService[];
  /** As a request has it. */
  readonly list: ObjectList;
  readonly settings: SettingsOverride;
}

const hasNft = lacksNft() === undefined;

function settingsFor(
  random: RandomNumbers,
  version: string,
  podNetwork: 'BRIDGE' | 'ROUTED',
  families: readonly IPFamily[],
): SettingsOverride {
  const networks = (...some: string[]) => families.flatMap((family) => some.map((each) => inFamily(family, each)));
  const minor = minorOf(version);
  const byInterface =
    podNetwork === 'BRIDGE'
      ? { detectLocalMode: 'BridgeInterface' as const, detectLocal: { bridgeInterface: BRIDGE } }
      : { detectLocalMode: 'InterfaceNamePrefix' as const, detectLocal: { interfaceNamePrefix: 'veth' } };
  const detector = random.one([
    { clusterCIDR: networks('10.180.0.0/16').join(',') },
    { clusterCIDR: networks('10.180.0.0/16').join(',') },
    { detectLocalMode: 'NodeCIDR' as const },
    { detectLocalMode: 'None' as const },
    minor >= 24 ? byInterface : {},
  ]);
  const addresses = random.one([[], [], [], ['10.0.0.0/24'], ['127.0.0.0/8', '10.0.0.0/24'], ['10.0.0.1/32']]);
  const masquerade = networks('10.180.0.0/16').map((source) => ({ source, exceptDestinations: [source] }));
  const nodePortAddresses = minor >= 27 && random.chance(0.1) ? ['primary'] : networks(...addresses);
  const masqueradeAll = random.chance(0.15);
  const masqueradeBit = random.chance(0.2) ? 10 : 14;
  const localhostNodePorts = !(minor >= 26 && random.chance(0.25));
  // Since 1.31 the mode is beta, and on by default.
  const mode = minor >= 31 && hasNft && random.chance(0.5) ? 'nftables' : 'iptables';
  return {
    kubernetesVersion: version,
    kubeProxy: {
      mode,
      nodePortAddresses,
      iptables: { masqueradeAll, masqueradeBit, localhostNodePorts },
      nftables: { masqueradeAll, masqueradeBit },
      ...detector,
    },
    network: {
      podNetwork,
      hairpin: podNetwork === 'ROUTED' || random.chance(0.8),
      forwardPolicy: random.chance(0.15) ? 'DROP' : 'ACCEPT',
      podMasquerade: random.chance(0.25) ? masquerade : [],
    },
    kernel: { tcpBeLiberal: random.chance(0.15) },
    kubelet: random.chance(0.85),
  };
}

function conditions(random: RandomNumbers) {
  const state = random.one(['READY', 'READY', 'READY', 'NOT_READY', 'DRAINING', 'ENDING'] as const);
  return {
    ready: state === 'READY',
    serving: state === 'READY' || state === 'DRAINING',
    terminating: state === 'DRAINING' || state === 'ENDING',
  };
}

function endpointObject(random: RandomNumbers, pod: PlantPod, zones: readonly string[], hinted: boolean) {
  const zone = zones[pod.node - 1];
  return {
    addresses: [pod.address],
    conditions: conditions(random),
    nodeName: nodeName(pod.node),
    targetRef: { kind: 'Pod', namespace: 'default', name: pod.name.split('/')[1] },
    ...(zone ? { zone } : {}),
    ...(hinted && zone ? { hints: { forZones: [{ name: random.chance(0.8) ? zone : random.one(zones) }] } } : {}),
  };
}

const RANGES = [
  ['198.18.0.0/16'],
  ['10.180.1.0/24'],
  ['10.180.0.0/16', '10.0.0.1/32'],
  ['192.0.2.0/24'],
  ['10.0.0.0/8'],
];

function serviceObjects(
  random: RandomNumbers,
  index: number,
  version: string,
  backends: readonly PlantPod[],
  zones: readonly string[],
  families: readonly IPFamily[],
): { readonly service: RandomService; readonly objects: readonly KubernetesObject[] } {
  const name = `svc-${index}`;
  const minor = minorOf(version);
  const type = random.one(['ClusterIP', 'ClusterIP', 'NodePort', 'LoadBalancer', 'LoadBalancer']);
  const headless = type === 'ClusterIP' && random.chance(0.1);
  const outside = type !== 'ClusterIP';
  const local = outside && random.chance(0.45);
  const withNodePorts = outside && !(type === 'LoadBalancer' && random.chance(0.1));
  const ports = numbers(random.integer(1, 2)).map(
    (at): ServicePort => ({
      name: `p${at}`,
      port: 79 + at,
      protocol: random.chance(0.75) ? 'TCP' : 'UDP',
      targetPort: random.one([8080, 8081]),
      ...(withNodePorts ? { nodePort: 30000 + index * 10 + at } : {}),
    }),
  );
  const externalIPs = !headless && random.chance(0.3) ? [`203.0.113.${100 + index}`] : [];
  const proxied = minor >= 30 && random.chance(0.1);
  const vips = type === 'LoadBalancer' ? [`203.0.113.${index}`] : [];
  const healthCheckNodePort = type === 'LoadBalancer' && local ? 31000 + index : undefined;
  const ranges =
    type === 'LoadBalancer' && random.chance(0.4) ? random.one([...RANGES, [`203.0.113.${index}/32`]]) : [];
  const hinted = random.chance(0.3);
  const clusterIP = headless ? 'None' : `172.30.0.${index}`;
  const endpoints = random
    .some(backends, random.one([0, 0.3, 0.6, 1]))
    .map((pod) => endpointObject(random, pod, zones, hinted));
  // Of a cluster with both families a Service has either, or both in either order.
  const [primary = 'IPv4'] = families;
  const own =
    families.length === 1 ? families : random.one([[primary], ['IPv4'], ['IPv6'], families, families] as const);
  const addresses = (...some: string[]) => own.flatMap((family) => some.map((each) => inFamily(family, each)));
  return {
    service: {
      name,
      families: own,
      clusterIP,
      headless,
      ports,
      externalIPs,
      vips,
      ...(healthCheckNodePort === undefined ? {} : { healthCheckNodePort }),
    },
    objects: [
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: {
          name,
          namespace: 'default',
          annotations: hinted ? { 'service.kubernetes.io/topology-mode': 'Auto' } : {},
        },
        spec: {
          type,
          clusterIP: addresses(clusterIP)[0],
          clusterIPs: headless ? ['None'] : addresses(clusterIP),
          ipFamilies: own,
          ipFamilyPolicy: own.length > 1 ? 'RequireDualStack' : 'SingleStack',
          selector: { app: name },
          ports,
          ...(outside ? { externalTrafficPolicy: local ? 'Local' : 'Cluster' } : {}),
          internalTrafficPolicy: random.chance(0.3) ? 'Local' : 'Cluster',
          ...(random.chance(0.25)
            ? { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 10800 } } }
            : { sessionAffinity: 'None' }),
          ...(externalIPs.length > 0 ? { externalIPs: addresses(...externalIPs) } : {}),
          ...(ranges.length > 0 ? { loadBalancerSourceRanges: addresses(...ranges) } : {}),
          ...(healthCheckNodePort === undefined ? {} : { healthCheckNodePort }),
        },
        status: {
          loadBalancer:
            vips.length > 0
              ? { ingress: addresses(...vips).map((ip) => ({ ip, ...(proxied ? { ipMode: 'Proxy' } : {}) })) }
              : {},
        },
      },
      ...own.map((family) => ({
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: {
          name: `${name}-${family.toLowerCase()}`,
          namespace: 'default',
          labels: { 'kubernetes.io/service-name': name },
        },
        addressType: family,
        ports: ports.map((port) => ({ name: port.name, port: port.targetPort, protocol: port.protocol })),
        endpoints: endpoints.map(({ addresses, ...rest }) => ({
          addresses: addresses.map((address) => inFamily(family, address)),
          ...rest,
        })),
      })),
    ],
  };
}

/** A cluster of 2 to 4 nodes with up to 12 Services. */
export function randomCluster(random: RandomNumbers, podNetwork: 'BRIDGE' | 'ROUTED'): RandomCluster {
  const nodes = random.integer(2, 4);
  const version = random.one(VERSIONS);
  const zones = random.chance(0.5)
    ? numbers(nodes).map(() => random.one(['east', 'west']))
    : numbers(nodes).map(() => '');
  const families = random.one([
    ['IPv4'],
    ['IPv6'],
    // Without its feature gate a version before 1.21 knows one family.
    ...(minorOf(version) >= 21
      ? ([
          ['IPv4', 'IPv6'],
          ['IPv4', 'IPv6'],
          ['IPv6', 'IPv4'],
        ] as const)
      : []),
  ] as const) as readonly IPFamily[];
  const pods = podsOf(nodes);
  const hostPods = random.some(numbers(nodes), 0.3);
  const onHosts = hostPods.map((node) => ({ name: `default/host-${node}`, node, address: nodeAddress(node) }));
  const backends = [...pods.filter(({ name }) => !name.includes('client')), ...onHosts];
  const made = numbers(random.integer(1, 12)).map((index) =>
    serviceObjects(random, index, version, backends, zones, families),
  );
  const list: ObjectList = {
    kind: 'List',
    apiVersion: 'v1',
    items: [
      ...numbers(nodes).map((node) => nodeObject(node, zones[node - 1] ?? '', version, families)),
      ...pods.map((pod) => podObject(pod, false, families)),
      ...onHosts.map((pod) => podObject(pod, true, families)),
      ...made.flatMap(({ objects }) => objects),
    ],
  };
  return {
    version,
    nodes,
    families,
    hostPods,
    services: made.map(({ service }) => service),
    list,
    settings: settingsFor(random, version, podNetwork, families),
    snapshot: readSnapshot({ inline: list }),
  };
}

/** The outside client whose packets arrive at node N, as a request names it. */
export function outsideSource(node: number, family: IPFamily): { external: { address: string; entersAt: string } } {
  return { external: { address: inFamily(family, outsideAddress(node)), entersAt: nodeName(node) } };
}
