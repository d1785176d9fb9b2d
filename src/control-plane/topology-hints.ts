import { remember } from '../base/remember.js';
import type { EndpointSlice, Service, SliceEndpoint } from '../cluster/objects.js';
import type { EndpointSliceFeatures } from './features.js';
import { isEndpointReady, removeHints, type SliceChanges } from './slice-changes.js';
import { allocateZones, isOverloaded, redistribute, type ZoneAllocation } from './zone-allocation.js';

/** An event that the EndpointSlice controller emits for the Service. */
export interface HintEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: 'TopologyAwareHintsEnabled' | 'TopologyAwareHintsDisabled';
  readonly message: string;
}

export interface HintResult {
  readonly changes: SliceChanges;
  readonly events: readonly HintEvent[];
  /** Endpoints hinted for each zone; undefined when hints were removed. */
  readonly hintsByZone: ReadonlyMap<string, number> | undefined;
  /** Whether some zone has too few endpoints for its CPU even so. */
  readonly overloaded: boolean;
}

const OLD_KEY = 'service.kubernetes.io/topology-aware-hints';
const KEY = 'service.kubernetes.io/topology-mode';

/** What a Service asks for topology hints with. */
export const ANNOTATIONS_OF_HINTS: readonly string[] = [OLD_KEY, KEY];

/** Whether the Service asks for topology hints by annotation (`Auto`); the older key wins over the newer. */
export function asksForTopologyHints(service: Service, features: EndpointSliceFeatures): boolean {
  if (!features.topologyHints) return false;
  const annotations = service.metadata.annotations ?? {};
  const value = annotations[OLD_KEY] ?? (features.topologyModeKey ? annotations[KEY] : undefined);
  return value === 'Auto' || value === 'auto';
}

/** What an unchanged slice hints per zone; undefined when it has to be hinted anew. */
function hintsOf(
  slice: EndpointSlice,
  allocated: ReadonlyMap<string, number>,
  allocations: ReadonlyMap<string, ZoneAllocation>,
): Map<string, number> | undefined {
  const hints = new Map<string, number>();
  for (const endpoint of slice.endpoints) {
    if (!isEndpointReady(endpoint)) continue;
    const zones = endpoint.hints?.forZones ?? [];
    if (zones.length === 0) return undefined;
    for (const { name } of zones) {
      if (!allocations.has(name)) return undefined;
      hints.set(name, (hints.get(name) ?? 0) + 1);
    }
  }
  for (const [zone, count] of hints) {
    if (count + (allocated.get(zone) ?? 0) > (allocations.get(zone)?.maximum ?? 0)) return undefined;
  }
  return hints;
}

function readyEndpoints(slices: readonly EndpointSlice[]): number {
  return slices.reduce((sum, slice) => sum + slice.endpoints.filter(isEndpointReady).length, 0);
}

/**
 * Zone hints of a Service with topology mode Auto: every ready endpoint is hinted to one zone, its own unless the
 * zones' CPU shares ask for moving some (KEP-2433). Hints of unchanged slices stay while they fit the allocation. Which
 * receiving zone a moved endpoint gets is random in Kubernetes with three or more zones: here the first by name.
 * `ratios` as {@link cpuRatiosByZone} gives them. Source: Kubernetes 1.36 endpointslice/topologycache `AddHints`.
 */
export function addTopologyHints(
  changes: SliceChanges,
  ratios: ReadonlyMap<string, number> | undefined,
  addressType: string,
): HintResult {
  const disabled = (message: string): HintResult => ({
    changes: removeHints(changes),
    events: [
      { type: 'Warning', reason: 'TopologyAwareHintsDisabled', message: `${message}, addressType: ${addressType}` },
    ],
    hintsByZone: undefined,
    overloaded: false,
  });
  const total = readyEndpoints(changes.toCreate) + readyEndpoints(changes.toUpdate) + readyEndpoints(changes.unchanged);
  const allocations = allocateZones(ratios, total);
  if (typeof allocations === 'string') return disabled(allocations);

  const allocated = new Map<string, number>();
  const unchanged: EndpointSlice[] = [];
  const toUpdate = [...changes.toUpdate];
  for (const slice of changes.unchanged) {
    const hints = hintsOf(slice, allocated, allocations);
    if (hints === undefined) {
      toUpdate.push(slice);
      continue;
    }
    unchanged.push(slice);
    for (const [zone, count] of hints) allocated.set(zone, (allocated.get(zone) ?? 0) + count);
  }
  const open = [...changes.toCreate, ...toUpdate];
  for (const slice of open) {
    for (const endpoint of slice.endpoints) {
      if (!isEndpointReady(endpoint)) continue;
      if (!endpoint.zone) return disabled('One or more endpoints do not have a zone specified');
      allocated.set(endpoint.zone, (allocated.get(endpoint.zone) ?? 0) + 1);
    }
  }
  const { giving, receiving } = redistribute(allocations, allocated);
  const zoneFor = (endpoint: SliceEndpoint): string => {
    const own = endpoint.zone as string;
    const toGive = giving.get(own) ?? 0;
    if (toGive === 0) return own;
    for (const zone of allocations.keys()) {
      const toReceive = receiving.get(zone) ?? 0;
      if (toReceive === 0) continue;
      giving.set(own, toGive - 1);
      receiving.set(zone, toReceive - 1);
      allocated.set(own, (allocated.get(own) as number) - 1);
      allocated.set(zone, (allocated.get(zone) ?? 0) + 1);
      return zone;
    }
    return own;
  };
  const hints = new Map<string, NonNullable<SliceEndpoint['hints']>>();
  const hintsFor = (name: string) => remember(hints, name, () => ({ forZones: [{ name }] }));
  const hint = (slice: EndpointSlice): EndpointSlice => ({
    ...slice,
    endpoints: slice.endpoints.map((endpoint) =>
      isEndpointReady(endpoint) ? { ...endpoint, hints: hintsFor(zoneFor(endpoint)) } : endpoint,
    ),
  });
  const hinted = open.map(hint);
  const created = changes.toCreate.length;
  return {
    changes: { toCreate: hinted.slice(0, created), toUpdate: hinted.slice(created), unchanged },
    events: [
      {
        type: 'Normal',
        reason: 'TopologyAwareHintsEnabled',
        message: `Topology Aware Hints has been enabled, addressType: ${addressType}`,
      },
    ],
    hintsByZone: allocated,
    overloaded: isOverloaded(allocated, ratios),
  };
}
