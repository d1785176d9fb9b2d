import type { IPFamily } from '../../base/address.js';
import type { SetDeclaration } from '../../netfilter/nftables/nft-table.js';

/** The sets and maps that all Services share. */
export interface SharedSets {
  readonly clusterIPs: SetDeclaration;
  readonly nodePortIPs: SetDeclaration;
  readonly noEndpointServices: SetDeclaration;
  readonly noEndpointNodePorts: SetDeclaration;
  /** Since 1.30. */
  readonly firewallIPs: SetDeclaration;
  /** 1.29. */
  readonly firewall: SetDeclaration;
  readonly firewallAllow: SetDeclaration;
  readonly serviceIPs: SetDeclaration;
  readonly serviceNodePorts: SetDeclaration;
  /** 1.36. */
  readonly hairpin: SetDeclaration;
}

function make(family: IPFamily): SharedSets {
  const address = family === 'IPv4' ? 'ipv4_addr' : 'ipv6_addr';
  const set = (name: string, type: readonly string[], comment: string, flags?: readonly string[]): SetDeclaration => ({
    name,
    isMap: false,
    type,
    comment,
    ...(flags && { flags }),
  });
  const map = (name: string, type: readonly string[], comment: string): SetDeclaration => ({
    name,
    isMap: true,
    type,
    data: ['verdict'],
    comment,
  });
  const port = ['inet_proto', 'inet_service'];
  const destination = [address, ...port];
  const ranges = 'destinations that are subject to LoadBalancerSourceRanges';
  return {
    clusterIPs: set('cluster-ips', [address], 'Active ClusterIPs'),
    nodePortIPs: set('nodeport-ips', [address], 'IPs that accept NodePort traffic'),
    noEndpointServices: map(
      'no-endpoint-services',
      destination,
      'vmap to drop or reject packets to services with no endpoints',
    ),
    noEndpointNodePorts: map(
      'no-endpoint-nodeports',
      port,
      'vmap to drop or reject packets to service nodeports with no endpoints',
    ),
    firewallIPs: map('firewall-ips', destination, ranges),
    firewall: set('firewall', destination, ranges),
    firewallAllow: set(
      'firewall-allow',
      [...destination, address],
      'destinations+sources that are allowed by LoadBalancerSourceRanges',
      ['interval'],
    ),
    serviceIPs: map('service-ips', destination, 'ClusterIP, ExternalIP and LoadBalancer IP traffic'),
    serviceNodePorts: map('service-nodeports', port, 'NodePort traffic'),
    hairpin: set('hairpin-connections', [address, address, ...port], 'service hairpin connections'),
  };
}

const SETS = { IPv4: make('IPv4'), IPv6: make('IPv6') };

export function sharedSets(family: IPFamily): SharedSets {
  return SETS[family];
}

/** The set in which an endpoint's clients are remembered. */
export function affinitySet(name: string, family: IPFamily, seconds: number): SetDeclaration {
  return {
    name,
    isMap: false,
    type: [family === 'IPv4' ? 'ipv4_addr' : 'ipv6_addr'],
    flags: ['dynamic', 'timeout'],
    timeout: seconds,
  };
}
