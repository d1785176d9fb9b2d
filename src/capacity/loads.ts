/** All that is asked of connections thrown over pods, worked out together: what one law gives is not computed twice. */
import { above, binomialLaw, type Law } from './numbers.js';
import type { PodGroup } from './occupancy/groups.js';
import { anyOver, leastLoaded, mostLoaded } from './occupancy/occupancy.js';

export interface ThrownLoads {
  readonly most: Law;
  readonly least: Law;
  /** The chance that some pod has nothing, and how many have nothing in the mean. */
  readonly anyIdle: number;
  readonly expectedIdle: number;
  /** Present where a capacity is given. */
  readonly anyOver?: number;
  readonly expectedOver?: number;
}

/**
 * The chance of more than `limit`, of a law that is known with an absolute error; undefined where that error would
 * show.
 */
function tailOfMost(most: Law, limit: number): number | undefined {
  if (limit < most.first) return 1;
  const tail = above(most, limit);
  return tail > 1e-6 ? tail : undefined;
}

/** The loads of N connections over pods whose shares sum to 1. Exact: absolute error about 1e-13. */
export function thrownLoads(connections: number, groups: readonly PodGroup[]): ThrownLoads {
  const most = mostLoaded(connections, groups);
  const least = leastLoaded(connections, groups);
  const pods = groups.reduce((sum, { count }) => sum + count, 0);
  const expectedIdle = groups.reduce((sum, { count, share }) => sum + count * (1 - share) ** connections, 0);
  const anyIdle =
    connections < pods ? 1 : expectedIdle < 1e-9 ? expectedIdle : least.first === 0 ? (least.chances[0] as number) : 0;
  const capacities = new Set(groups.map(({ capacity }) => capacity));
  if (capacities.size === 1 && capacities.has(undefined)) return { most, least, anyIdle, expectedIdle };
  const room = groups.reduce((sum, { count, capacity = connections }) => sum + count * Math.floor(capacity), 0);
  const [same] = capacities;
  const known = capacities.size === 1 && same !== undefined ? tailOfMost(most, same) : undefined;
  const expectedOver = groups.reduce(
    (sum, { count, share, capacity }) =>
      sum + (capacity === undefined ? 0 : count * above(binomialLaw(connections, share), capacity)),
    0,
  );
  return {
    most,
    least,
    anyIdle,
    expectedIdle,
    anyOver: room < connections ? 1 : (known ?? anyOver(connections, groups)),
    expectedOver,
  };
}
