import { nodeZone } from '../cluster/addresses.js';
import type { BackendShare, Balancer } from '../load-balancers/balancer.js';
import { add, type Fraction, ONE, ZERO } from '../netfilter/fraction.js';
import type { Client } from '../path/client.js';
import type { Fabric } from '../path/fabric.js';
import { balancedClient, type WeightedClient } from '../path/sources.js';

/** An outside client of a load balancer, as a request says it. */
export interface OutsideOfBalancer {
  readonly address?: string;
  /** The zone of a client inside the provider's network. */
  readonly zone?: string;
}

/**
 * The clients of a load balancer, told as few: backends whose nodes carry the same rules for the destination share one
 * representative, with the sum of their shares. `specialFor`: the nodes whose rules may be like no other's.
 */
export function balancedGroups(
  fabric: Fabric,
  balancer: Balancer,
  outside: OutsideOfBalancer,
  specialFor: (client: Client) => ReadonlySet<string>,
  pointer: string,
): readonly WeightedClient[] {
  const anyone = balancedClient(fabric, outside, { balancer }, pointer);
  const client = { address: anyone.address, zone: outside.zone ?? '' };
  const { shares } = balancer.distribution(fabric.phase, client, fabric.earlierThan(balancer));
  if (shares.length === 0) return [{ client: anyone, weight: ONE }];
  const special = specialFor(anyone);
  const classes = new Map<string, { readonly first: BackendShare; weight: Fraction }>();
  const profiles = new Map<object, number>();
  for (const entry of shares) {
    const key = classOf(fabric, entry, special, profiles);
    const known = classes.get(key);
    if (known === undefined) classes.set(key, { first: entry, weight: entry.share });
    else known.weight = add(known.weight, entry.share);
  }
  return [...classes.values()].map(({ first, weight }) => ({
    client: balancedClient(fabric, outside, { balancer, shares: [{ backend: first.backend, share: ONE }] }, pointer),
    weight: weight ?? ZERO,
  }));
}

/** Equal for backends that treat a packet alike; a backend of its own otherwise. */
function classOf(
  fabric: Fabric,
  { backend }: BackendShare,
  special: ReadonlySet<string>,
  profiles: Map<object, number>,
): string {
  const node = fabric.cluster.nodes.get(backend.node);
  if (backend.kind === 'POD') return `pod ${backend.pod ?? ''} ${backend.address ?? ''}`;
  const unlike =
    special.has(backend.node) || node === undefined || backend.address === undefined || fabric.isDown(backend.node);
  if (unlike) return `node ${backend.node}`;
  const profile = fabric.settings.proxyOf(backend.node);
  const number = profiles.get(profile) ?? profiles.size;
  profiles.set(profile, number);
  return `alike ${number} ${nodeZone(node) ?? ''}`;
}
