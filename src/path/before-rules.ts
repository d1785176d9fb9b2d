/** What takes a new connection's packet before a node's rules do, and is not modelled: there the way ends UNKNOWN. */
import { remember } from '../base/remember.js';
import type { Cluster } from '../cluster/cluster.js';
import { meshedPods, meshLeavesOut, meshOf } from '../cluster/mesh.js';
import { DNS_PORT, nodeLocalDns } from '../cluster/node-local-dns.js';
import { namespacedName } from '../cluster/objects.js';
import { endpointsAreUnknown } from '../control-plane/endpoint-sources.js';
import type { Packet } from '../netfilter/packet.js';
import type { ServicePort } from '../proxy/service-port.js';
import type { Client } from './client.js';
import type { Fabric } from './fabric.js';
import type { Ending } from './trail.js';

/** The Service ports that the packet's address and port belong to. */
function claimsOf(fabric: Fabric, node: string, packet: Packet): readonly ServicePort[] {
  if (packet.destinationPort === undefined) return [];
  return fabric.program(node).services.claims(packet.protocol, packet.destination, packet.destinationPort);
}

function isClusterIP(claims: readonly ServicePort[], address: string): boolean {
  return claims.some(({ clusterIP }) => clusterIP === address);
}

/**
 * A mesh that the client's pod is in: it proxies TCP to Services, endpoint by endpoint and often request by request.
 */
