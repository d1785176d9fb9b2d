/** Requests per second: of pods, of nodes and zones, and what crosses these. */
import { capacityOf, type LoadedPods } from './capacity.js';
import type { Law } from './law.js';
import { levels, type Marginal } from './marginal.js';
import type { Fields } from './models.js';
import type { Offered } from './offered.js';

const GIGABYTE = 1e9;

/** What a load is made of: shares as the engine has them, and the law. */
export interface LoadInput {
  readonly pods: readonly LoadedPods[];
  /** The part of new connections that is delivered. */
  readonly delivered: number;
  /** Of all connections; absent: not known. */
  readonly crossZone?: number | undefined;
  readonly crossNode?: number | undefined;
  readonly law: Law;
  /** Whether single pods are listed. */
  readonly listed: boolean;
}

/** Nodes or zones are listed with percentiles up to so many. */
const MAX_PLACES = 500;
/** Points of a sweep list at most so many nodes. */
export const MAX_SWEPT_NODES = 50;

/**
 * The load of each node or zone: requests per second, and connections with the law of their number where it is known.
 */
export function placesOf(
  pods: readonly LoadedPods[],
  key: 'node' | 'zone',
  rate: number | undefined,
  carried: number | undefined,
  marginal: Marginal | undefined,
): readonly Fields[] {
  // Each term is a pod's whole load, so that sums round as little as they can.
  const summed = (of: number) => {
    const sums = new Map<string, number>();
    for (const pod of pods) sums.set(pod[key], (sums.get(pod[key]) ?? 0) + pod.count * pod.share * of);
    return sums;
  };
  const rates = rate === undefined ? undefined : summed(rate);
  const open = carried === undefined ? undefined : summed(carried);
  return [...summed(1)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, share], index) => ({
      [key]: name,
      ...(rates === undefined ? {} : { requestsPerSecond: rates.get(name) }),
      ...(open === undefined ? {} : { connections: open.get(name) }),
      ...(marginal === undefined || index >= MAX_PLACES ? {} : levels(marginal(Math.min(1, share)))),
    }));
}

function crossing(input: LoadInput, offered: Offered): Fields {
  const { requestsPerSecond: rate, bytesPerRequest, pricePerGigabyte } = offered;
  if (rate === undefined) return {};
  const of = (name: string, share: number | undefined, price: boolean): Fields => {
    if (share === undefined) return {};
    const bytes = bytesPerRequest === undefined ? undefined : share * rate * bytesPerRequest;
    return {
      [`${name}RequestsPerSecond`]: share * rate,
      ...(bytes === undefined ? {} : { [`${name}BytesPerSecond`]: bytes }),
      ...(bytes === undefined || !price || pricePerGigabyte === undefined
        ? {}
        : { [`${name}PricePerHour`]: ((bytes * 3600) / GIGABYTE) * pricePerGigabyte }),
    };
  };
  return { ...of('crossZone', input.crossZone, true), ...of('crossNode', input.crossNode, false) };
}

/** Requests per second of pods, and what crosses zones and nodes. */
export function rates(input: LoadInput, offered: Offered): Fields {
  const { pods, delivered } = input;
  if (offered.requestsPerSecond === undefined) return {};
  const rate = offered.requestsPerSecond * delivered;
  const count = pods.reduce((sum, one) => sum + one.count, 0);
  let [most, least, over, room, known] = [0, Number.POSITIVE_INFINITY, 0, 0, true];
  for (const { share, count: own, cpuMilli } of pods) {
    const load = share * rate;
    if (load > most) most = load;
    if (load < least) least = load;
    const capacity = capacityOf(offered, cpuMilli).rate;
    if (capacity === undefined) known = false;
    else {
      room += own * capacity;
      if (load > capacity * (1 + 1e-12)) over += own;
    }
  }
  return {
    requestsPerSecond: {
      offered: offered.requestsPerSecond,
      delivered: rate,
      most,
      least: pods.length === 0 ? 0 : least,
      mean: count === 0 ? 0 : rate / count,
      ...(known ? { podsOverInTheMean: over, idleCapacity: room - rate } : {}),
    },
    ...crossing(input, offered),
  };
}
