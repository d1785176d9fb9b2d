import type { EndpointSlice, SliceEndpoint } from '../cluster/objects.js';

/** What a sync does to the slices of one Service and address type. New slices have an empty name. */
export interface SliceChanges {
  readonly toCreate: readonly EndpointSlice[];
  readonly toUpdate: readonly EndpointSlice[];
  readonly unchanged: readonly EndpointSlice[];
}

/** Whether the endpoint's Ready condition is true (here nil does not count as ready, unlike in kube-proxy). */
export function isEndpointReady(endpoint: SliceEndpoint): boolean {
  return endpoint.conditions?.ready === true;
}

export function withoutHints(endpoint: SliceEndpoint): SliceEndpoint {
  if (endpoint.hints === undefined) return endpoint;
  const { hints: _hints, ...rest } = endpoint;
  return rest;
}

function mapEndpoints(slice: EndpointSlice, change: (endpoint: SliceEndpoint) => SliceEndpoint): EndpointSlice {
  return { ...slice, endpoints: slice.endpoints.map(change) };
}

/** Changes the endpoints of what is created and updated; unchanged slices that `needsUpdate` names join the updates. */
export function updateHints(
  changes: SliceChanges,
  needsUpdate: (slice: EndpointSlice) => boolean,
  change: (endpoint: SliceEndpoint) => SliceEndpoint,
): SliceChanges {
  const stale = changes.unchanged.filter(needsUpdate);
  return {
    toCreate: changes.toCreate.map((slice) => mapEndpoints(slice, change)),
    toUpdate: [...changes.toUpdate, ...stale].map((slice) => mapEndpoints(slice, change)),
    unchanged: stale.length === 0 ? changes.unchanged : changes.unchanged.filter((slice) => !stale.includes(slice)),
  };
}

/** Takes all hints away. */
export function removeHints(changes: SliceChanges): SliceChanges {
  const hinted = (endpoint: SliceEndpoint) => endpoint.hints !== undefined && endpoint.hints !== null;
  return updateHints(changes, (slice) => slice.endpoints.some(hinted), withoutHints);
}
