import { nodeZone } from '../cluster/addresses.js';
import type { Fabric } from '../path/fabric.js';
import { hopsOf } from '../path/trail.js';
import { addShare, NO_SHARE, type Share } from '../probability/distribution.js';
import type { Probability } from './answer.js';
import { probability } from './chances.js';
import type { Trip } from './trip.js';

/** The node that a connection is translated on: the client's own, or the one it came in at from outside. */
function firstNode(trip: Trip): string | undefined {
  if (trip.client.kind !== 'OUTSIDE') return trip.client.node;
  return hopsOf(trip.journey.trail).find(({ kind }) => kind === 'NODE')?.name;
}

/**
 * What of the delivered connections takes a second hop (outside clients only: the endpoint is on another node than the
 * one they came in at) and what changes the zone (only where every zone is known). Shares of all connections.
 */
export function crossings(
  fabric: Fabric,
  trips: readonly Trip[],
): { readonly secondHop?: Probability; readonly crossZone?: Probability } {
  let second: Share = NO_SHARE;
  let crossed: Share = NO_SHARE;
  let fromOutside = true;
  let zonesKnown = true;
  let delivered = 0;
  const zoneOf = (node: string | undefined) => {
    const object = node === undefined ? undefined : fabric.cluster.nodes.get(node);
    return object && nodeZone(object);
  };
  for (const trip of trips) {
    const { journey, client } = trip;
    fromOutside &&= client.kind === 'OUTSIDE';
    const there = journey.receiver?.node;
    if (journey.verdict !== 'DELIVERED' || there === undefined) continue;
    delivered++;
    const first = firstNode(trip);
    if (first !== there) second = addShare(second, journey.chance);
    const from = zoneOf(first);
    const to = zoneOf(there);
    if (from === undefined || to === undefined) zonesKnown = false;
    else if (from !== to) crossed = addShare(crossed, journey.chance);
  }
  if (delivered === 0) return {};
  return {
    ...(fromOutside ? { secondHop: probability(second) } : {}),
    ...(zonesKnown ? { crossZone: probability(crossed) } : {}),
  };
}