function takenByMesh(
  fabric: Fabric,
  client: Client,
  packet: Packet,
  claims: readonly ServicePort[],
): string | undefined {
  if (packet.protocol !== 'TCP' || !isClusterIP(claims, packet.destination)) return undefined;
  const pod = fabric.cluster.pods.get(client.name.replace(/^pod\//, ''));
  if (pod === undefined) {
    const { inMesh, all, how } = meshedPods(fabric.cluster);
    if (inMesh > 0 && inMesh === all) {
      return (
        `all ${all} pods of the snapshot are in a mesh (by ${how}), which chooses endpoints itself, often for ` +
        'each request: which, is not modelled'
      );
    }
    if (inMesh > 0) {
      const why =
        `${inMesh} of ${all} pods are in a mesh (by ${how}), which chooses endpoints itself, often for each request: ` +
        'the pods that stand for clients are taken to be none of them.';
      fabric.assumptions.add('clients.mesh', 'not in a mesh', why);
    }
    return undefined;
  }
  const mesh = meshOf(fabric.cluster, pod);
  if (mesh === undefined || meshLeavesOut(pod, packet.destination, packet.destinationPort)) return undefined;
  return (
    `${mesh} takes connections of ${client.name} to Services before they leave the pod and chooses endpoints ` +
    'itself, often for each request: which, is not modelled'
  );
}

/** An agent beside kube-proxy that balances what pods send to Services. */
function takenByAgent(fabric: Fabric, packet: Packet, claims: readonly ServicePort[]): string | undefined {
  if (claims.length === 0) return undefined;
  const toClusterIP = isClusterIP(claims, packet.destination);
  return fabric.settings.beside.find(({ part }) => part === 'POD_SERVICES' || toClusterIP)?.why;
}

function takenByDnsCache(fabric: Fabric, node: string, packet: Packet): string | undefined {
  if (packet.destinationPort !== DNS_PORT || packet.protocol === 'SCTP') return undefined;
  const cache = nodeLocalDns(fabric.cluster).get(node);
  if (cache === undefined || !cache.addresses.has(packet.destination)) return undefined;
  return (
    `NodeLocal DNSCache (${cache.pod}) answers on ${packet.destination} of ${node} itself: its NOTRACK rules ` +
    'in table raw keep the ' +
    'packet from being translated, and whom it asks in turn for what it does not know is not modelled'
  );
}

/**
 * The label of the pods of K3s' ServiceLB, which hold the ports of a Service as host ports (k3s-io/k3s
 * pkg/cloudprovider/servicelb.go).
 */
export const SERVICE_LB_LABEL = 'svccontroller.k3s.cattle.io/svcname';

/**
 * Whether kube-proxy's rule for a published address of the node serves a packet that a pod of ServiceLB stands by for:
 * both send it to the same Service.
 */
function servesForServiceLB(fabric: Fabric, node: string, packet: Packet, service: string | undefined): boolean {
  if (service === undefined || !claimsOf(fabric, node, packet).some(({ name }) => name === service)) return false;
  fabric.assumptions.add(
    'network.serviceLB',
    'kube-proxy first',
    "kube-proxy's rules for the published addresses of nodes are taken to come before the host ports of " +
      "ServiceLB's pods, which would masquerade.",
  );
  return true;
}

/**
 * A pod of the node that has the port for its hostPort: the portmap plugin's DNAT comes before kube-proxy's node ports.
 */
function takenByHostPort(fabric: Fabric, node: string, packet: Packet): string | undefined {
  const { destination, destinationPort, protocol } = packet;
  if (destinationPort === undefined || !fabric.host(node).isLocal(destination)) return undefined;
  for (const pod of fabric.cluster.podsOn(node)) {
    const { phase } = pod.status ?? {};
    if (pod.spec?.hostNetwork === true || phase === 'Succeeded' || phase === 'Failed') continue;
    for (const container of pod.spec?.containers ?? []) {
      for (const port of container.ports ?? []) {
        const hostIP = (port as { readonly hostIP?: unknown }).hostIP;
        const isBound =
          hostIP === undefined || hostIP === '' || hostIP === '0.0.0.0' || hostIP === '::' || hostIP === destination;
        if (port.hostPort !== destinationPort || (port.protocol ?? 'TCP') !== protocol || !isBound) continue;
        if (servesForServiceLB(fabric, node, packet, pod.metadata.labels?.[SERVICE_LB_LABEL])) continue;
        return (
          `pod ${namespacedName(pod)} on ${node} has hostPort ${destinationPort}/${protocol}: the network ` +
          'plugin (portmap) sends the ' +
          'packet there before kube-proxy’s rules for node ports see it, which is not modelled'
        );
      }
    }
  }
  return undefined;
}

/**
 * Why it is not known what becomes of a packet on a node, since something takes it before the rules there do; undefined
 * where nothing does. `isFirst`: the packet comes from the client itself. Rules that were parsed from the node hold
 * what its own agents wrote into them.
 */
export function takenBeforeRules(
  fabric: Fabric,
  client: Client,
  node: string,
  packet: Packet,
  isFirst: boolean,
): Ending | undefined {
  const unknown = unknownEndpoints(fabric, node, packet);
  if (unknown !== undefined) return { verdict: 'UNKNOWN', cause: 'MISSING_DATA', detail: unknown };
  const detail = takenUnmodelled(fabric, client, node, packet, isFirst);
  return detail === undefined ? undefined : { verdict: 'UNKNOWN', cause: 'UNSUPPORTED_DATAPLANE', detail };
}

/** A Service of which only an Endpoints object is there, which has nothing of the packet's family. */
function unknownEndpoints(fabric: Fabric, node: string, packet: Packet): string | undefined {
  if (fabric.isParsed(node) || fabric.cluster.endpoints.size === 0 || packet.destinationPort === undefined)
    return undefined;
  const { services } = fabric.program(node);
  const claims = claimsOf(fabric, node, packet);
  const all =
    claims.length > 0 || !fabric.host(node).isLocal(packet.destination)
      ? claims
      : services.nodePortClaims(packet.protocol, packet.destinationPort);
  const found = all.find(({ service }) => endpointsAreUnknown(fabric.cluster, service, fabric.family));
  return found === undefined ? undefined : unknownFamily(found.service, fabric.family);
}

/** Why it is not known which endpoints of a family a Service has. */
export function unknownFamily(service: string, family: string): string {
  return (
    `the snapshot has an Endpoints object of ${service} and no EndpointSlice: an Endpoints object carries one ` +
    `family, and which ${family} endpoints there are is not known`
  );
}

function takenUnmodelled(
  fabric: Fabric,
  client: Client,
  node: string,
  packet: Packet,
  isFirst: boolean,
): string | undefined {
  if (client.kind === 'POD' && isFirst) {
    const claims = claimsOf(fabric, node, packet);
    const taken = takenByMesh(fabric, client, packet, claims) ?? takenByAgent(fabric, packet, claims);
    if (taken !== undefined) return taken;
  }
  if (fabric.isParsed(node)) return undefined;
  return takenByDnsCache(fabric, node, packet) ?? takenByHostPort(fabric, node, packet);
}

/** The nodes where an address and port are taken before the rules are asked: they are like no other node. */
export function nodesThatTake(fabric: Fabric, address: string, port: number): readonly string[] {
  const found = new Set<string>();
  if (port === DNS_PORT) {
    for (const [node, { addresses }] of nodeLocalDns(fabric.cluster)) if (addresses.has(address)) found.add(node);
  }
  return [...found];
}

const hostPorts = new WeakMap<Cluster['pods'], ReadonlyMap<number, ReadonlySet<string>>>();

/** The nodes that have a pod with this hostPort. */
export function nodesWithHostPort(fabric: Fabric, port: number): readonly string[] {
  const byPort = remember(hostPorts, fabric.cluster.pods, () => {
    const found = new Map<number, Set<string>>();
    for (const { spec } of fabric.cluster.pods.values()) {
      if (!spec?.nodeName || spec.hostNetwork === true) continue;
      for (const { ports } of spec.containers ?? []) {
        for (const { hostPort } of ports ?? []) {
          if (hostPort) remember(found, hostPort, () => new Set<string>()).add(spec.nodeName);
        }
      }
    }
    return found;
  });
  return [...(byPort.get(port) ?? [])];
}
