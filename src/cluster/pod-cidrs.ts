import { addressWidth, type Cidr, firstHost, type IPFamily, makeCidr, networkOf, parseCidr } from '../base/address.js';
import { remember } from '../base/remember.js';
import type { Cluster } from './cluster.js';
import type { Node } from './objects.js';
import { FAMILIES } from './settings.js';

/** The node's pod CIDRs as they are written; empty when it has none. */
export function podCIDRsOf(node: Node): readonly string[] {
  const listed = node.spec?.podCIDRs ?? [];
  if (listed.length > 0) return listed;
  return node.spec?.podCIDR ? [node.spec.podCIDR] : [];
}

const gateways = new WeakMap<Cluster['nodes'], ReadonlyMap<string, string>>();

/** The node whose pods have this address for their gateway: the first of one of its pod CIDRs. */
export function nodeOfGateway({ nodes }: Cluster, address: string): string | undefined {
  const known = remember(gateways, nodes, () => {
    const found = new Map<string, string>();
    for (const [name, node] of nodes.entries())
      for (const text of podCIDRsOf(node)) {
        const cidr = networkOf(text);
        const gateway = cidr && firstHost(cidr);
        if (gateway !== undefined && !found.has(gateway)) found.set(gateway, name);
      }
    return found;
  });
  return known.get(address);
}

/** A cluster's pod range is never assumed to be narrower than this: other nodes' CIDRs lie beside those seen. */
const LONGEST_PREFIX: Readonly<Record<IPFamily, number>> = { IPv4: 16, IPv6: 48 };

function covering(family: IPFamily, cidrs: readonly Cidr[]): Cidr {
  const first = cidrs[0] as Cidr;
  let length = Math.min(LONGEST_PREFIX[family], ...cidrs.map((cidr) => cidr.length));
  const width = addressWidth(family);
  const differ = (at: number) => {
    const shift = BigInt(width - at);
    return cidrs.some((cidr) => cidr.bits >> shift !== first.bits >> shift);
  };
  while (length > 0 && differ(length)) length--;
  return makeCidr(family, first.bits, length);
}

/**
 * The smallest CIDR of each family that covers the pod CIDRs of all nodes, /16 (IPv4) or /48 (IPv6) at the narrowest.
 * Empty when no node has one.
 */
export function coveringPodCIDRs(cluster: Cluster): readonly string[] {
  const all = [...cluster.nodes.values()].flatMap((node) =>
    podCIDRsOf(node).flatMap((text) => {
      const cidr = parseCidr(text);
      return cidr === undefined ? [] : [cidr];
    }),
  );
  return FAMILIES.flatMap((family) => {
    const cidrs = all.filter((cidr) => cidr.family === family);
    return cidrs.length === 0 ? [] : [covering(family, cidrs).text];
  });
}
