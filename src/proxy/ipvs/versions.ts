import type { KubernetesVersion } from '../../cluster/settings.js';

/** What differs between the ipvs proxiers of Kubernetes 1.20 to 1.36, each with the version in which it came in. */
export interface IpvsTraits {
  /** 1.20 on a node without its chains: each declaration names KUBE-POSTROUTING. */
  readonly wrongDeclarations: boolean;
  /** Since 1.21: health check node ports are accepted, by a set. */
  readonly healthCheckRule: boolean;
  /** Up to 1.21: node ports get virtual servers on loopback addresses that nodePortAddresses name. */
  readonly loopbackNodePorts: boolean;
  /** Up to 1.22: two conntrack rules in KUBE-FORWARD; since 1.23 one. */
  readonly twoConntrackRules: boolean;
  /** Since 1.24: where a policy Local finds no endpoint on the node, the virtual server keeps the others (#97081). */
  readonly localFallback: boolean;
  /** Where source ranges are checked: up to 1.24 by a mark in table nat, since 1.25 in table filter. */
  readonly firewallInFilter: boolean;
  /** Since 1.26: ports of addresses of Services that no Service has are rejected (KUBE-IPVS-FILTER). */
  readonly accessFilter: boolean;
  /** Since 1.27: the Maglev scheduler counts the source port too. */
  readonly maglevPort: boolean;
  /** Up to 1.27: addresses of the node that Services name are put on kube-ipvs0 all the same. */
  readonly bindsOwnAddresses: boolean;
  /**
   * Since 1.29: the entry of an endpoint that may reach itself has its address as it is written (since 1.31 canonical).
   */
  readonly loopBackAsWritten: boolean;
  /** Since 1.28: the access filter lets health check node ports pass. */
  readonly healthCheckAccess: boolean;
  /**
   * Since 1.29: a node whose address no source range holds is kept from load balancer addresses (KUBE-IPVS-OUT-FILTER).
   */
  readonly outFilter: boolean;
  /** Since 1.30: the access filter knows external IPs of Services with policy Local. */
  readonly externalLocalAccess: boolean;
  /** Since 1.31: `nodePortAddresses: [primary]`. */
  readonly primaryNodePorts: boolean;
}

/** What one version of kube-proxy's ipvs mode does. */
export function ipvsTraits({ minor }: KubernetesVersion): IpvsTraits {
  return {
    wrongDeclarations: minor <= 20,
    healthCheckRule: minor >= 21,
    loopbackNodePorts: minor <= 21,
    twoConntrackRules: minor <= 22,
    localFallback: minor >= 24,
    firewallInFilter: minor >= 25,
    accessFilter: minor >= 26,
    maglevPort: minor >= 27,
    bindsOwnAddresses: minor <= 27,
    loopBackAsWritten: minor >= 29,
    healthCheckAccess: minor >= 28,
    outFilter: minor >= 29,
    externalLocalAccess: minor >= 30,
    primaryNodePorts: minor >= 31,
  };
}
