import type { NodeProxySettings } from '../cluster/settings.js';
import { byId } from './endpoint-list.js';
import { gateEnabled } from './feature-gates.js';
import { selectEndpointsBefore124 } from './select-endpoints-before-124.js';
import type { EndpointSelection, ProxyEndpoint, ServicePort } from './service-port.js';
import type { NodePlace } from './topology.js';
import { isLocalTo, passesTopology, topologyMode } from './topology.js';
import { usesClusterEndpoints, usesLocalEndpoints } from './traffic-policies.js';

const NONE: readonly ProxyEndpoint[] = [];

/** `list.filter(keep)`, but the list itself where everything is kept: most lists are. */
function filtered(
  list: readonly ProxyEndpoint[],
  keep: (endpoint: ProxyEndpoint) => boolean,
): readonly ProxyEndpoint[] {
  return list.every(keep) ? list : list.filter(keep);
}

const isReady = (endpoint: ProxyEndpoint) => endpoint.ready;
const servesWhileTerminating = (endpoint: ProxyEndpoint) => endpoint.serving && endpoint.terminating;

/**
 * Which endpoints a node's kube-proxy uses for a Service port, of the endpoints as that kube-proxy keeps them (sorted).
 * Follows kube-proxy's `CategorizeEndpoints` (pkg/proxy/topology.go, 1.24 and later) and what was in the proxiers
 * before.
 */
export function selectEndpoints(
  endpoints: readonly ProxyEndpoint[],
  port: ServicePort,
  place: NodePlace,
  settings: NodeProxySettings,
): EndpointSelection {
  if (settings.version.minor < 24) return selectEndpointsBefore124(endpoints, port, place, settings);
  const usesCluster = usesClusterEndpoints(port);
  const terminating = gateEnabled(settings.version, settings.featureGates, 'ProxyTerminatingEndpoints');
  const ready = filtered(endpoints, isReady);
  const mode = usesCluster ? topologyMode(ready, port, place, settings) : 'NONE';

  let cluster = NONE;
  if (usesCluster) {
    cluster = mode === 'NONE' ? ready : ready.filter((endpoint) => passesTopology(endpoint, mode, place));
    if (cluster.length === 0 && terminating) cluster = filtered(endpoints, servesWhileTerminating);
  }
  if (!usesLocalEndpoints(port)) {
    return { cluster, local: NONE, reachable: cluster, hasEndpoints: cluster.length > 0 };
  }

  const draining = terminating
    ? endpoints.filter((endpoint) => !endpoint.ready && servesWhileTerminating(endpoint))
    : NONE;
  const hasEndpoints = cluster.length > 0 || ready.length > 0 || draining.length > 0;
  const isLocal = isLocalTo(place);
  let local = filtered(ready, isLocal);
  let localTerminating = false;
  if (local.length === 0 && draining.some(isLocal)) {
    localTerminating = true;
    local = endpoints.filter((endpoint) => isLocal(endpoint) && servesWhileTerminating(endpoint));
  }
  if (!usesCluster) return { cluster, local, reachable: local, hasEndpoints };
  // Without hints and terminating endpoints the cluster list holds every local one too.
  const reachable = mode === 'NONE' && !localTerminating ? cluster : union(cluster, local);
  return { cluster, local, reachable, hasEndpoints };
}

/** Both lists, each endpoint once. kube-proxy's order is random here; this project's is by bytes of `address:port`. */
function union(a: readonly ProxyEndpoint[], b: readonly ProxyEndpoint[]): readonly ProxyEndpoint[] {
  return [...new Map([...a, ...b].map((endpoint) => [endpoint.id, endpoint])).values()].sort(byId);
}
