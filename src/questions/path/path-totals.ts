/** What the journeys of a path come to together: by what is known of their kind, or summed up. */
import { compare, formatFraction } from '../../base/fraction.js';
import { remember } from '../../base/remember.js';
import type { Cluster } from '../../cluster/cluster.js';
import type { PathResult } from '../../contract/answers.js';
import type { Fabric } from '../../path/fabric.js';
import type { Journey } from '../../path/trail.js';
import { probability, total } from '../chances.js';
import type { DoorClient } from '../findings/door.js';
import { type ZoneShares, zoneShares } from '../findings/zones.js';
import { bundledEndpoints } from '../large-ports/large-port.js';
import { type Reached, reachedEndpoints } from '../probability/endpoint-shares.js';
import { verdictShares } from '../probability/verdict-shares.js';
import type { PathSums } from './path-sums.js';

export interface PathTotals {
  readonly verdicts: PathResult['verdicts'];
  /** Undefined where nobody is reached. */
  readonly reached: PathResult['reached'] | undefined;
  readonly imbalance: Reached['imbalance'];
  /** Everyone who is reached. */
  endpoints(): Reached['endpoints'];
}

/**
 * How many endpoints are reached, and what the least and the most likely of them gets. `further`: endpoints that are
 * not listed, each as likely as one that is.
 */
function reachedField(endpoints: Reached['endpoints'], further: number): PathResult['reached'] {
  const [first, ...rest] = endpoints;
  if (first === undefined) return undefined;
  let [smallest, largest] = [first.share, first.share];
  for (const { share } of rest) {
    if (compare(share.nominal, smallest.nominal) < 0) smallest = share;
    if (compare(share.nominal, largest.nominal) > 0) largest = share;
  }
  return { endpoints: endpoints.length + further, smallest: probability(smallest), largest: probability(largest) };
}

/** The totals of any journeys, whose chances must sum to 1. */
export function summedUp(fabric: Fabric, journeys: readonly Journey[]): PathTotals {
  const all = formatFraction(total(journeys.map(({ chance }) => chance)).nominal);
  if (all !== '1') throw new Error(`chances sum to ${all}, not 1`);
  const { endpoints, imbalance } = reachedEndpoints(fabric, journeys);
  return {
    ...{ verdicts: verdictShares(journeys), imbalance, endpoints: () => endpoints },
    reached: reachedField(endpoints, bundledEndpoints(journeys)),
  };
}

/** The totals of journeys whose sums are known. */
export function totalsBySums(fabric: Fabric, journeys: readonly Journey[], sums: PathSums): PathTotals {
  const { verdicts, imbalance } = sums;
  const endpoints = () => reachedEndpoints(fabric, journeys).endpoints;
  return { verdicts, imbalance, endpoints, reached: sums.reached(journeys) };
}

/** So many patterns of zones are kept of one kind. */
const MOST_PATTERNS = 4096;

/** What leaves the zone, as journeys of the kind to endpoints of the same zones have shown it, or show it now. */
export function zoneSharesBySums(
  cluster: Cluster,
  from: readonly DoorClient[],
  sums: PathSums,
  zones: string,
): ZoneShares {
  if (sums.zones.size >= MOST_PATTERNS) sums.zones.clear();
  return remember(sums.zones, zones, () => zoneShares(cluster, from));
}
