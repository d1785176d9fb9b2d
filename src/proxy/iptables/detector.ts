import type { IPFamily } from '../../base/address.js';
import { networkOf } from '../../base/address.js';
import type { Node } from '../../cluster/objects.js';
import type { NodeProxySettings } from '../../cluster/settings.js';
import type { Statement } from '../../netfilter/iptables/statements.js';
import { source } from './rule-parts.js';

/** How rules tell traffic of the cluster's pods from other traffic (pkg/proxy/util/localdetector.go). */
export interface LocalDetector {
  readonly ifLocal: Statement;
  readonly ifNotLocal: Statement;
}

function byCidr(cidrs: readonly string[], family: IPFamily): LocalDetector | undefined {
  const cidr = cidrs.map((text) => text.trim()).find((text) => networkOf(text)?.family === family);
  return cidr === undefined ? undefined : { ifLocal: source(cidr), ifNotLocal: source(cidr, true) };
}

function byInterface(name: string): LocalDetector | undefined {
  if (name === '') return undefined;
  return {
    ifLocal: { kind: 'in-interface', name },
    ifNotLocal: { kind: 'in-interface', name, negated: true },
  };
}

/**
 * The local-traffic detector of a node's proxier, undefined where there is none: without a CIDR of the family, and with
 * mode `None`. Interfaces tell local traffic since 1.24.
 */
export function localDetector(
  { detectLocalMode, clusterCIDR, bridgeInterface, interfaceNamePrefix }: NodeProxySettings,
  node: Node,
  family: IPFamily,
): LocalDetector | undefined {
  switch (detectLocalMode) {
    case 'ClusterCIDR':
      return byCidr(clusterCIDR, family);
    case 'NodeCIDR':
      return byCidr(node.spec?.podCIDRs ?? (node.spec?.podCIDR ? [node.spec.podCIDR] : []), family);
    case 'BridgeInterface':
      return byInterface(bridgeInterface);
    case 'InterfaceNamePrefix':
      return byInterface(interfaceNamePrefix === '' ? '' : `${interfaceNamePrefix}+`);
    case 'None':
      return undefined;
  }
}
