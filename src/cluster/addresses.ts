import { addressOf, canonicalAddress } from '../base/address.js';
import { remember } from '../base/remember.js';
import { type Cluster, podAddresses } from './cluster.js';
import { LEGACY_ZONE_LABEL, type Node, type Pod, ZONE_LABEL } from './objects.js';
import { ValueIndex } from './value-index.js';

const addressesOf = new WeakMap<Node, readonly string[]>();

/**
 * The node's IP addresses in canonical spelling: InternalIP first, then ExternalIP, each in the order of its status.
 */
export function nodeAddresses(node: Node): readonly string[] {
  return remember(addressesOf, node, () => readAddresses(node));
}

function readAddresses(node: Node): readonly string[] {
  const listed = node.status?.addresses ?? [];
  const texts = ['InternalIP', 'ExternalIP'].flatMap((wanted) =>
    listed.flatMap(({ type, address }) => (type === wanted ? [addressOf(address)?.text] : [])),
  );
  return [...new Set(texts.filter((text) => text !== undefined))];
}

/** The node's zone: its label, by the name before 1.17 too. Undefined when it has none. */
export function nodeZone(node: Node): string | undefined {
  return node.metadata.labels?.[ZONE_LABEL] ?? node.metadata.labels?.[LEGACY_ZONE_LABEL];
}

/** Whether a pod has ended: it has no address any more. */
export const hasEnded = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed';

/** Whether a pod's address is its own: not the node's, and not one given back by a pod that has ended. */
export function ownsAddress(pod: Pod): boolean {
  return pod.spec?.hostNetwork !== true && !hasEnded(pod);
}

const nodesByAddress = new ValueIndex<Node>(nodeAddresses);
const podsByAddress = new ValueIndex<Pod>((pod) => (ownsAddress(pod) ? podAddresses(pod).map(canonicalAddress) : []));

/** The node that has this address; of several the first in snapshot order. */
export function nodeOfAddress(cluster: Cluster, address: string): Node | undefined {
  return nodesByAddress.first(cluster.nodes, canonicalAddress(address));
}

/**
 * The pod that has this address for itself. Pods in the host's network have their node's address, which stays the
 * node's; pods that have ended have given theirs back. Of several the first in snapshot order.
 */
export function podOfAddress(cluster: Cluster, address: string): Pod | undefined {
  return podsByAddress.first(cluster.pods, canonicalAddress(address));
}
