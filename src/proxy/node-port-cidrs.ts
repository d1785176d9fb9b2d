import { addressOf, addressWidth, type Cidr, cidrContains, type IPFamily, parseCidr } from '../base/address.js';
import type { Node } from '../cluster/objects.js';
import { interfaceAddresses, primaryAddress } from './node-addresses.js';

/**
 * The CIDRs of the family among `nodePortAddresses`, where the one word `primary` may stand for the node's own address.
 * None: every address, even if CIDRs of the other family were given.
 */
export function familyCidrs(
  node: Node,
  family: IPFamily,
  texts: readonly string[],
  knowsPrimary: boolean,
): readonly Cidr[] {
  let wanted = texts;
  if (knowsPrimary && texts.length === 1 && texts[0] === 'primary') {
    const own = primaryAddress(node, family);
    wanted = own === undefined ? [] : [`${own}/${addressWidth(family)}`];
  }
  return wanted.map((text) => parseCidr(text.trim())).filter((cidr) => cidr?.family === family) as Cidr[];
}

/** The addresses of the node in one of the CIDRs, by bytes (kube-proxy's order is random). */
export function addressesIn(node: Node, family: IPFamily, cidrs: readonly Cidr[]): readonly string[] {
  return interfaceAddresses(node, family)
    .filter((text) => {
      const address = addressOf(text);
      return address !== undefined && cidrs.some((cidr) => cidrContains(cidr, address));
    })
    .sort();
}
