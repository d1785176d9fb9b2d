import type { IPFamily } from '../../base/address.js';
import { networkOf } from '../../base/address.js';
import type { Node } from '../../cluster/objects.js';
import type { NodeProxySettings } from '../../cluster/settings.js';
import type { Statement } from '../../netfilter/nftables/types.js';
import { field, matches } from './rule-parts.js';

/** How rules tell traffic of the cluster's pods from other traffic (pkg/proxy/util/localdetector.go). */
export interface LocalDetector {
  readonly ifLocal: Statement;
  readonly ifNotLocal: Statement;
}

function byCidr(cidrs: readonly string[], family: IPFamily): LocalDetector | undefined {
  const cidr = cidrs.map((text) => text.trim()).find((text) => networkOf(text)?.family === family);
  if (cidr === undefined) return undefined;
  const source = field(family, 'saddr');
  return { ifLocal: matches(source, cidr), ifNotLocal: matches(source, cidr, '!=') };
}

function byInterface(name: string, key: string): LocalDetector | undefined {
  if (name === '') return undefined;
  const by = { kind: 'meta', key } as const;
  return { ifLocal: matches(by, name), ifNotLocal: matches(by, name, '!=') };
}

/**
 * The local-traffic detector of a node's proxier, undefined where there is none: without a CIDR of the family, and with
 * mode `None`.
 */
export function localDetector(
  { detectLocalMode, clusterCIDR, bridgeInterface, interfaceNamePrefix }: NodeProxySettings,
  node: Node,
  family: IPFamily,
  interfaceNames: boolean,
): LocalDetector | undefined {
  const key = interfaceNames ? 'iifname' : 'iif';
  switch (detectLocalMode) {
    case 'ClusterCIDR':
      return byCidr(clusterCIDR, family);
    case 'NodeCIDR':
      return byCidr(node.spec?.podCIDRs ?? (node.spec?.podCIDR ? [node.spec.podCIDR] : []), family);
    case 'BridgeInterface':
      return byInterface(bridgeInterface, key);
    case 'InterfaceNamePrefix':
      return byInterface(interfaceNamePrefix === '' ? '' : `${interfaceNamePrefix}*`, key);
    case 'None':
      return undefined;
  }
}
