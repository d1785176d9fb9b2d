import type { Address, IPFamily } from '../../base/address.js';
import { addressOf, makeAddress, parseAddress } from '../../base/address.js';
import type { Node } from '../../cluster/objects.js';
import { serviceCidrs } from '../../cluster/service-cidrs.js';
import type { NodeProxySettings } from '../../cluster/settings.js';
import { gateEnabled } from '../feature-gates.js';
import { primaryAddress } from '../node-addresses.js';
import { addressesIn, familyCidrs } from '../node-port-cidrs.js';
import type { ProxierInput } from '../node-program.js';
import { type LocalDetector, localDetector } from './detector.js';
import { type NftablesTraits, nftablesTraits } from './versions.js';

/** What the rules of every Service port of a node depend on. */
export interface RenderContext {
  readonly family: IPFamily;
  readonly settings: NodeProxySettings;
  readonly traits: NftablesTraits;
  readonly detector: LocalDetector | undefined;
  /** The addresses that take node ports; undefined: every local address but loopback. */
  readonly nodePortAddresses: readonly string[] | undefined;
  /** The ranges from which Services get addresses: since 1.30, where kube-proxy watches ServiceCIDRs. */
  readonly serviceCidrs: readonly string[];
  /** The node's own address, for source ranges that hold it. */
  readonly nodeAddress: Address;
}

function isLoopback(text: string): boolean {
  return text.startsWith('127.') || addressOf(text)?.text === '::1';
}

/**
 * Which addresses of a node take node ports in nftables mode: since 1.30 the node's own alone, unless others are named.
 * Loopback addresses never do.
 */
function nodePortAddresses(
  node: Node,
  self: Node,
  family: IPFamily,
  { nodePortAddresses: texts }: NodeProxySettings,
  traits: NftablesTraits,
): readonly string[] | undefined {
  const isPrimary = texts.length === 0 ? !traits.alpha : texts.length === 1 && texts[0] === 'primary';
  if (isPrimary && !traits.primaryFallsBack && primaryAddress(self, family) === undefined) return [];
  const cidrs = familyCidrs(self, family, isPrimary ? ['primary'] : texts, isPrimary);
  if (cidrs.length === 0 || cidrs.some(({ length }) => length === 0)) return undefined;
  return addressesIn(node, family, cidrs).filter((text) => !isLoopback(text));
}

/** The context of a node's proxier. */
export function renderContext({ cluster, node, self = node, family, settings }: ProxierInput): RenderContext {
  const traits = nftablesTraits(settings.version);
  const loopback = family === 'IPv4' ? makeAddress(family, 0x7f000001n) : makeAddress(family, 1n);
  return {
    family,
    settings,
    traits,
    detector: localDetector(settings, self, family, traits.interfaceNames),
    nodePortAddresses: nodePortAddresses(node, self, family, settings, traits),
    serviceCidrs:
      !traits.alpha && gateEnabled(settings.version, settings.featureGates, 'MultiCIDRServiceAllocator')
        ? serviceCidrs(cluster, family)
        : [],
    nodeAddress: parseAddress(primaryAddress(self, family) ?? '') ?? loopback,
  };
}
