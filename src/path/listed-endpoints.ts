import { canonicalAddress, joinHostPort } from '../base/address.js';
import { remember } from '../base/remember.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Packet } from '../netfilter/packet.js';
import type { Fabric } from './fabric.js';

const listed = new WeakMap<Cluster, ReadonlySet<string>>();

function idOf(protocol: string, address: string, port: number): string {
  return `${protocol} ${joinHostPort(address, port)}`;
}

function endpointsOf(cluster: Cluster): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const { ports, endpoints } of cluster.endpointSlices.values()) {
    for (const { addresses } of endpoints ?? []) {
      for (const text of addresses ?? []) {
        const address = canonicalAddress(text);
        for (const { port, protocol } of ports ?? []) if (port != null) ids.add(idOf(protocol ?? 'TCP', address, port));
      }
    }
  }
  return ids;
}

/** Whether an EndpointSlice of any Service lists where the packet goes. */
export function isListed(fabric: Fabric, { protocol, destination, destinationPort }: Packet): boolean {
  if (destinationPort === undefined) return false;
  if (fabric.endpoint(joinHostPort(destination, destinationPort)) !== undefined) return true;
  const ids = remember(listed, fabric.cluster, () => endpointsOf(fabric.cluster));
  return ids.has(idOf(protocol, destination, destinationPort));
}
