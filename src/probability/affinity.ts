import { persistenceKey } from '../netfilter/ipvs/balancer.js';
import type { Fabric } from '../path/fabric.js';
import { canonicalEndpoint } from '../path/known-endpoints.js';
import type { ServicePort } from '../proxy/service-port.js';

/**
 * The entry of session affinity that a client at `source` has after it has talked to an endpoint (`address:port`) of a
 * Service port. Undefined for an endpoint that the node does not know.
 */
export function affinityEntries(
  fabric: Fabric,
  node: string,
  port: ServicePort,
  endpoint: string,
  source: string,
): ReadonlyMap<string, ReadonlySet<string>> | undefined {
  const program = fabric.program(node);
  const known = program.services
    .endpointsOf(port)
    .find((candidate) => candidate.id === endpoint || canonicalEndpoint(candidate).id === endpoint);
  if (known === undefined) return undefined;
  const entries = new Map([[program.affinityKey(port, known), new Set([source])]]);
  if ((fabric.ruleset(node).balancers ?? []).length > 0) {
    const { address, port: number } = canonicalEndpoint(known);
    entries.set(persistenceKey(port.protocol, address, number), new Set([source]));
  }
  return entries;
}
