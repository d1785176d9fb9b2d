/** What rules of nodes can tell the sources of packets apart by: the networks that their addresses are in. */
import { addressOf, type Cidr, cidrContains, networkOf } from '../base/address.js';
import { remember } from '../base/remember.js';
import { insideNetworks } from './alike-endpoints.js';
import type { Fabric } from './fabric.js';
import type { AddressBook } from './network.js';
import { freePodAddress } from './sources.js';

/** The network by which a node's kube-proxy knows pods; undefined where it looks at interfaces, or at nothing. */
function networkOfPods({ cluster, settings, family }: Fabric, node: string): Cidr | undefined {
  const { detectLocalMode, clusterCIDR } = settings.proxyOf(node);
  const own = cluster.nodes.get(node)?.spec;
  const texts =
    detectLocalMode === 'ClusterCIDR'
      ? clusterCIDR
      : detectLocalMode === 'NodeCIDR'
        ? (own?.podCIDRs ?? (own?.podCIDR ? [own.podCIDR] : []))
        : [];
  for (const text of texts) {
    const network = networkOf(text.trim());
    if (network?.family === family) return network;
  }
  return undefined;
}

function isInside(network: Cidr, text: string): boolean {
  const address = addressOf(text);
  return address !== undefined && cidrContains(network, address);
}

/** Equal for addresses that the rules of a node treat alike as sources, but for those that ranges of a Service name. */
export function sourceProfile(fabric: Fabric, node: string, address: string): string {
  const pods = networkOfPods(fabric, node);
  const isPod = pods === undefined ? '' : Number(isInside(pods, address));
  return `${isPod} ${insideNetworks(fabric.settings, address)}`;
}

/** In which of some networks an address is. */
export function insideOf(networks: readonly Cidr[], address: string): string {
  return networks.map((one) => Number(isInside(one, address))).join('');
}

/** The addresses that stand for who sends from a node: some pod on it, and its own processes. */
const standIns = new WeakMap<AddressBook, Map<string, readonly string[]>>();

/** The address that stands for some pod on a node, then those of the node itself. */
export function sendersOf(fabric: Fabric, node: string): readonly string[] {
  const known = remember(standIns, fabric.book, () => new Map<string, readonly string[]>());
  return remember(known, node, () => [
    freePodAddress(fabric, node).address ?? '',
    ...fabric.book.addressesOf(node).own,
  ]);
}

/** Equal for nodes of which rules treat what pods and processes send alike. */
export function sourcesProfile(fabric: Fabric, node: string): string {
  return sendersOf(fabric, node)
    .map((address) => sourceProfile(fabric, node, address))
    .join(',');
}
