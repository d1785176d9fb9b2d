import type { EndpointSlice, ObjectMeta, SliceEndpoint, SlicePort } from '../cluster/objects.js';
import { endpointKey, sameEndpoint } from './pod-endpoint.js';
import type { SliceChanges } from './slice-changes.js';

/** kube-controller-manager's default for --max-endpoints-per-slice. */
const MAX_ENDPOINTS_PER_SLICE = 100;

export interface PackingPlan extends SliceChanges {
  readonly toDelete: readonly EndpointSlice[];
}

export interface PackingInput {
  /** The Service's slices with exactly these ports. */
  readonly existing: readonly EndpointSlice[];
  /** What should be published, by {@link endpointKey}. */
  readonly desired: ReadonlyMap<string, SliceEndpoint>;
  readonly ports: readonly SlicePort[];
  /** The labels that the Service gives its slices. */
  labelsFor(slice: EndpointSlice): { readonly labels: NonNullable<ObjectMeta['labels']>; readonly changed: boolean };
  /** An empty new slice with the ports of the group. */
  newSlice(): EndpointSlice;
}

const addressText = (endpoint: SliceEndpoint) => endpoint.addresses[0] ?? '';
const byAddress = (a: SliceEndpoint, b: SliceEndpoint) =>
  addressText(a) < addressText(b) ? -1 : addressText(a) > addressText(b) ? 1 : 0;

/**
 * Fits endpoints into slices so that few slices change: endpoints stay where they are; those that are gone or changed
 * make their slice an update; new ones fill the updates, fullest first; what is left goes into the one unchanged slice
 * that it fits most tightly, or into new slices. Which new endpoint lands where is random in Kubernetes: here they are
 * dealt in order of their addresses. Source: Kubernetes 1.36 endpointslice `reconcileByPortMapping`.
 */
export function packEndpoints({ existing, desired, labelsFor, newSlice }: PackingInput): PackingPlan {
  const left = new Map(desired);
  // Endpoints of a trimmed snapshot may lack their pod: then the address alone identifies them.
  let keys: Map<string, string> | undefined;
  const keyByAddress = (address: string): string | undefined => {
    keys ??= new Map([...desired].map(([key, endpoint]) => [addressText(endpoint), key]));
    return keys.get(address);
  };
  let unchanged: EndpointSlice[] = [];
  const updates: EndpointSlice[] = [];
  const toDelete: EndpointSlice[] = [];
  for (const slice of existing) {
    const kept: SliceEndpoint[] = [];
    let differs = false;
    for (const endpoint of slice.endpoints) {
      const key = endpoint.targetRef === undefined ? keyByAddress(addressText(endpoint)) : endpointKey(endpoint);
      const wanted = key === undefined ? undefined : left.get(key);
      if (wanted === undefined) continue;
      kept.push(wanted);
      differs ||= !sameEndpoint(wanted, endpoint);
      left.delete(key as string);
    }
    const { labels, changed } = labelsFor(slice);
    if (differs || kept.length !== slice.endpoints.length) {
      if (kept.length === 0) toDelete.push(slice);
      else updates.push({ ...slice, metadata: { ...slice.metadata, labels }, endpoints: kept });
    } else if (changed) updates.push({ ...slice, metadata: { ...slice.metadata, labels } });
    else unchanged.push(slice);
  }

  const fresh = [...left.values()].sort(byAddress);
  let next = 0;
  const fill = (slice: EndpointSlice): EndpointSlice => {
    const room = Math.min(MAX_ENDPOINTS_PER_SLICE - slice.endpoints.length, fresh.length - next);
    if (room <= 0) return slice;
    const endpoints = [...slice.endpoints, ...fresh.slice(next, next + room)];
    next += room;
    return { ...slice, endpoints };
  };
  const fullestFirst = [...updates].sort((a, b) => b.endpoints.length - a.endpoints.length);
  const toUpdate = fullestFirst.map(fill);
  const toCreate: EndpointSlice[] = [];
  while (next < fresh.length) {
    const remaining = fresh.length - next;
    let tightest: EndpointSlice | undefined;
    if (remaining < MAX_ENDPOINTS_PER_SLICE) {
      for (const slice of unchanged) {
        const size = slice.endpoints.length;
        const fits = size > 0 && size + remaining <= MAX_ENDPOINTS_PER_SLICE;
        if (fits && size > (tightest?.endpoints.length ?? 0)) tightest = slice;
      }
    }
    if (tightest === undefined) toCreate.push(fill(newSlice()));
    else {
      const chosen = tightest;
      toUpdate.push(fill(chosen));
      unchanged = unchanged.filter((slice) => slice !== chosen);
    }
  }
  return { toCreate, toUpdate, unchanged, toDelete };
}
