/** Which ports somebody listens on in a node's own network, as far as a snapshot tells. */
import { canonicalAddress } from '../base/address.js';
import { bindsTo } from '../cluster/bind-address.js';
import type { Cluster } from '../cluster/cluster.js';
import { namespacedName, type Pod } from '../cluster/objects.js';
import type { Packet } from '../netfilter/packet.js';
import { programNode } from '../proxy/program.js';
import type { Fabric } from './fabric.js';
import { isLoopback } from './host.js';
import { isListed } from './listed-endpoints.js';
import { declares, type Listening, type Sought } from './pod-listeners.js';

/** kubelet's own servers: its API on all addresses, its health on the loopback address (kubelet's defaults). */
const KUBELET_PORT = 10250;
const KUBELET_HEALTH_PORT = 10248;
/** `--service-node-port-range` where nothing else is said. */
const NODE_PORTS = { from: 30000, to: 32767 };
/** Up to this minor version kube-proxy held every node port open with a socket of its own. */
const LAST_THAT_HOLDS_PORTS = 23;

function isAddressOf(text: string, address: string): boolean {
  return canonicalAddress(text) === address;
}

/**
 * Whether an endpoint of Service default/kubernetes, which the API servers keep themselves, has the address and port.
 */
function isApiServer(cluster: Cluster, { destination, destinationPort, protocol }: Packet): boolean {
  if (protocol !== 'TCP') return false;
  const slices = cluster
    .slicesOf('default/kubernetes')
    .some(
      ({ ports, endpoints }) =>
        (ports ?? []).some(({ port }) => port === destinationPort) &&
        (endpoints ?? []).some(({ addresses }) => (addresses ?? []).some((text) => isAddressOf(text, destination))),
    );
  if (slices) return true;
  return (cluster.endpoints.get('default/kubernetes')?.subsets ?? []).some(
    ({ ports, addresses }) =>
      (ports ?? []).some(({ port }) => port === destinationPort) &&
      (addresses ?? []).some(({ ip }) => isAddressOf(ip, destination)),
  );
}

/**
 * kube-proxy's own servers. It has a proxier for each family, each answers for the Services it knows, and a socket for
 * every address takes connections of both families (`pkg/proxy/healthcheck/service_health.go`).
 */
function proxyServer(fabric: Fabric, node: string, packet: Packet): string | undefined {
  const { protocol, destination, destinationPort: port } = packet;
  if (protocol !== 'TCP' || port === undefined || fabric.settings.unsupportedDataplane !== undefined) return undefined;
  const settings = fabric.settings.proxyOf(node);
  if (bindsTo(settings.healthzBindAddress ?? '', 10256, destination, port)) return 'kube-proxy /healthz';
  if (bindsTo(settings.metricsBindAddress ?? '127.0.0.1', 10249, destination, port)) return 'kube-proxy /metrics';
  const other = fabric.family === 'IPv4' ? 'IPv6' : 'IPv4';
  const programs = [fabric.program(node), programNode(fabric.cluster, node, other, settings)];
  for (const { services, healthCheckAddresses } of programs) {
    const [claim] = services.healthCheckClaims(port);
    if (claim === undefined) continue;
    if (healthCheckAddresses?.includes(destination) ?? true) return `kube-proxy health check of ${claim.service}`;
  }
  return undefined;
}

function podServer(pods: readonly Pod[], sought: Sought): Listening | undefined {
  let result: Listening | undefined;
  for (const pod of pods) {
    const name = namespacedName(pod);
    if (pod.spec?.hostNetwork === true) {
      const declared = declares(pod, sought);
      if (declared === undefined) continue;
      if (!declared.stopped && pod.status?.phase !== 'Pending') return { kind: 'YES', who: name };
      result = { kind: 'NO', detail: `the container of pod ${name} that has port ${sought.port} does not run` };
    } else if (hasHostPort(pod, sought)) {
      const detail = `pod ${name} asks for host port ${sought.port}: the CNI’s rules for it are outside this model`;
      return { kind: 'UNKNOWN', detail };
    }
  }
  return result;
}

function hasHostPort(pod: Pod, { protocol, port }: Sought): boolean {
  return (pod.spec?.containers ?? []).some(({ ports }) =>
    (ports ?? []).some((declared) => (declared.protocol ?? 'TCP') === protocol && declared.hostPort === port),
  );
}

/**
 * A node port that reaches the node's own stack: nobody listens there, since kube-proxy's rules are not walked twice.
 */
function nodePort(fabric: Fabric, node: string, packet: Packet): Listening | undefined {
  const { protocol, destinationPort: port = 0 } = packet;
  const program = fabric.unmodelled(node) === undefined ? fabric.program(node) : undefined;
  const [claim] = program?.services.nodePortClaims(protocol, port) ?? [];
  const [health] = program?.services.healthCheckClaims(port) ?? [];
  const service = claim?.service ?? health?.service;
  if (service === undefined) return undefined;
  const detail =
    `no rule of ${node} translates ${protocol} port ${port}, a node port of Service ${service}, and nothing on ` +
    'the node listens there';
  const holds = fabric.settings.proxyOf(node).version.minor <= LAST_THAT_HOLDS_PORTS;
  if (claim === undefined || !holds || !packet.connection.dnat) return { kind: 'NO', detail };
  const held =
    `${node}’s kube-proxy holds ${protocol} port ${port}, a node port of Service ${service}, open and answers ` +
    'nobody there: what becomes of the connection is not modelled';
  return { kind: 'UNKNOWN', detail: held };
}

/**
 * Whether somebody listens where a packet for the node's own stack goes: pods on the host's network that declare the
 * port, the API server, kube-proxy, kubelet, or whoever a slice lists. A node port is nobody's; of other ports nothing
 * is known.
 */
export function hostListens(fabric: Fabric, node: string, packet: Packet): Listening {
  const { protocol, destination, destinationPort: port } = packet;
  if (port === undefined) return { kind: 'UNKNOWN', detail: `the port of the packet to ${destination} is not known` };
  const sought: Sought = { protocol, port, loopback: isLoopback(destination) };
  const byPod = podServer(fabric.cluster.podsOn(node), sought);
  if (byPod !== undefined) return byPod;
  if (isApiServer(fabric.cluster, packet)) return { kind: 'YES', who: 'the API server' };
  const ofProxy = proxyServer(fabric, node, packet);
  if (ofProxy !== undefined) return { kind: 'YES', who: ofProxy };
  if (protocol === 'TCP' && port === KUBELET_PORT) return { kind: 'YES', who: 'kubelet' };
  if (protocol === 'TCP' && port === KUBELET_HEALTH_PORT && sought.loopback)
    return { kind: 'YES', who: 'kubelet /healthz' };
  const claimed = nodePort(fabric, node, packet);
  if (claimed !== undefined) return claimed;
  if (isListed(fabric, packet)) return { kind: 'YES', assumed: true };
  const nobody =
    `no rule of ${node} translates ${protocol} port ${port} and ` + 'nothing on the node is known to listen there';
  if (port >= NODE_PORTS.from && port <= NODE_PORTS.to) return { kind: 'NO', detail: nobody, assumed: true };
  return { kind: 'UNKNOWN', detail: `${nobody}: a snapshot does not show a node’s processes` };
}
