/**
 * The ways from pods to one destination, walked once for all pods that the rules do not tell apart. Policies are
 * recorded on the way and judged for each class of pods afterwards.
 */
import { addressOf } from '../../base/address.js';
import { remember } from '../../base/remember.js';
import { podAddresses } from '../../cluster/cluster.js';
import { meshOf } from '../../cluster/mesh.js';
import { namespacedName, type Pod } from '../../cluster/objects.js';
import type { Cause, PathVerdict } from '../../contract/answers.js';
import { pointsOfJourney } from '../../path/alike-endpoints.js';
import type { Client } from '../../path/client.js';
import type { Destination } from '../../path/destinations.js';
import type { Fabric } from '../../path/fabric.js';
import type { PolicyPoint } from '../../path/policy-point.js';
import { sendersOf, sourceProfile } from '../../path/source-profile.js';
import type { WeightedClient } from '../../path/sources.js';
import type { Journey } from '../../path/trail.js';
import { podClassNumber } from '../../policies/pod-class.js';
import { type AskedNodes, groupedNodes, nodeClients } from '../../probability/client-groups.js';
import { addShare, type Share } from '../../probability/distribution.js';
import { clientJourneysOf, journeysOrUnsupported } from '../path/answer-path.js';

/** Ways that end alike and on which policies see alike, as one. */
export class Way {
  readonly verdict: PathVerdict;
  readonly cause: Cause | undefined;
  /** Where policies act on it, in order, on packets of `sender`: of a client of the same node. */
  readonly points: readonly PolicyPoint[];
  readonly sender: Client;
  readonly #first: Journey;
  #share: Share;

  constructor(first: Journey, { points, sender }: Seen) {
    const { verdict, cause, chance } = first;
    this.verdict = verdict;
    this.cause = cause;
    this.points = points;
    this.sender = sender;
    this.#first = first;
    this.#share = chance;
  }

  /** What becomes of the first of them, in a sentence. */
  get detail(): string {
    return this.#first.detail;
  }

  /** Of all of them. */
  get share(): Share {
    return this.#share;
  }

  add(share: Share): void {
    this.#share = addShare(this.#share, share);
  }
}

/** The ways of one client, which may stand for others. */
export interface Walk {
  /** The same for walks of a target whose ways are alike. */
  readonly number: number;
  readonly client: Client;
  readonly ways: readonly Way[];
  /** Where packets go after DNAT, with the one journey to each that has one. */
  readonly journeys: ReadonlyMap<string, Journey | undefined>;
  /** What policies see of each journey. */
  readonly seen: ReadonlyMap<Journey, Seen>;
}

/** A pod that connects. */
export interface Connecting {
  readonly pod: Pod;
  readonly client: Client;
  /** Rules do not treat it as pods of its node: a mesh takes what it sends, or its address is in other networks. */
  readonly isApart: boolean;
  /** Equal for clients of one kind on one node; counted from 0. */
  readonly place: number;
}

/** A pod as a client; undefined where it has no address of the family. `places`: the numbers of places so far. */
export function connecting(fabric: Fabric, pod: Pod, places: Map<string, number>): Connecting | undefined {
  const node = pod.spec?.nodeName ?? '';
  const placeOf = (kind: string) => remember(places, `${kind} ${node}`, () => places.size);
  const namespace = pod.metadata.namespace ?? 'default';
  const name = `pod/${namespacedName(pod)}`;
  if (pod.spec?.hostNetwork === true) {
    const client: Client = { kind: 'HOST', name, address: undefined, node, namespace };
    return { pod, client, isApart: false, place: placeOf('HOST') };
  }
  const address = podAddresses(pod)
    .map(addressOf)
    .find((one) => one?.family === fabric.family)?.text;
  if (address === undefined) return undefined;
  const isApart = meshOf(fabric.cluster, pod) !== undefined || !isLikeOthers(fabric, node, address);
  return { pod, client: { kind: 'POD', name, address, node, namespace }, isApart, place: placeOf('POD') };
}

/** Whether rules treat an address as they do the one that stands for some pod on the node. */
function isLikeOthers(fabric: Fabric, node: string, address: string): boolean {
  const [other = ''] = sendersOf(fabric, node);
  return sourceProfile(fabric, node, address) === sourceProfile(fabric, node, other);
}

/** What policies see at a point but for the client: equal where they decide alike. */
function seenAt(fabric: Fabric, { node, direction, pod, flow, sentTo }: PolicyPoint, client: Client): string {
  const { source, destination, protocol, port } = flow;
  const isClient = source.address === client.address;
  const from = isClient ? 'client' : `${source.address} at ${node}`;
  const itself = isClient && destination.address === client.address ? ' itself' : '';
  const to = destination.pod === undefined ? destination.address : podClassNumber(fabric.cluster, destination.pod);
  const sent = sentTo === undefined ? '' : ` ${sentTo.address} ${sentTo.port}`;
  return `${direction} ${pod === undefined} ${from} > ${to}${itself} ${protocol} ${port}${sent}`;
}

/** What is known of one journey. */
interface Seen {
  readonly key: string;
  readonly points: readonly PolicyPoint[];
  readonly sender: Client;
}

