/**
 * What one answer walks at most. Beyond it a question is refused before anything is walked: it would take minutes and
 * gigabytes.
 */

import type { IPFamily } from '../base/address.js';
import { QuestionError } from '../base/errors.js';
import type { Cluster } from '../cluster/cluster.js';
import { namespacedName, type Service } from '../cluster/objects.js';

/** The most endpoints, of all destinations of one question together. */
export const MAX_WALKED_ENDPOINTS = 100_000;

/**
 * How many endpoints the EndpointSlices of a Service (`namespace/name`) hold, or its Endpoints object where it has
 * none.
 */
export function endpointCount(cluster: Cluster, key: string): number {
  let count = 0;
  let [sliced, first] = [false, 0];
  for (const slice of cluster.slicesOf(key)) {
    sliced = true;
    // Slices of one family, port and endpoint: other families hold the same endpoints again.
    if (slice.addressType === 'IPv6') first += slice.endpoints.length;
    else count += slice.endpoints.length;
  }
  if (sliced) return Math.max(count, first);
  for (const { addresses } of cluster.endpoints.get(key)?.subsets ?? []) count += addresses?.length ?? 0;
  return count;
}

/**
 * Refuses a question whose destinations, by the keys of their Services, have too many endpoints. `pointer` is where the
 * question is in the request. Throws QuestionError ANSWER_TOO_LARGE that names the limit.
 */
export function requireWalkable(cluster: Cluster, keys: readonly string[], pointer: string): void {
  requireWalkableCounts(
    keys.map((key) => ({ key, count: endpointCount(cluster, key) })),
    pointer,
  );
}

/** {@link requireWalkable} where the {@link endpointCount} of each destination is known. */
export function requireWalkableCounts(
  destinations: readonly { readonly key: string; readonly count: number }[],
  pointer: string,
): void {
  let total = 0;
  for (const { count } of destinations) total += count;
  if (total <= MAX_WALKED_ENDPOINTS) return;
  const counts = new Map(destinations.map(({ key, count }) => [key, count]));
  const [largest = '', most = 0] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a), ['', 0] as [string, number]);
  const all = counts.size === 1 ? '' : ` in ${counts.size} Services, ${most} of them in ${largest}`;
  const whose =
    counts.size === 1 ? `Service ${largest} has ${total} endpoints` : `The question is about ${total} endpoints${all}`;
  const instead =
    counts.size === 1
      ? 'Without changes, `probability` and `path` answer about its cluster IP.'
      : 'Name fewer Services.';
  const detail = `${whose}; one answer walks at most ${MAX_WALKED_ENDPOINTS}. ${instead}`;
  throw new QuestionError('ANSWER_TOO_LARGE', detail, [{ pointer, in: 'request', detail }]);
}

/**
 * The least that one endpoint of a Service takes in a text of rules: its chain, two rules of it and the one that leads
 * there.
 */
const BYTES_OF_ENDPOINT = 250;

/**
 * Whether the rules of these Services must be longer than `limit` bytes on every node, so that they need not be written
 * to know it. Counts only endpoints that every node programs: ready ones, without hints, of Services that do not keep
 * to their node.
 */
export function mustExceed(cluster: Cluster, services: Iterable<Service>, family: IPFamily, limit: number): boolean {
  const most = limit / BYTES_OF_ENDPOINT;
  let count = 0;
  for (const service of services) {
    if (service.spec?.internalTrafficPolicy === 'Local' || service.spec?.clusterIP === 'None') continue;
    for (const { addressType, endpoints } of cluster.slicesOf(namespacedName(service))) {
      if (addressType !== family) continue;
      for (const { conditions, hints } of endpoints) if (conditions?.ready !== false && !hints) count++;
    }
    if (count > most) return true;
  }
  return false;
}

/**
 * Refuses to compare what is programmed for Services of which one has more endpoints than are compared, on any of the
 * clusters. `keys`: the Services (`namespace/name`). Throws QuestionError ANSWER_TOO_LARGE that names the limit.
 */
export function requireComparable(clusters: readonly Cluster[], keys: Iterable<string>, pointer: string): void {
  for (const key of keys) {
    const most = Math.max(...clusters.map((cluster) => endpointCount(cluster, key)));
    if (most <= MAX_WALKED_ENDPOINTS) continue;
    const detail =
      `Service ${key} has ${most} endpoints; what is programmed for a Service is compared up to ` +
      `${MAX_WALKED_ENDPOINTS} of them.`;
    throw new QuestionError('ANSWER_TOO_LARGE', detail, [{ pointer, in: 'request', detail }]);
  }
}
