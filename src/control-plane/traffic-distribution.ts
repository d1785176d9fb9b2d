import type { SliceEndpoint } from '../cluster/objects.js';
import type { EndpointSliceFeatures } from './features.js';
import { isEndpointReady, type SliceChanges, updateHints, withoutHints } from './slice-changes.js';

/** Whether `spec.trafficDistribution` has this value and the version acts on it. */
export function actsOnTrafficDistribution(value: string | undefined, features: EndpointSliceFeatures): value is string {
  if (value === 'PreferClose') return features.preferClose;
  return (value === 'PreferSameZone' || value === 'PreferSameNode') && features.preferSame;
}

/**
 * Hints for `trafficDistribution` (KEP-4444, KEP-3015): every ready endpoint is meant for its own zone, with
 * PreferSameNode for its own node too. Endpoints that are not ready keep what they have.
 */
export function addTrafficDistributionHints(changes: SliceChanges, value: string): SliceChanges {
  const nodeOf = (endpoint: SliceEndpoint) =>
    value === 'PreferSameNode' ? (endpoint.nodeName ?? undefined) : undefined;
  const zoneOf = (endpoint: SliceEndpoint) => endpoint.zone ?? undefined;
  const isStale = (endpoint: SliceEndpoint) => {
    if (!isEndpointReady(endpoint)) return false;
    const agrees = (wanted: string | undefined, hints: readonly { readonly name: string }[] | null | undefined) =>
      wanted === undefined ? (hints ?? []).length === 0 : hints?.length === 1 && hints[0]?.name === wanted;
    return !agrees(zoneOf(endpoint), endpoint.hints?.forZones) || !agrees(nodeOf(endpoint), endpoint.hints?.forNodes);
  };
  const hint = (endpoint: SliceEndpoint): SliceEndpoint => {
    if (!isEndpointReady(endpoint)) return endpoint;
    const zone = zoneOf(endpoint);
    const node = nodeOf(endpoint);
    if (zone === undefined && node === undefined) return withoutHints(endpoint);
    return {
      ...endpoint,
      hints: {
        ...(zone === undefined ? {} : { forZones: [{ name: zone }] }),
        ...(node === undefined ? {} : { forNodes: [{ name: node }] }),
      },
    };
  };
  return updateHints(changes, (slice) => slice.endpoints.some(isStale), hint);
}
