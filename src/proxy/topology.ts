import type { NodeProxySettings } from '../cluster/settings.js';
import { gateEnabled } from './feature-gates.js';
import type { ProxyEndpoint, ServicePort } from './service-port.js';

/** What the choice of endpoints knows of the node. */
export interface NodePlace {
  readonly name: string;
  /** '' when the node carries no zone label. */
  readonly zone: string;
}

/** Whether an endpoint is on the node. A node without a name has none. */
export function isLocalTo(place: NodePlace): (endpoint: ProxyEndpoint) => boolean {
  return (endpoint) => place.name !== '' && endpoint.node === place.name;
}

export type TopologyMode = 'NONE' | 'PREFER_SAME_ZONE' | 'PREFER_SAME_NODE';

/**
 * Whether the Service's annotation lets zone hints count: 1.21–1.26 `Auto` or `auto`, 1.27 anything but `Disabled`;
 * from 1.30 with gate ServiceTrafficDistribution, and from 1.33 always, hints count by themselves.
 */
function annotationAllows(port: ServicePort, settings: NodeProxySettings): boolean {
  const { version, featureGates } = settings;
  if (version.minor >= 33 || gateEnabled(version, featureGates, 'ServiceTrafficDistribution')) return true;
  const value = port.hintsAnnotation;
  if (version.minor >= 27) return value !== '' && value !== 'disabled' && value !== 'Disabled';
  return value === 'Auto' || value === 'auto';
}

/** Whether every endpoint has hints, and at least one names this place. */
function hinted(endpoints: readonly ProxyEndpoint[], hints: 'zoneHints' | 'nodeHints', place: string): boolean {
  if (place === '') return false;
  let found = false;
  for (const endpoint of endpoints) {
    const names = endpoint[hints];
    if (names.length === 0) return false;
    found ||= names.includes(place);
  }
  return found;
}

/**
 * How hints restrict a Service port on a node (kube-proxy's `canUseTopology` up to 1.32, `topologyModeFromHints` from
 * 1.33). `endpoints` are those whose hints count: all of them up to 1.22, then the ready ones.
 */
export function topologyMode(
  endpoints: readonly ProxyEndpoint[],
  port: ServicePort,
  place: NodePlace,
  settings: NodeProxySettings,
): TopologyMode {
  const { version, featureGates } = settings;
  const gate = (name: Parameters<typeof gateEnabled>[2]) => gateEnabled(version, featureGates, name);
  if (gate('PreferSameTrafficDistribution') && hinted(endpoints, 'nodeHints', place.name)) return 'PREFER_SAME_NODE';
  if (!gate('TopologyAwareHints') || !annotationAllows(port, settings)) return 'NONE';
  return hinted(endpoints, 'zoneHints', place.zone) ? 'PREFER_SAME_ZONE' : 'NONE';
}

/** Whether an endpoint may be used under a topology mode. */
export function passesTopology(endpoint: ProxyEndpoint, mode: TopologyMode, place: NodePlace): boolean {
  if (mode === 'PREFER_SAME_NODE') return endpoint.nodeHints.includes(place.name);
  return mode === 'NONE' || endpoint.zoneHints.includes(place.zone);
}
