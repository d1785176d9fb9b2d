import { canonicalEndpoint, type Fabric } from '../path/fabric.js';
import { portNames } from '../proxy/iptables/names.js';
import type { ServicePort } from '../proxy/service-port.js';

/**
 * The xt_recent entry that a client at `source` has after it has talked to an endpoint (`address:port`) of a Service
 * port with session affinity: kube-proxy names the list after the endpoint's chain. Undefined for an endpoint that the
 * node does not know.
 */
export function affinityEntries(
  fabric: Fabric,
  node: string,
  port: ServicePort,
  endpoint: string,
  source: string,
): ReadonlyMap<string, ReadonlySet<string>> | undefined {
  const known = fabric
    .program(node)
    .services.endpointsOf(port)
    .find((candidate) => candidate.id === endpoint || canonicalEndpoint(candidate).id === endpoint);
  return known === undefined ? undefined : new Map([[portNames(port).endpoint(known), new Set([source])]]);
}
