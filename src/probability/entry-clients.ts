/** The clients of a destination one by one, for laws that add up what their pairs with endpoints come to. */
import { type Fraction, fraction, ONE } from '../base/fraction.js';
import { remember } from '../base/remember.js';
import { nodeZone } from '../cluster/addresses.js';
import type { BackendShare } from '../load-balancers/balancer.js';
import type { Client } from '../path/client.js';
import { type Destination, resolveDestination } from '../path/destinations.js';
import type { Fabric } from '../path/fabric.js';
import { policyProfile } from '../path/policy-profile.js';
import { balancedClient } from '../path/sources.js';
import { balancedShares } from './balanced-groups.js';
import { askedClients, type ClientsSpec, portOf } from './client-groups.js';
import { nodesApart } from './nodes-apart.js';

/** A client, or a backend of a load balancer, where the choice among endpoints begins. */
export interface EntryClient {
  readonly node: string;
  readonly weight: Fraction;
  /** Equal for entries that nothing but their own endpoints, zones and hints tells apart. */
  readonly likeness: string;
  readonly zone: string;
  client(): Client;
}

/** Whether a client's node is like no other to the destination, whatever endpoints it has. */
function isApart(fabric: Fabric, destination: Destination, client: Client): boolean {
  return resolveDestination(fabric, destination, client).targets.some(({ target: { address, port } }) => {
    if (port === undefined) return true;
    const { nodes, every } = nodesApart(fabric, client, address, port);
    if (every) return true;
    // A node port of each client's own node: that the address is on the node tells nobody apart.
    const own =
      destination.kind === 'SERVICE' && destination.target.via === 'NODE_PORT' && destination.target.node === undefined;
    return nodes.has(client.node) && !(own && nodes.size === 1 && fabric.places.locate(address).kind === 'NODE');
  });
}

/** What a load balancer's entries were made of. */
interface Origin {
  readonly spread: readonly BackendShare[];
  readonly nodes: object;
}

const originOf = new WeakMap<readonly EntryClient[], Origin>();

/** Whether a load balancer spreads connections alike over the same backends. */
function sameSpread(a: readonly BackendShare[], b: readonly BackendShare[]): boolean {
  if (a.length !== b.length) return false;
  return a.every(({ backend, share }, index) => {
    const other = b[index] as BackendShare;
    return (
      backend.node === other.backend.node &&
      backend.kind === other.backend.kind &&
      backend.address === other.backend.address &&
      share.n === other.share.n &&
      share.d === other.share.d
    );
  });
}

/**
 * The clients of a destination one by one, with nodes not grouped by the endpoints that they have; undefined where they
 * are named one by one, where a load balancer sends to nobody or to pods itself, or where the same node may choose in
 * several ways. Throws as {@link clientGroups}. `like`: those of another state of the cluster, given back where a load
 * balancer has the same.
 */
export function entryClients(
  fabric: Fabric,
  clients: ClientsSpec | undefined,
  destination: Destination,
  like?: readonly EntryClient[],
): readonly EntryClient[] | undefined {
  const asked = askedClients(fabric, clients, destination);
  if (asked.kind === 'NAMED' || fabric.hasGivenRules) return undefined;
  const zoneOf = (node: string): string => {
    const object = fabric.cluster.nodes.get(node);
    return (object && nodeZone(object)) ?? '';
  };
  const profiles = new Map<object, number>();
  const likenessOf = (node: string): string => {
    const number = remember(profiles, fabric.settings.proxyOf(node), () => profiles.size);
    return `${number} ${zoneOf(node)} ${policyProfile(fabric, node)}`;
  };
  if (asked.kind === 'NODES') {
    const { all } = asked.nodes;
    const weight = fraction(1, all.length);
    return all.map((node) => ({
      ...{ node, weight, zone: zoneOf(node) },
      likeness: `${likenessOf(node)}${isApart(fabric, destination, asked.clientOn(node)) ? ` ${node}` : ''}`,
      client: () => asked.clientOn(node),
    }));
  }
  const { balancer, outside, pointer } = asked;
  const spread = balancedShares(fabric, balancer, outside, pointer, portOf(destination));
  if (spread.length === 0 || spread.some(({ backend }) => backend.kind === 'POD')) return undefined;
  const { nodes } = fabric.cluster;
  const origin = like === undefined ? undefined : originOf.get(like);
  if (origin?.nodes === nodes && sameSpread(origin.spread, spread)) return like;
  const entries = spread.map(({ backend, share }) => {
    const { node, address } = backend;
    const own = fabric.hashesDestinations(node) ? ` ${node}` : '';
    return {
      node,
      weight: share,
      zone: zoneOf(node),
      likeness: `${likenessOf(node)} ${address === undefined} ${fabric.isDown(node)}${own}`,
      client: () => balancedClient(fabric, outside, { balancer, shares: [{ backend, share: ONE }] }, pointer),
    };
  });
  originOf.set(entries, { spread, nodes });
  return entries;
}
