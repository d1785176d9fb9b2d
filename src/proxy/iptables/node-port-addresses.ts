import type { IPFamily } from '../../base/address.js';
import { cidrContains, makeAddress } from '../../base/address.js';
import type { Node } from '../../cluster/objects.js';
import type { NodeProxySettings } from '../../cluster/settings.js';
import { addressesIn, familyCidrs } from '../node-port-cidrs.js';
import type { IptablesTraits } from './versions.js';

const FIRST_LOOPBACK = makeAddress('IPv4', 0x7f000000n);

/** Which addresses of a node take node ports, and what follows from it. */
export interface NodePortAddresses {
  /** undefined: every local address. Otherwise by bytes (kube-proxy's order is random); may be empty. */
  readonly addresses: readonly string[] | undefined;
  /** iptables.localhostNodePorts, as far as it can work: IPv4, and loopback among the addresses. */
  readonly localhost: boolean;
  readonly routeLocalnet: boolean;
}

/**
 * The node-port addresses of a node; `self` is the Node whose address is the primary one
 * (`proxyutil.NodePortAddresses`, before 1.27 `utilproxy.GetNodeAddresses`).
 */
export function nodePortAddresses(
  node: Node,
  self: Node,
  family: IPFamily,
  settings: NodeProxySettings,
  traits: IptablesTraits,
): NodePortAddresses {
  const cidrs = familyCidrs(self, family, settings.nodePortAddresses, traits.primaryNodePorts);
  const all = cidrs.length === 0 || cidrs.some((cidr) => cidr.length === 0);
  const addresses = all ? undefined : addressesIn(node, family, cidrs);
  // kube-proxy asks whether a CIDR starts inside 127.0.0.0/8 or holds its first address.
  const loopback =
    family === 'IPv4' &&
    (all || cidrs.some((cidr) => cidr.text.startsWith('127.') || cidrContains(cidr, FIRST_LOOPBACK)));
  const localhost = loopback && settings.localhostNodePorts;
  const routeLocalnet = {
    ALWAYS: family === 'IPv4',
    LOOPBACK_IN_ADDRESSES: loopback,
    LOCALHOST_NODE_PORTS: localhost,
  }[traits.routeLocalnet];
  return { addresses, localhost, routeLocalnet };
}