function seenOf(fabric: Fabric, journey: Journey, sender: Client): Seen {
  const { verdict, cause } = journey;
  const points = pointsOfJourney(fabric, journey);
  return { key: [verdict, cause, ...points.map((point) => seenAt(fabric, point, sender))].join(' '), points, sender };
}

/** `like`: the walk of a client of the same node, that nothing tells apart but where it is sent to itself. */
function walkOf(
  fabric: Fabric,
  client: Client,
  destination: Destination,
  numbers: Map<string, number>,
  like?: Walk,
): Walk {
  const walked = () => journeysOrUnsupported(fabric, client, () => clientJourneysOf(fabric, client, destination));
  const journeys = like === undefined ? walked() : fabric.taking(othersOf(like, client), walked);
  const ways = new Map<string, Way>();
  const seen = new Map<Journey, Seen>();
  for (const journey of journeys) {
    const { chance, takenFrom } = journey;
    const known = takenFrom && like?.seen.get(takenFrom);
    const own = known ?? remember(seen, journey, () => seenOf(fabric, journey, client));
    const way = ways.get(own.key);
    if (way === undefined) ways.set(own.key, new Way(journey, own));
    else way.add(chance);
  }
  const texts = [...ways].map(
    ([key, { share }]) => `${key} ${share.nominal.n}/${share.nominal.d} ${share.programmed.n}`,
  );
  const byAddress = new Map<string, Journey | undefined>();
  for (const journey of journeys) {
    const { destination: to } = journey.packet;
    byAddress.set(to, byAddress.has(to) ? undefined : journey);
  }
  return {
    client,
    number: remember(numbers, texts.sort().join('\n'), () => numbers.size),
    ways: [...ways.values()],
    journeys: byAddress,
    seen,
  };
}

/** The journeys of a walk that a client takes too: those to others than itself. */
function othersOf({ journeys }: Walk, { address }: Client): ReadonlyMap<string, Journey> {
  const found = new Map<string, Journey>();
  for (const [to, journey] of journeys) if (to !== address && journey !== undefined) found.set(to, journey);
  return found;
}

/** A client on each node where pods of a table connect: a pod of it, or a process in its network. */
export interface ClientsOnNodes {
  readonly POD: AskedNodes;
  readonly HOST: AskedNodes;
}

/**
 * The clients of a table, for all of its destinations; undefined where the rules of some node are not modelled, and
 * without nodes.
 */
export function clientsOnNodes(fabric: Fabric, nodes: readonly string[]): ClientsOnNodes | undefined {
  if (nodes.length === 0 || nodes.some((node) => fabric.unmodelled(node) !== undefined)) return undefined;
  const on = (from: 'POD' | 'HOST') => nodeClients(fabric, { from, names: [...nodes] });
  return { POD: on('POD'), HOST: on('HOST') };
}

/** The walks to one destination. */
export class Walks {
  readonly #fabric: Fabric;
  readonly #destination: Destination;
  readonly #clients: ClientsOnNodes | undefined;
  /** The group of clients of each node. */
  readonly #groups = new Map<'POD' | 'HOST', ReadonlyMap<string, WeightedClient>>();
  readonly #ofGroups = new Map<WeightedClient, Walk>();
  readonly #ofClients = new Map<string, Walk>();

  readonly #numbers: Map<string, number>;

  /** Without `clients` every pod is walked for itself, and ends UNKNOWN. `numbers`: those of walks that are alike. */
  constructor(
    fabric: Fabric,
    destination: Destination,
    clients: ClientsOnNodes | undefined,
    numbers: Map<string, number>,
  ) {
    this.#numbers = numbers;
    this.#fabric = fabric;
    this.#destination = destination;
    this.#clients = clients;
  }

  #groupsOf(from: 'POD' | 'HOST'): ReadonlyMap<string, WeightedClient> {
    return remember(this.#groups, from, () => {
      const clients = this.#clients?.[from];
      const all = clients === undefined ? [] : groupedNodes(this.#fabric, clients, this.#destination);
      return new Map(all.flatMap((group) => (group.nodes ?? []).map((node) => [node, group] as const)));
    });
  }

  /** The walk of every pod of this one's kind and node, but for those that are sent to themselves or by a mesh. */
  ofPlace({ client }: Pick<Connecting, 'client'>): Walk | undefined {
    const group = this.#groupsOf(client.kind === 'HOST' ? 'HOST' : 'POD').get(client.node);
    return group === undefined ? undefined : remember(this.#ofGroups, group, () => this.#walk(group.client));
  }

  /** The walk that tells what becomes of a pod's connections. */
  of({ client, isApart }: Connecting): Walk {
    const walk = isApart ? undefined : this.ofPlace({ client });
    if (walk === undefined) return this.#ofClient(client);
    // A pod that is sent to itself is like no other.
    return client.address !== undefined && walk.journeys.has(client.address) ? this.#ofClient(client, walk) : walk;
  }

  #ofClient(client: Client, like?: Walk): Walk {
    return remember(this.#ofClients, client.name, () => this.#walk(client, like));
  }

  #walk(client: Client, like?: Walk): Walk {
    return walkOf(this.#fabric, client, this.#destination, this.#numbers, like);
  }
}
