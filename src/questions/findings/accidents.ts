/** Endpoints that kube-proxy gets from several EndpointSlices, and of which it keeps one or another by accident. */
import { joinHostPort } from '../../base/address.js';
import type { EndpointSlice } from '../../cluster/objects.js';
import { slicesFor } from '../../proxy/endpoint-list.js';
import { readingOf } from '../../proxy/reading.js';
import { serviceMap } from '../../proxy/service-map.js';
import type { ServicePort } from '../../proxy/service-port.js';
import type { StateFinder } from './finders.js';
import { finding, listed, MAX_LISTED, portEvidence, portText } from './finding.js';
import { isTranslatedByRules, portsOf, refOf, workingNodes } from './service-facts.js';

interface Entry {
  readonly slice: string;
  readonly id: string;
  /** Its conditions as one number; 0 for versions that know of none. */
  readonly conditions: number;
}

/** How many entries slices have for a port, ready or not. */
function countEntries(slices: readonly EndpointSlice[], { portName, protocol: own }: ServicePort): number {
  let count = 0;
  for (const { ports, endpoints } of slices) {
    for (const { name, port, protocol } of ports)
      if ((name ?? '') === portName && (protocol ?? 'TCP') === own && port) count += endpoints.length;
  }
  return count;
}

/**
 * Endpoints that are in two slices with other ports or conditions. kube-proxy visits slices in the order of a Go map,
 * which is another one each time; up to 1.21 it tells endpoints of a Service port apart by their address alone, so that
 * of two ports of one address one is lost (pkg/proxy/endpointslicecache.go).
 */
export const accidentalEndpoints: StateFinder = (view) => {
  const [node] = workingNodes(view.cluster);
  if (node === undefined || !isTranslatedByRules(view)) return [];
  const reading = readingOf(view.settings.proxyOf(node.metadata.name));
  return view.services.flatMap((key) => {
    if (view.cluster.slicesOf(key).length < 2) return [];
    return portsOf(view, key).flatMap(({ port }) => {
      const slices = slicesFor(view.cluster, key, port.family, reading);
      if (slices.length < 2) return [];
      const map = serviceMap(view.cluster, port.family, view.settings.proxyOf(node.metadata.name));
      if (map.endpointsOf(port).length === countEntries(slices, port)) return [];
      const entries = new Map<string, Entry>();
      const accidental = new Set<string>();
      for (const slice of slices) {
        for (const { name, port: number, protocol } of slice.ports) {
          if ((name ?? '') !== port.portName || (protocol ?? 'TCP') !== port.protocol || !number) continue;
          for (const { addresses, conditions = {} } of slice.endpoints) {
            const { ready = true, serving = ready, terminating = false } = conditions;
            // Versions that drop what is not ready as they read it never see it.
            if (addresses[0] === undefined || (reading.readyOnly && ready === false)) continue;
            const id = joinHostPort(addresses[0], number);
            const identity = reading.endpointIdentity === 'ADDRESS' ? addresses[0] : id;
            const flags = reading.readyOnly ? 0 : Number(ready) + 2 * Number(serving) + 4 * Number(terminating);
            const first = entries.get(identity);
            if (first === undefined) {
              entries.set(identity, { slice: slice.metadata.name, id, conditions: flags });
            } else if (first.slice !== slice.metadata.name && (first.id !== id || first.conditions !== flags)) {
              accidental.add(first.id).add(id);
            }
          }
        }
      }
      if (accidental.size === 0) return [];
      const ids = [...accidental];
      const why =
        reading.endpointIdentity === 'ADDRESS'
          ? 'this version keeps one port of each address'
          : 'they have other conditions in one than in another';
      const message =
        `Endpoints of ${portText(refOf(port))} are in several EndpointSlices (${listed(ids)}), and ${why}: ` +
        'which of them kube-proxy ' +
        'keeps is an accident of the order in which it visits slices, and may be another one on each node ' +
        'and after each restart.';
      return [
        finding('ENDPOINTS_BY_ACCIDENT', message, {
          ...portEvidence(refOf(port), port.family),
          endpoints: ids.slice(0, MAX_LISTED),
          endpointCount: ids.length,
        }),
      ];
    });
  });
};
