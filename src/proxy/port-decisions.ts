import type { Address } from '../base/address.js';
import { cidrContains, networkOf } from '../base/address.js';
import type { EndpointSelection, ServicePort } from './service-port.js';

/** What becomes of a Service port's traffic on a node, whatever the mode (kube-proxy 1.24 and later). */
export interface PortDecisions {
  /** Traffic to the cluster IP finds an endpoint. */
  readonly hasInternal: boolean;
  /** Traffic to external addresses finds an endpoint by the external policy. */
  readonly hasExternal: boolean;
  /** There are load balancer addresses and source ranges for them. */
  readonly hasRanges: boolean;
  /**
   * What meets traffic that finds no endpoint: dropped where only this node has none, rejected where the Service has
   * none.
   */
  readonly refusal: 'DROP' | 'REJECT';
}

/** Decides for one Service port from the endpoints that the node may use. */
export function decide(port: ServicePort, { local, hasEndpoints }: EndpointSelection): PortDecisions {
  const noLocal = local.length === 0;
  return {
    hasInternal: hasEndpoints && !(port.internalPolicyLocal && noLocal),
    hasExternal: hasEndpoints && !(port.externalPolicyLocal && noLocal),
    hasRanges: port.loadBalancerVIPs.length > 0 && port.sourceRanges.length > 0,
    refusal: hasEndpoints ? 'DROP' : 'REJECT',
  };
}

/** Whether one of the source ranges holds the node's own address. */
export function rangesHold(port: ServicePort, nodeAddress: Address): boolean {
  return port.sourceRanges.some((text) => {
    const range = networkOf(text);
    return range !== undefined && cidrContains(range, nodeAddress);
  });
}
