/** What policies can tell nodes apart by: the addresses that they see of a node, and of the pods on it. */
import { firstHost } from '../base/address.js';
import { addressProfile } from '../policies/address-profile.js';
import type { Fabric } from './fabric.js';
import { freePodAddress } from './sources.js';

/**
 * Equal for nodes of which policies see alike: what comes from the node itself, from the gateway of its pods, and from
 * the address that stands for some pod on it.
 */
export function policyProfile(fabric: Fabric, node: string): string {
  return addressProfile(fabric.cluster, node, fabric.family, () => {
    const [cidr] = fabric.book.addressesOf(node).podCidrs;
    const gateway = cidr && firstHost(cidr);
    return [gateway, freePodAddress(fabric, node).address].filter((text) => text !== undefined);
  });
}
