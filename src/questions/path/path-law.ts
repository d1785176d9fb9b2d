/**
 * What one client's ways to a Service port show of its ways to other ports of the kind: each endpoint is reached as the
 * one in its place among the rules is. Steps are walked where a form shows them.
 */
import { joinHostPort } from '../../base/address.js';
import { ONE } from '../../base/fraction.js';
import { remember } from '../../base/remember.js';
import { meshOf } from '../../cluster/mesh.js';
import type { Assumption } from '../../cluster/settings.js';
import { copyOf, type Packet } from '../../netfilter/packet.js';
import type { Chance, ChanceBasis } from '../../netfilter/walk/types.js';
import { isOfReceivingNode } from '../../path/alike-endpoints.js';
import { nodesWithHostPort } from '../../path/before-rules.js';
import type { Client } from '../../path/client.js';
import type { Destination } from '../../path/destinations.js';
import type { Fabric } from '../../path/fabric.js';
import { serviceAddresses } from '../../path/service-target.js';
import { AlikeJourney, isAnswered, type Journey, type Receiver } from '../../path/trail.js';
import type { ServiceTargeted } from '../probability/asked-ports.js';
import { NodeFacts, type PlainEndpoint, type PlainPort, PortKinds } from '../probability/port-kind.js';
import { PathSums } from './path-sums.js';

/** One of the ways to a port of a kind. */
interface Way {
  /** The place of its endpoint among the rules. */
  readonly place: number;
  readonly chance: Chance;
  /** Places in the order in which a balancer gives connections out, where it does. */
  readonly cycle: readonly number[] | undefined;
  /** As the endpoint gets it. */
  readonly packet: Packet;
}

/** Where a client's packets go. */
interface Entrance {
  readonly address: string;
  readonly port: number;
}

const detailOf = ({ address, pod }: Pick<Receiver, 'address' | 'pod'>) =>
  `reaches ${pod ?? address}, and the reply returns`;

const idOf = ({ address, port }: PlainEndpoint) => joinHostPort(address, port);

/** The way of a journey by place; undefined where it shows nothing of others. */
function wayOf(
  fabric: Fabric,
  journey: Journey,
  { address, port }: Entrance,
  { endpoints }: PlainPort,
  places: ReadonlyMap<string, number>,
): Way | undefined {
  // Its reply may not have been walked, and need not be.
  const { chance, packet, verdict, detail, receiver, rule, takenFrom, count, leftOut } = journey;
  if (verdict !== 'DELIVERED' || receiver?.endpoint !== true || !isAnswered(journey) || detail !== detailOf(receiver))
    return undefined;
  if (rule !== undefined || takenFrom !== undefined || count !== undefined || leftOut !== undefined) return undefined;
  const place = places.get(joinHostPort(receiver.address, receiver.port ?? 0)) ?? -1;
  const endpoint = endpoints[place];
  if (endpoint === undefined || receiver.node !== endpoint.node || receiver.pod !== endpoint.pod) return undefined;
  if (packet.destination !== endpoint.address || packet.destinationPort !== endpoint.port) return undefined;
  if (isOfReceivingNode(fabric, packet)) return undefined;
  const { originalDestination = address, originalDestinationPort = port } = packet.connection;
  if (originalDestination !== address || originalDestinationPort !== port) return undefined;
  const { balanced } = packet;
  if (balanced !== undefined && (balanced.address !== address || balanced.port !== port)) return undefined;
  const cycle = chance.basis?.cycle?.map((id) => places.get(id));
  if (cycle?.includes(undefined)) return undefined;
  return { place, chance, cycle: cycle as readonly number[] | undefined, packet };
}

/** The ways to a port of the kind, in the order of the walk; undefined where they are not one for each endpoint. */
function waysOf(
  fabric: Fabric,
  journeys: readonly Journey[],
  entrance: Entrance,
  port: PlainPort,
): readonly Way[] | undefined {
  const places = new Map(port.endpoints.map((endpoint, place) => [idOf(endpoint), place]));
  if (places.size !== port.endpoints.length || journeys.length !== places.size) return undefined;
  const ways = journeys.map((journey) => wayOf(fabric, journey, entrance, port, places));
  const isEach = !ways.includes(undefined) && new Set(ways.map((way) => way?.place)).size === places.size;
  return isEach ? (ways as readonly Way[]) : undefined;
}

function packetLike(like: Packet, { address, port }: PlainEndpoint, entrance: Entrance): Packet {
  const packet = copyOf(like);
  packet.destination = address;
  packet.destinationPort = port;
  const { connection, balanced } = like;
  if (connection.originalDestination !== undefined)
    packet.connection = {
      ...connection,
      originalDestination: entrance.address,
      originalDestinationPort: entrance.port,
    };
  if (balanced !== undefined) packet.balanced = { ...balanced, ...entrance };
  return packet;
}

/** The ways to ports of a kind with so many endpoints, in the order of the walk. */
interface Ways {
  readonly ways: readonly Way[];
  readonly sums: PathSums;
}

/** What is known of one client's ways to ports of one kind. */
class KindWays {
  /** Endpoints of which it is known that they take its connections: on other nodes than its own, and on that. */
  readonly #elsewhere = new Set<string>();
  readonly #beside = new Set<string>();
  /** By number of endpoints. */
  readonly #ways = new Map<number, Ways>();
  /** What the ways rest on, as text. */
  #assumed: string | undefined;
  assumptions: readonly Assumption[] = [];

