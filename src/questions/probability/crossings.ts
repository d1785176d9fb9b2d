import type { Cluster } from '../../cluster/cluster.js';
import type { Probability } from '../../contract/answers.js';
import { addShare, NO_SHARE, type Share } from '../../probability/distribution.js';
import { probability } from '../chances.js';
import type { DoorClient } from '../findings/door.js';
import { zoneShares } from '../findings/zones.js';

/**
 * What of the delivered connections takes a second hop (outside clients only: the endpoint is on another node than the
 * one they came in at) and what changes the zone (only where every zone is known). Shares of all connections.
 */
export function crossings(
  cluster: Cluster,
  clients: readonly DoorClient[],
): { readonly secondHop?: Probability; readonly crossZone?: Probability } {
  let second: Share = NO_SHARE;
  let fromOutside = true;
  let delivered = 0;
  for (const { client, outcomes } of clients) {
    for (const { verdict, receiver, entered, share, programmed } of outcomes) {
      fromOutside &&= client.kind === 'OUTSIDE';
      if (verdict !== 'DELIVERED' || receiver?.node === undefined) continue;
      delivered++;
      if (entered !== receiver.node) second = addShare(second, { nominal: share, programmed });
    }
  }
  if (delivered === 0) return {};
  const { crossing, complete } = zoneShares(cluster, clients);
  return {
    ...(fromOutside ? { secondHop: probability(second) } : {}),
    ...(complete ? { crossZone: probability(crossing) } : {}),
  };
}
