import { addressOf, addressWidth, type Cidr, makeAddress, makeCidr, parseCidr } from '../base/address.js';
import { nodeAddresses, nodeOfAddress, podOfAddress } from '../cluster/addresses.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Node } from '../cluster/objects.js';
import { podCIDRsOf } from '../cluster/pod-cidrs.js';

/** Whether two CIDRs share an address. */
function overlap(a: Cidr, b: Cidr): boolean {
  if (a.family !== b.family) return false;
  const shift = BigInt(addressWidth(a.family) - Math.min(a.length, b.length));
  return a.bits >> shift === b.bits >> shift;
}

function podCIDRs(cluster: Cluster): readonly Cidr[] {
  return [...cluster.nodes.values()].flatMap((node) => podCIDRsOf(node).flatMap((text) => parseCidr(text) ?? []));
}

/** The node whose pod CIDR shares an address with this one. */
export function nodeOfPodCIDR(cluster: Cluster, cidr: Cidr): string | undefined {
  for (const node of cluster.nodes.values()) {
    for (const text of podCIDRsOf(node)) {
      const own = parseCidr(text);
      if (own !== undefined && overlap(own, cidr)) return node.metadata.name;
    }
  }
  return undefined;
}

/**
 * Pod CIDRs for one more node: for each that `like` has the lowest free one of its size, from the lowest of all nodes
 * on, as the node IPAM controller hands them out. Empty when `like` has none.
 */
export function freePodCIDRs(cluster: Cluster, like: Node): readonly string[] {
  const taken = [...podCIDRs(cluster)];
  return podCIDRsOf(like).flatMap((text) => {
    const size = parseCidr(text);
    if (size === undefined) return [];
    const { family, length } = size;
    const own = taken.filter((one) => one.family === family).sort((a, b) => (a.bits < b.bits ? -1 : 1));
    let free = makeCidr(family, own[0]?.bits ?? size.bits, length);
    for (const one of own) {
      if (!overlap(one, free)) continue;
      const after = one.bits + (1n << BigInt(addressWidth(family) - one.length));
      const next = free.bits + (1n << BigInt(addressWidth(family) - length));
      free = makeCidr(family, after > next ? after : next, length);
    }
    taken.push(free);
    return [free.text];
  });
}

/** Addresses for one more node: for each family that `like` has the next free one after the highest of all nodes. */
export function freeNodeAddresses(cluster: Cluster, like: Node): readonly string[] {
  const all = [...cluster.nodes.values()].flatMap((node) => nodeAddresses(node).slice(0, 2));
  const internal = (like.status?.addresses ?? []).filter(({ type }) => type === 'InternalIP');
  return internal.flatMap(({ address: text }) => {
    const address = addressOf(text);
    if (address === undefined) return [];
    const { family, bits } = address;
    // Those of the same network, where several are in use: the highest address may be an outside one.
    const near = BigInt(family === 'IPv4' ? 16 : 64);
    const used = all
      .flatMap((one) => addressOf(one) ?? [])
      .filter((one) => one.family === family && one.bits >> near === bits >> near);
    let next = used.reduce((most, one) => (one.bits > most ? one.bits : most), bits) + 1n;
    for (;;) {
      const { text: free } = makeAddress(family, next++);
      const taken = nodeOfAddress(cluster, free) ?? podOfAddress(cluster, free);
      if (taken === undefined) return [free];
    }
  });
}
