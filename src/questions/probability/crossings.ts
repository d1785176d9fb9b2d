import { add, type Fraction, fraction, multiply, ONE, ZERO } from '../../base/fraction.js';
import type { Cluster } from '../../cluster/cluster.js';
import type { Probability } from '../../contract/answers.js';
import { ShareSum } from '../../probability/distribution.js';
import { probability } from '../chances.js';
import type { DoorClient } from '../findings/door.js';
import { zoneShares } from '../findings/zones.js';

/** How many of some nodes are not this one. */
function partElsewhere(nodes: readonly string[], node: string): Fraction {
  return nodes.includes(node) ? fraction(nodes.length - 1, nodes.length) : ONE;
}

/** What of the connections is delivered on another node than the one that it comes from, or comes in at. */
export function crossNodeShare(clients: readonly DoorClient[]): Fraction {
  let crossing = ZERO;
  for (const { client, nodes, outcomes } of clients) {
    for (const { verdict, receiver, entries, share } of outcomes) {
      if (verdict !== 'DELIVERED' || receiver?.node === undefined) continue;
      crossing = add(crossing, multiply(share, partElsewhere(entries ?? nodes ?? [client.node], receiver.node)));
    }
  }
  return crossing;
}

/**
 * What of the delivered connections takes a second hop (outside clients only: the endpoint is on another node than the
 * one they came in at) and what changes the zone (only where every zone is known). Shares of all connections.
 */
export function crossings(
  cluster: Cluster,
  clients: readonly DoorClient[],
): { readonly secondHop?: Probability; readonly crossZone?: Probability } {
  const second = new ShareSum();
  let fromOutside = true;
  let delivered = 0;
  for (const { client, outcomes } of clients) {
    for (const { verdict, receiver, entries, share, programmed } of outcomes) {
      fromOutside &&= client.kind === 'OUTSIDE';
      if (verdict !== 'DELIVERED' || receiver?.node === undefined) continue;
      delivered++;
      if (!fromOutside) continue;
      const part = partElsewhere(entries ?? [], receiver.node);
      second.add({ nominal: multiply(share, part), programmed: multiply(programmed, part) });
    }
  }
  if (delivered === 0) return {};
  const { crossing, complete } = zoneShares(cluster, clients);
  return {
    ...(fromOutside ? { secondHop: probability(second.share) } : {}),
    ...(complete ? { crossZone: probability(crossing) } : {}),
  };
}
