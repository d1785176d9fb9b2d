import { add, type Fraction, fraction, multiply, ONE, ZERO } from '../../base/fraction.js';
import type { Cluster } from '../../cluster/cluster.js';
import type { Probability } from '../../contract/answers.js';
import { ShareSum } from '../../probability/distribution.js';
import { probability } from '../chances.js';
import type { DoorClient } from '../findings/door.js';
import { zoneShares } from '../findings/zones.js';

/** What of the connections is delivered on another node than the one that it comes from, or comes in at. */
export function crossNodeShare(clients: readonly DoorClient[]): Fraction {
  let crossing = ZERO;
  for (const { client, nodes, outcomes } of clients) {
    const own = nodes ?? [client.node];
    for (const { verdict, receiver, entered, share } of outcomes) {
      if (verdict !== 'DELIVERED' || receiver?.node === undefined) continue;
      const near = entered === undefined ? own.includes(receiver.node) : entered === receiver.node;
      const away = near ? (entered === undefined ? fraction(own.length - 1, own.length) : ZERO) : ONE;
      crossing = add(crossing, multiply(share, away));
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
    for (const { verdict, receiver, entered, share, programmed } of outcomes) {
      fromOutside &&= client.kind === 'OUTSIDE';
      if (verdict !== 'DELIVERED' || receiver?.node === undefined) continue;
      delivered++;
      if (entered !== receiver.node) second.add({ nominal: share, programmed });
    }
  }
  if (delivered === 0) return {};
  const { crossing, complete } = zoneShares(cluster, clients);
  return {
    ...(fromOutside ? { secondHop: probability(second.share) } : {}),
    ...(complete ? { crossZone: probability(crossing) } : {}),
  };
}
