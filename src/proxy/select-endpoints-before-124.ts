import type { NodeProxySettings } from '../cluster/settings.js';
import { gateEnabled } from './feature-gates.js';
import type { EndpointSelection, ProxyEndpoint, ServicePort } from './service-port.js';
import type { NodePlace } from './topology.js';
import { isLocalTo, passesTopology, topologyMode } from './topology.js';

/**
 * Which endpoints a node uses, Kubernetes 1.20 to 1.23: a filter that the whole Service port shares, then the ready
 * ones, and those of this node for an external policy Local (pkg/proxy/topology.go and the proxiers of those versions).
 *
 * `reachable` are the endpoints that get a chain, in order: 1.22 makes one for every endpoint the filter leaves, in
 * whatever condition.
 */
export function selectEndpointsBefore124(
  endpoints: readonly ProxyEndpoint[],
  port: ServicePort,
  place: NodePlace,
  settings: NodeProxySettings,
): EndpointSelection {
  const { version, featureGates } = settings;
  const isLocal = isLocalTo(place);
  const all = filterEndpoints(endpoints, port, place, settings, isLocal);
  const cluster = all.filter((endpoint) => endpoint.ready);
  const terminating =
    port.externalPolicyLocal && gateEnabled(version, featureGates, 'ProxyTerminatingEndpoints')
      ? all.filter((endpoint) => !endpoint.ready && endpoint.serving && endpoint.terminating)
      : [];

  let local: readonly ProxyEndpoint[] = [];
  if (port.externalPolicyLocal) {
    local = cluster.filter(isLocal);
    // With the gate, local endpoints that are terminating stand in for missing ready ones (KEP-1669, alpha in 1.22).
    if (local.length === 0) local = terminating.filter(isLocal);
  }
  if (version.minor === 22) return { cluster, local, reachable: all, hasEndpoints: all.length > 0 };
  const used = new Set([...cluster, ...local]);
  return {
    cluster,
    local,
    reachable: used.size === cluster.length ? cluster : all.filter((endpoint) => used.has(endpoint)),
    hasEndpoints: cluster.length > 0 || terminating.length > 0,
  };
}

/** kube-proxy's `FilterEndpoints`: internal policy Local or zone hints, for every destination of the Service alike. */
function filterEndpoints(
  endpoints: readonly ProxyEndpoint[],
  port: ServicePort,
  place: NodePlace,
  settings: NodeProxySettings,
  isLocal: (endpoint: ProxyEndpoint) => boolean,
): readonly ProxyEndpoint[] {
  if (port.externalPolicyLocal) return endpoints;
  if (port.internalPolicyLocal) return endpoints.filter(isLocal);
  const examined = settings.version.minor >= 23 ? endpoints.filter((endpoint) => endpoint.ready) : endpoints;
  const mode = topologyMode(examined, port, place, settings);
  return mode === 'NONE' ? endpoints : endpoints.filter((endpoint) => passesTopology(endpoint, mode, place));
}
