import { ONE } from '../base/fraction.js';
import type { AskedPort, BackendShare, Balancer } from '../load-balancers/balancer.js';
import { alikeBackends } from '../path/alike-backends.js';
import type { Fabric } from '../path/fabric.js';
import { balancedClient, type WeightedClient } from '../path/sources.js';

/** An outside client of a load balancer, as a request says it. */
export interface OutsideOfBalancer {
  readonly address?: string;
  /** The zone of a client inside the provider's network. */
  readonly zone?: string;
}

/** The backends that a client of a load balancer is sent to, with their shares; none where it sends to nobody. */
export function balancedShares(
  fabric: Fabric,
  balancer: Balancer,
  outside: OutsideOfBalancer,
  pointer: string,
  port?: AskedPort,
): readonly BackendShare[] {
  const anyone = balancedClient(fabric, outside, { balancer }, pointer);
  const client = { address: anyone.address, zone: outside.zone ?? '' };
  return balancer.distribution(fabric.phase, client, fabric.earlierThan(balancer), port).shares;
}

/** The clients of a load balancer, as few: one for each of the backends that are unlike each other. */
export function balancedGroups(
  fabric: Fabric,
  balancer: Balancer,
  outside: OutsideOfBalancer,
  pointer: string,
  port?: AskedPort,
): readonly WeightedClient[] {
  const shares = balancedShares(fabric, balancer, outside, pointer, port);
  if (shares.length === 0) return [{ client: balancedClient(fabric, outside, { balancer }, pointer), weight: ONE }];
  return alikeBackends(fabric, balancer, shares).map(({ backend, share, nodes, nodeClass }) => ({
    entries: nodes,
    ...(nodeClass === undefined ? {} : { nodeClass }),
    client: balancedClient(fabric, outside, { balancer, shares: [{ backend, share: ONE }] }, pointer),
    weight: share,
  }));
}
