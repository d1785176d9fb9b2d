import { canonicalEndpoint, type Fabric } from '../path/fabric.js';
import type { ServicePort } from '../proxy/service-port.js';

/**
 * The entry of session affinity that a client at `source` has after it has talked to an endpoint (`address:port`) of a Service
 * port. Undefined for an endpoint that the
 * node does not know.
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
  return known === undefined ? undefined : new Map([[program.affinityKey(port, known), new Set([source])]]);
}
