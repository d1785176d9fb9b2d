/**
 * Of very many endpoints of a Service port, those that a walk follows. The rules of the others are written as one entry
 * that stands for them.
 */
import type { LeftOut } from '../netfilter/left-out.js';
import type { EndpointSelection, ProxyEndpoint } from './service-port.js';

interface Sample {
  /** Of each endpoint in the list, ascending. */
  readonly places: readonly number[];
  readonly total: number;
}

const samples = new WeakMap<readonly ProxyEndpoint[], Sample>();

/** The endpoints at these places (ascending) of a list, standing for all of it. */
function sampleEndpoints(all: readonly ProxyEndpoint[], places: readonly number[]): readonly ProxyEndpoint[] {
  const list = places.map((place) => all[place] as ProxyEndpoint);
  samples.set(list, { places, total: all.length });
  return list;
}

/** What a node uses of a port, with those endpoints of the Cluster policy that are followed. */
export function sampledSelection(selection: EndpointSelection, places: readonly number[]): EndpointSelection {
  const cluster = sampleEndpoints(selection.cluster, places);
  const { local } = selection;
  const followed = new Set(cluster);
  const reachable = local.length === 0 ? cluster : [...cluster, ...local.filter((one) => !followed.has(one))];
  return { ...selection, cluster, reachable };
}

/** Whether a list stands for a longer one. */
export function isSample(endpoints: readonly ProxyEndpoint[]): boolean {
  return samples.has(endpoints);
}

/** How many endpoints rules choose from: all that a list stands for. */
export function countOf(endpoints: readonly ProxyEndpoint[]): number {
  return samples.get(endpoints)?.total ?? endpoints.length;
}

/** One endpoint with its place, or those in a row that are left out. */
export type Entry = { readonly endpoint: ProxyEndpoint; readonly place: number } | LeftOut;

/** All that a list stands for, in the order of places. */
export function* entriesOf(endpoints: readonly ProxyEndpoint[]): Iterable<Entry> {
  const sample = samples.get(endpoints);
  if (sample === undefined) {
    for (const [place, endpoint] of endpoints.entries()) yield { endpoint, place };
    return;
  }
  const { places, total } = sample;
  let next = 0;
  for (const [index, endpoint] of endpoints.entries()) {
    const place = places[index] as number;
    if (place > next) yield { first: next, count: place - next, total };
    yield { endpoint, place };
    next = place + 1;
  }
  if (next < total) yield { first: next, count: total - next, total };
}
