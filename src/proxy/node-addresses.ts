import type { IPFamily } from '../base/address.js';
import { parseAddress } from '../base/address.js';
import type { Node } from '../cluster/objects.js';

/** The addresses of a node's status that are IP addresses of the family, canonical, in the order of the status. */
function statusAddresses(node: Node, family: IPFamily, type?: string): readonly string[] {
  const found: string[] = [];
  for (const entry of node.status?.addresses ?? []) {
    if (type !== undefined && entry.type !== type) continue;
    const address = parseAddress(entry.address);
    if (address?.family === family) found.push(address.text);
  }
  return found;
}

/**
 * The node's own address of a family as kube-proxy picks it: the first InternalIP, else the first ExternalIP
 * (`utilnode.GetNodeHostIPs`). Undefined: the node has none, and kube-proxy takes the loopback address.
 */
export function primaryAddress(node: Node, family: IPFamily): string | undefined {
  return statusAddresses(node, family, 'InternalIP')[0] ?? statusAddresses(node, family, 'ExternalIP')[0];
}

/**
 * The addresses on the node's interfaces as far as a snapshot tells: those of its status, and loopback. Without
 * repetitions.
 */
export function interfaceAddresses(node: Node, family: IPFamily): readonly string[] {
  return [...new Set([...statusAddresses(node, family), family === 'IPv4' ? '127.0.0.1' : '::1'])];
}

/** The addresses that the node has itself: its InternalIPs; where it has none, its ExternalIPs. */
export function ownAddresses(node: Node, family: IPFamily): readonly string[] {
  const internal = statusAddresses(node, family, 'InternalIP');
  return [...new Set(internal.length > 0 ? internal : statusAddresses(node, family, 'ExternalIP'))];
}