  find(client: Client, { endpoints }: PlainPort): Ways | undefined {
    const ways = this.#ways.get(endpoints.length);
    if (ways === undefined) return undefined;
    for (const endpoint of endpoints) if (!this.#likes(client, endpoint).has(endpoint.like)) return undefined;
    return ways;
  }

  #likes(client: Client, { node }: PlainEndpoint): Set<string> {
    return node === client.node ? this.#beside : this.#elsewhere;
  }

  learn(client: Client, { endpoints }: PlainPort, ways: readonly Way[], assumed: readonly Assumption[]): void {
    const byField = new Map(assumed.map((one) => [one.field, one]));
    const text = JSON.stringify([...byField].sort(([a], [b]) => (a < b ? -1 : 1)));
    this.#assumed ??= text;
    // Ways that rest on something else are not known by these.
    if (this.#assumed !== text) return;
    this.assumptions = [...byField.values()];
    for (const endpoint of endpoints) this.#likes(client, endpoint).add(endpoint.like);
    const sums = () => new PathSums(ways.map(({ chance }) => chance));
    remember(this.#ways, endpoints.length, () => ({ ways, sums: sums() }));
  }
}

/** So many kinds are kept of one state: each client that is named makes its own. */
const MOST_KINDS = 1024;

/** What questions about one state have found. */
class Found {
  readonly facts = new NodeFacts();
  readonly kinds = new Map<string, KindWays>();
  /** One list for all clients of a node, by which kinds tell them apart. */
  readonly nodes = new Map<string, readonly string[]>();
}

const found = new WeakMap<Fabric['ways'], Found>();

/** The port of a destination and what its kind is to the client; undefined where it has to be walked. */
function plainPort(fabric: Fabric, client: Client, destination: ServiceTargeted, known: Found): PlainPort | undefined {
  const { cluster } = fabric;
  if (client.kind !== 'POD' || client.through !== undefined) return undefined;
  const pod = cluster.pods.get(client.name.replace(/^pod\//, ''));
  if (pod !== undefined && meshOf(cluster, pod) !== undefined) return undefined;
  // In ipvs mode the address is one of the node's own.
  if (nodesWithHostPort(fabric, destination.target.portNumber).includes(client.node)) return undefined;
  const nodes = remember(known.nodes, client.node, () => [client.node]);
  const kinds = new PortKinds(fabric, {}, { groups: [{ client, weight: ONE, nodes }], facts: known.facts });
  const port = kinds.plain(destination);
  // A pod that connects to itself is a case of its own.
  return port?.endpoints.some(({ address }) => address === client.address) === true ? undefined : port;
}

/** The journeys that ways come to for a port; each is walked, with all others, when its steps are read. */
function journeysOf(
  ways: readonly Way[],
  entrance: Entrance,
  { endpoints }: PlainPort,
  walk: () => readonly Journey[],
): readonly Journey[] {
  let walked: readonly Journey[] | undefined;
  const at = (place: number) => endpoints[place] as PlainEndpoint;
  // All ways of a port have the same one.
  const bases = new Map<ChanceBasis | undefined, ChanceBasis | undefined>();
  const basisOf = ({ basis }: Chance, cycle: readonly number[]) =>
    remember(bases, basis, () => basis && { ...basis, cycle: cycle.map((one) => idOf(at(one))) });
  return ways.map(({ place, chance, cycle, packet }, index) => {
    const { address, port, node, pod } = at(place);
    const receiver =
      pod === undefined ? { address, port, endpoint: true, node } : { address, port, endpoint: true, node, pod };
    const own = cycle === undefined ? chance : { ...chance, basis: basisOf(chance, cycle) };
    const byItself = () => {
      walked ??= walk();
      return walked[index] as Journey;
    };
    return new AlikeJourney(
      own,
      packetLike(packet, at(place), entrance),
      receiver,
      undefined,
      detailOf(receiver),
      byItself,
    );
  });
}

/** Journeys, with what they come to together where that is known. */
export interface Journeys {
  readonly journeys: readonly Journey[];
  /** `zones`: the zones of their endpoints, as text. */
  readonly known?: { readonly sums: PathSums; readonly zones: string };
}

/**
 * All journeys of one client to a destination, as `walk` walks them; where the client has been walked to a port of the
 * kind before, their steps are walked when they are read.
 */
export function journeysTo(
  fabric: Fabric,
  client: Client,
  destination: Destination,
  walk: () => readonly Journey[],
): Journeys {
  if (destination.kind !== 'SERVICE') return { journeys: walk() };
  const known = remember(found, fabric.ways, () => new Found());
  const port = plainPort(fabric, client, destination, known);
  const [address] = port === undefined ? [] : serviceAddresses(destination.target, fabric.family);
  if (port === undefined || address === undefined) return { journeys: walk() };
  const entrance = { address, port: destination.target.portNumber };
  const { kind: name, address: own, anyAddress = false } = client;
  const kind = `${client.name} ${name} ${own} ${anyAddress}|${port.kind}`;
  const lawful = known.kinds.get(kind);
  const law = lawful?.find(client, port);
  if (lawful !== undefined && law !== undefined) {
    fabric.assumptions.addAll(lawful.assumptions);
    const { ways, sums } = law;
    let zones = '';
    for (const { zone = '' } of port.endpoints) zones += `${zone},`;
    return { journeys: journeysOf(ways, entrance, port, walk), known: { sums, zones } };
  }
  const { value: journeys, assumed } = fabric.assumptions.recording(walk);
  const shown = waysOf(fabric, journeys, entrance, port);
  if (shown === undefined) return { journeys };
  if (known.kinds.size >= MOST_KINDS) known.kinds.clear();
  remember(known.kinds, kind, () => new KindWays()).learn(client, port, shown, assumed);
  return { journeys };
}
