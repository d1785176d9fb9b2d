import { joinHostPort } from '../base/address.js';
import { namespacedName } from '../cluster/objects.js';
import type { Packet } from '../netfilter/packet.js';
import { programNode } from '../proxy/program.js';
import type { Fabric } from './fabric.js';
import type { Ending, Receiver } from './trail.js';

/** kube-proxy's own health port, the same on every node (`--healthz-bind-address`). */
const PROXY_HEALTH_PORT = 10256;

export type Reception = { readonly receiver: Receiver } | { readonly ending: Ending };

function endpointReceiver(fabric: Fabric, packet: Packet, node: string | undefined, pod: string | undefined): Receiver {
  const id = packet.destinationPort === undefined ? '' : joinHostPort(packet.destination, packet.destinationPort);
  const endpoint = fabric.endpoint(id);
  const place = node ?? (endpoint?.node || undefined);
  const name = endpoint?.pod ?? pod;
  return {
    address: packet.destination,
    port: packet.destinationPort,
    endpoint: endpoint !== undefined,
    ...(place === undefined ? {} : { node: place }),
    ...(name === undefined ? {} : { pod: name }),
  };
}

/** A packet that a node hands to a pod of its own. Pods are taken to listen where they are spoken to. */
export function receiveInPod(fabric: Fabric, node: string, packet: Packet, pod: string | undefined): Receiver {
  return endpointReceiver(fabric, packet, node, pod);
}

/** A packet that left the cluster; an endpoint only where a slice lists that outside address. */
export function receiveOutside(fabric: Fabric, packet: Packet): Receiver | undefined {
  const receiver = endpointReceiver(fabric, packet, undefined, undefined);
  return receiver.endpoint ? receiver : undefined;
}

/**
 * A packet for the node's own stack: an endpoint or pod in the host's network, kube-proxy's health servers, or nobody.
 * The snapshot does not show what else listens; what it does not show is taken as not there (listed as an assumption).
 */
export function receiveOnHost(fabric: Fabric, node: string, packet: Packet): Reception {
  const receiver = endpointReceiver(fabric, packet, node, undefined);
  if (receiver.endpoint) return { receiver };
  const port = packet.destinationPort;
  for (const pod of fabric.cluster.podsOn(node)) {
    for (const container of [...(pod.spec?.containers ?? [])]) {
      for (const declared of container.ports ?? []) {
        if ((declared.protocol ?? 'TCP') !== packet.protocol) continue;
        if (pod.spec?.hostNetwork && declared.containerPort === port) {
          return { receiver: { ...receiver, pod: namespacedName(pod) } };
        }
        if (!pod.spec?.hostNetwork && declared.hostPort !== undefined && declared.hostPort === port) {
          const detail = `pod ${namespacedName(pod)} asks for host port ${port}: the CNI’s rules for it are outside this model`;
          return { ending: { verdict: 'UNKNOWN', cause: 'MISSING_DATA', detail } };
        }
      }
    }
  }
  const health = healthServer(fabric, node, packet);
  if (health !== undefined) return { receiver: { ...receiver, pod: health } };
  fabric.assumptions.add(
    'listeners',
    'pods on the host network and kube-proxy’s health ports',
    'A snapshot does not show which processes of a node listen; no others are taken to.',
  );
  const detail = `no rule of ${node} translates ${packet.protocol} port ${port ?? '?'} and nothing on the node listens there`;
  return { ending: { verdict: 'REJECTED', cause: 'HOST_REFUSED', detail } };
}

/**
 * kube-proxy's own servers. It has a proxier for each family, each answers for the Services it knows, and a socket for
 * every address takes connections of both families (`pkg/proxy/healthcheck/service_health.go`).
 */
function healthServer(fabric: Fabric, node: string, packet: Packet): string | undefined {
  const { protocol, destination, destinationPort: port } = packet;
  if (protocol !== 'TCP' || port === undefined) return undefined;
  if (port === PROXY_HEALTH_PORT) return 'kube-proxy /healthz';
  const other = fabric.family === 'IPv4' ? 'IPv6' : 'IPv4';
  const programs = [fabric.program(node), programNode(fabric.cluster, node, other, fabric.settings.proxyOf(node))];
  for (const { services, healthCheckAddresses } of programs) {
    const [claim] = services.healthCheckClaims(port);
    if (claim === undefined) continue;
    if (healthCheckAddresses?.includes(destination) ?? true) return `kube-proxy health check of ${claim.service}`;
  }
  return undefined;
}
