import { type Address, addressOf, type IPFamily, makeAddress, parseAddress } from '../../base/address.js';
import type { NodeProxySettings } from '../../cluster/settings.js';
import { type LocalDetector, localDetector } from '../iptables/detector.js';
import { interfaceAddresses, ownAddresses, primaryAddress } from '../node-addresses.js';
import { addressesIn, familyCidrs } from '../node-port-cidrs.js';
import type { ProxierInput } from '../node-program.js';
import { type IpvsTraits, ipvsTraits } from './versions.js';

/** What the state of every Service port of a node depends on. */
export interface IpvsContext {
  readonly family: IPFamily;
  readonly settings: NodeProxySettings;
  readonly traits: IpvsTraits;
  readonly detector: LocalDetector | undefined;
  /** The addresses that get a virtual server for each node port. */
  readonly nodeAddresses: readonly string[];
  /** Whether those are all addresses of the node: nodePortAddresses name none. */
  readonly allAddresses: boolean;
  /** Addresses on the node's other interfaces, which are not bound to kube-ipvs0. */
  readonly onInterfaces: ReadonlySet<string>;
  /** The node's own address, for source ranges that hold it. */
  readonly nodeAddress: Address;
}

function isLoopback(text: string): boolean {
  return text.startsWith('127.') || addressOf(text)?.text === '::1';
}

/** The context of a node's proxier. */
export function ipvsContext({ node, self = node, family, settings }: ProxierInput): IpvsContext {
  const traits = ipvsTraits(settings.version);
  const loopback = family === 'IPv4' ? makeAddress(family, 0x7f000001n) : makeAddress(family, 1n);
  const cidrs = familyCidrs(self, family, settings.nodePortAddresses, traits.primaryNodePorts);
  const allAddresses = cidrs.length === 0 || cidrs.some(({ length }) => length === 0);
  const own = interfaceAddresses(node, family);
  const chosen = allAddresses ? ownAddresses(node, family) : addressesIn(node, family, cidrs);
  const keepsLoopback = traits.loopbackNodePorts && !allAddresses;
  return {
    family,
    settings,
    traits,
    detector: localDetector(settings, self, family),
    nodeAddresses: chosen.filter((text) => keepsLoopback || !isLoopback(text)),
    allAddresses,
    onInterfaces: new Set(own),
    nodeAddress: parseAddress(primaryAddress(self, family) ?? '') ?? loopback,
  };
}
