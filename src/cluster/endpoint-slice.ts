import type { EndpointSlice, SliceEndpoint } from './objects.js';
import { ZONE_LABEL } from './objects.js';

const HOSTNAME_LABEL = 'kubernetes.io/hostname';

/**
 * A v1beta1 endpoint as v1 has it, the way the API server converts it (discovery/v1beta1 conversion.go): the zone and,
 * where the field is missing, the node name are in `topology`; the other labels are kept as deprecatedTopology.
 */
function endpointFromBeta(endpoint: SliceEndpoint): SliceEndpoint {
  const { topology, ...rest } = endpoint;
  if (topology === undefined) return endpoint;
  const nodeName = endpoint.nodeName ?? topology[HOSTNAME_LABEL];
  const zone = endpoint.zone ?? topology[ZONE_LABEL];
  return {
    ...rest,
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(zone === undefined ? {} : { zone }),
    deprecatedTopology: topology,
  };
}

/** A validated EndpointSlice of v1 or v1beta1 as {@link EndpointSlice}; the object itself where nothing differs. */
export function endpointSliceFrom(slice: EndpointSlice & { readonly apiVersion?: unknown }): EndpointSlice {
  // Both lists are printed as null when they are empty, whatever the type says.
  const endpoints: readonly SliceEndpoint[] | null | undefined = slice.endpoints;
  const ports: EndpointSlice['ports'] | null | undefined = slice.ports;
  const beta = slice.apiVersion === 'discovery.k8s.io/v1beta1';
  if (!beta && endpoints && ports) return slice;
  return {
    ...slice,
    ports: ports ?? [],
    endpoints: beta ? (endpoints ?? []).map(endpointFromBeta) : (endpoints ?? []),
  };
}
