/**
 * The ways from pods to one destination, walked once for all pods that the rules do not tell apart. Policies are recorded on the way
 * and judged for each class of pods afterwards.
 */
import { addressOf } from '../../base/address.js';
import { remember } from '../../base/remember.js';
import { podAddresses } from '../../cluster/cluster.js';
import { meshOf } from '../../cluster/mesh.js';
import { namespacedName, type Pod } from '../../cluster/objects.js';
import type { Client } from '../../path/client.js';
import type { Destination } from '../../path/destinations.js';
import type { Fabric } from '../../path/fabric.js';
import type { PolicyPoint } from '../../path/policy-point.js';
import type { WeightedClient } from '../../path/sources.js';
import { hopsOf, type Journey } from '../../path/trail.js';
import { clientGroups } from '../../probability/client-groups.js';
import { journeysOrUnsupported, tripsOf } from '../path/answer-path.js';

/** One way, and where policies act on it, in order. */
export interface Way {
  readonly journey: Journey;
  readonly points: readonly PolicyPoint[];
}

/** The ways of one client, which may stand for others. */
export interface Walk {
  readonly number: number;
  readonly client: Client;
  readonly ways: readonly Way[];
}

/** A pod as a client; undefined where it has no address of the family. */
export function clientOf(fabric: Fabric, pod: Pod): Client | undefined {
  const node = pod.spec?.nodeName ?? '';
  const namespace = pod.metadata.namespace ?? 'default';
  const name = `pod/${namespacedName(pod)}`;
  if (pod.spec?.hostNetwork === true) return { kind: 'HOST', name, address: undefined, node, namespace };
  const address = podAddresses(pod)
    .map(addressOf)
    .find((one) => one?.family === fabric.family)?.text;
  return address === undefined ? undefined : { kind: 'POD', name, address, node, namespace };
}

function pointsOf(journey: Journey): readonly PolicyPoint[] {
  return hopsOf(journey.trail).flatMap(({ entries }) =>
    entries.flatMap((entry) => (entry.kind === 'HOST' && entry.step.point !== undefined ? [entry.step.point] : [])),
  );
}

/** The walks to one destination. */
export class Walks {
  readonly #fabric: Fabric;
  readonly #destination: Destination;
  /** The group of clients of each node. */
  readonly #groups: Readonly<Record<'POD' | 'HOST', ReadonlyMap<string, WeightedClient>>>;
  readonly #walks = new Map<string, Walk>();

  /** `nodes`: those on which clients are. */
  constructor(fabric: Fabric, destination: Destination, nodes: readonly string[]) {
    this.#fabric = fabric;
    this.#destination = destination;
    // Where the destination's rules are not modelled every client is walked for itself, and ends UNKNOWN.
    const isModelled = nodes.length > 0 && nodes.every((node) => fabric.unmodelled(node) === undefined);
    const groups = (from: 'POD' | 'HOST') => {
      const all = isModelled ? clientGroups(fabric, { nodes: { from, names: [...nodes] } }, destination).groups : [];
      return new Map(all.flatMap((group) => (group.nodes ?? []).map((node) => [node, group] as const)));
    };
    this.#groups = { POD: groups('POD'), HOST: groups('HOST') };
  }

  /** The walk that tells what becomes of a pod's connections; undefined for a pod without an address of the family. */
  of(pod: Pod): Walk | undefined {
    const client = clientOf(this.#fabric, pod);
    if (client === undefined) return undefined;
    const own = () => this.#walk(client.name, client);
    // A mesh takes what its pods send before any rule does.
    if (client.kind === 'POD' && meshOf(this.#fabric.cluster, pod) !== undefined) return own();
    const kind = client.kind === 'HOST' ? 'HOST' : 'POD';
    const group = this.#groups[kind].get(client.node);
    if (group === undefined) return own();
    const walk = this.#walk(`${kind} ${group.client.node}`, group.client);
    // A pod that is sent to itself is like no other.
    const isItself =
      client.kind === 'POD' && walk.ways.some(({ journey }) => journey.packet.destination === client.address);
    return isItself ? own() : walk;
  }

  #walk(key: string, client: Client): Walk {
    return remember(this.#walks, key, () => {
      const journeys = journeysOrUnsupported(this.#fabric, client, () =>
        tripsOf(this.#fabric, client, this.#destination),
      );
      return {
        number: this.#walks.size,
        client,
        ways: journeys.map((journey) => ({ journey, points: pointsOf(journey) })),
      };
    });
  }
}
