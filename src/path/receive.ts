import { joinHostPort } from '../base/address.js';
import { serviceOfAddress } from '../load-balancers/balancer-addresses.js';
import type { Packet } from '../netfilter/packet.js';
import type { Fabric } from './fabric.js';
import { isLoopback } from './host.js';
import { hostListens } from './host-listeners.js';
import { isListed } from './listed-endpoints.js';
import { type Listening, podListens } from './pod-listeners.js';
import { serviceHolding } from './service-addresses.js';
import type { Ending, Receiver } from './trail.js';

/** The assumption about who listens. */
export const LISTENERS = 'listeners';
/** The assumption about endpoints at whose addresses the snapshot has no pod. */
export const ENDPOINTS = 'endpoints';

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

/** The end of a packet for somebody of whom it is known, taken for granted or not known whether he listens. */
function reception(fabric: Fabric, receiver: Receiver, listening: Listening): Reception {
  if (listening.kind === 'UNKNOWN')
    return { ending: { verdict: 'UNKNOWN', cause: 'MISSING_DATA', detail: listening.detail } };
  if (listening.assumed === true) assumeListeners(fabric);
  if (listening.kind === 'NO')
    return { ending: { verdict: 'REJECTED', cause: 'HOST_REFUSED', detail: listening.detail } };
  return {
    receiver:
      listening.who === undefined || receiver.pod !== undefined ? receiver : { ...receiver, pod: listening.who },
  };
}

function assumeListeners(fabric: Fabric): void {
  fabric.assumptions.add(
    LISTENERS,
    'the ports that pods declare, that probes ask and that slices list',
    'A snapshot does not show which processes listen: these do, ready or not, and no others of a pod that ' +
      'declares ports or of the range of node ports.',
  );
}

/** Slices are believed where nothing else in the snapshot shows who has an endpoint's address. */
export function assumeEndpoint(fabric: Fabric): void {
  fabric.assumptions.add(
    ENDPOINTS,
    'as slices list them',
    'The snapshot has no pod at the addresses of some endpoints: somebody is taken to be there and to listen.',
  );
}

/** Whether somebody in a pod takes the packet; the pod is the one that the snapshot holds, if it holds one. */
export function receiveInPod(fabric: Fabric, node: string, packet: Packet, pod: string | undefined): Reception {
  const receiver = endpointReceiver(fabric, packet, node, pod);
  const { protocol, destination, destinationPort: port } = packet;
  const object = fabric.cluster.pods.get(receiver.pod ?? pod ?? '');
  if (port === undefined) return { receiver };
  const listed = receiver.endpoint || isListed(fabric, packet);
  if (object !== undefined)
    return reception(
      fabric,
      receiver,
      podListens(object, { protocol, port, loopback: isLoopback(destination) }, listed),
    );
  if (listed) {
    assumeEndpoint(fabric);
    return { receiver };
  }
  const detail =
    `the snapshot holds no pod with ${destination} and no slice lists ${protocol} port ${port} of it: whether ` +
    'anything listens there is not known';
  return reception(fabric, receiver, { kind: 'UNKNOWN', detail });
}

/**
 * A packet that left the cluster; an endpoint only where a slice lists that outside address. An address of a Service is
 * nobody's outside, whatever a slice says.
 */
export function receiveOutside(fabric: Fabric, packet: Packet): Receiver | undefined {
  const receiver = endpointReceiver(fabric, packet, undefined, undefined);
  if (!receiver.endpoint) return undefined;
  const owned =
    serviceHolding(fabric.cluster, packet.destination) ?? serviceOfAddress(fabric.cluster, packet.destination);
  return owned === undefined ? receiver : undefined;
}

/** A packet for the node's own stack: see {@link hostListens}. */
export function receiveOnHost(fabric: Fabric, node: string, packet: Packet): Reception {
  const receiver = endpointReceiver(fabric, packet, node, undefined);
  return reception(fabric, receiver, hostListens(fabric, node, packet));
}

/** A packet that a pod sends to itself without leaving its network. */
export function receiveInside(fabric: Fabric, node: string, pod: string, packet: Packet): Reception {
  const { protocol, destination, destinationPort: port } = packet;
  const object = fabric.cluster.pods.get(pod);
  const receiver: Receiver = { address: destination, port, node, pod, endpoint: false };
  if (object === undefined || port === undefined) return { receiver };
  const listening = podListens(object, { protocol, port, loopback: isLoopback(destination) }, isListed(fabric, packet));
  return reception(fabric, receiver, listening);
}
