/**
 * What walking one Service port shows of all others of its kind: each endpoint gets what the one in its place among the
 * rules gets.
 */
import { joinHostPort } from '../../base/address.js';
import { type Fraction, multiply } from '../../base/fraction.js';
import { remember } from '../../base/remember.js';
import { sortShort } from '../../base/sort-short.js';
import type { Cluster } from '../../cluster/cluster.js';
import type { Assumption, Settings } from '../../cluster/settings.js';
import type { EndpointShare, Probability } from '../../contract/answers.js';
import type { Fabric } from '../../path/fabric.js';
import type { WeightedClient } from '../../path/sources.js';
import { weighted } from '../../path/trail.js';
import { receiverShares, type Share, ShareSum } from '../../probability/distribution.js';
import { probability } from '../chances.js';
import { type DoorClient, type DoorOutcome, outcomesOf } from '../findings/door.js';
import { type ZoneShares, zoneShares } from '../findings/zones.js';
import { clientJourneysOf } from '../path/answer-path.js';
import { chanceBasisOfAll, PlacedBasis } from '../share-basis.js';
import type { ServiceTargeted } from './asked-ports.js';
import { crossings } from './crossings.js';
import type { PlainEndpoint, PlainPort } from './port-kind.js';
import { byName, type PortOutcome } from './port-outcome.js';
import type { Walked } from './walked-clients.js';

const idOf = ({ address, port }: PlainEndpoint) => joinHostPort(address, port);

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Compares endpoints as answers list them: by the bytes of address and port. */
function byAddress(a: PlainEndpoint, b: PlainEndpoint): number {
  if (a.address !== b.address) return a.address < b.address ? -1 : 1;
  const [left, right] = [`${a.port}`, `${b.port}`];
  return left < right ? -1 : left > right ? 1 : 0;
}

/**
 * The places of endpoints in the order in which answers list them; undefined where that is the order of places, as it
 * mostly is.
 */
function listedOrder(endpoints: readonly PlainEndpoint[]): readonly number[] | undefined {
  const at = (place: number) => endpoints[place] as PlainEndpoint;
  for (let place = 1; place < endpoints.length; place++) {
    if (byAddress(at(place - 1), at(place)) > 0) return [...endpoints.keys()].sort((a, b) => byAddress(at(a), at(b)));
  }
  return undefined;
}

function shareOf({ address, port, pod, node, zone }: PlainEndpoint, share: Probability): EndpointShare {
  if (zone === undefined)
    return pod === undefined ? { address, port, node, share } : { address, port, pod, node, share };
  return pod === undefined ? { address, port, node, zone, share } : { address, port, pod, node, zone, share };
}

const nodeShare = (node: string, share: Probability) => ({ node, share });

/** A client whose connection is kept comes back to its endpoint. */
function returning({ address, port, share }: EndpointShare) {
  const endpoint = joinHostPort(address, port);
  return { endpoint, share, goesTo: endpoint };
}

/** Shares by zone, and what leaves the zone. */
interface Zoned {
  readonly zones: PortOutcome['shares']['zones'];
  readonly crossing: ReturnType<typeof crossings>;
  readonly shares: ZoneShares;
}

/** What holds for each port of a kind with so many endpoints. */
interface Shown {
  /** By place among the rules. */
  readonly shares: readonly Share[];
  readonly basis: PlacedBasis | undefined;
  readonly outcome: PortOutcome['shares'];
}

/** What one port shows; undefined where its ways are not what the places of its endpoints say. */
function shownBy(port: PlainPort, { journeys, clientJourneys }: Walked, { shares }: PortOutcome): Shown | undefined {
  const { endpoints } = port;
  const places = new Map(endpoints.map((endpoint, place) => [idOf(endpoint), place]));
  if (places.size !== endpoints.length) return undefined;
  for (const { journeys: own } of clientJourneys) {
    const fits = own.every(({ verdict, receiver }) => {
      if (verdict !== 'DELIVERED' || receiver === undefined) return false;
      const { address, port: number = 0, node, pod } = receiver;
      const endpoint = endpoints[places.get(joinHostPort(address, number)) ?? -1];
      return endpoint !== undefined && node === endpoint.node && pod === endpoint.pod;
    });
    const reached = new Set(own.map(({ receiver }) => `${receiver?.address} ${receiver?.port}`));
    if (!fits || own.length !== endpoints.length || reached.size !== endpoints.length) return undefined;
  }
  const byPlace: Share[] = [];
  for (const { receiver, share } of receiverShares(journeys))
    byPlace[places.get(joinHostPort(receiver.address, receiver.port ?? 0)) as number] = share;
  const basis = chanceBasisOfAll(journeys.map(({ chance }) => chance));
  const cycle = basis?.cycle?.map((id) => places.get(id));
  if (cycle?.includes(undefined)) return undefined;
  const { affinity } = shares;
  if (affinity?.returning.some(({ endpoint, goesTo }) => endpoint !== goesTo)) return undefined;
  const placed = basis && new PlacedBasis(basis, cycle as readonly number[] | undefined);
  return { shares: byPlace, basis: placed, outcome: shares };
}

/** The clients of a door; what becomes of their connections is walked when it is asked for. */
class WalkedWhenRead implements DoorClient {
  readonly client: DoorClient['client'];
  readonly nodes: DoorClient['nodes'];
  readonly weight: Fraction;
  readonly reachesOwnAlone = true;
  #outcomes: readonly DoorOutcome[] | undefined;

  constructor(
    readonly fabric: Fabric,
    readonly destination: ServiceTargeted,
    { client, nodes, weight }: WeightedClient,
  ) {
    this.client = client;
    this.nodes = nodes;
    this.weight = weight;
  }

  get outcomes(): readonly DoorOutcome[] {
    const { fabric, destination, client, nodes, weight } = this;
    this.#outcomes ??= outcomesOf(weighted(clientJourneysOf(fabric, client, destination), weight), client, nodes);
    return this.#outcomes;
  }
}

/** The part of shares that a group of clients has. */
function partOf(shares: readonly Share[], weight: Fraction): readonly Share[] {
  return shares.map(({ nominal, programmed }) => ({
    nominal: multiply(nominal, weight),
    programmed: multiply(programmed, weight),
  }));
}

/** So many patterns of zones, and sums of places, are kept of one law. */
const MOST_PATTERNS = 4096;

/** The law of ports of one kind with so many endpoints. */
class PortLaw {
  readonly #shown: Shown;
  readonly #each: readonly Probability[];
  /** Of several places together. */
  readonly #sums = new Map<string, Probability>();
  readonly #zoned = new Map<string, Zoned>();

  constructor(shown: Shown) {
    this.#shown = shown;
    this.#each = shown.shares.map(probability);
  }

  #sumOf(places: readonly number[]): Probability {
    return remember(this.#sums, places.join(), () => {
      const sum = new ShareSum();
      for (const place of places) sum.add(this.#shown.shares[place] as Share);
      return probability(sum.share);
    });
  }

  /** What endpoints of one name, such as a node's, have together; by name, as `make` shows it. */
  #sharesBy<T>(names: readonly string[], make: (name: string, share: Probability) => T): readonly T[] {
    const nameOf = (place: number) => names[place] as string;
    const sorted: number[] = [];
    for (let place = 0; place < names.length; place++) sorted.push(place);
    sortShort(sorted, (a, b) => compareTexts(nameOf(a), nameOf(b)));
    const made: T[] = [];
    for (let start = 0; start < sorted.length; ) {
      const first = sorted[start] as number;
      const name = nameOf(first);
      let end = start + 1;
      while (end < sorted.length && nameOf(sorted[end] as number) === name) end++;
      const own = end === start + 1 ? (this.#each[first] as Probability) : this.#sumOf(sorted.slice(start, end));
      made.push(make(name, own));
      start = end;
    }
    return made;
  }

  #zonedOf(cluster: Cluster, { endpoints, groups }: PlainPort): Zoned {
    const names: string[] = [];
    for (const { zone } of endpoints) names.push(zone ?? '');
    const pattern = names.join();
    if (this.#zoned.size >= MOST_PATTERNS) this.#zoned.clear();
    if (this.#sums.size >= MOST_PATTERNS) this.#sums.clear();
    return remember(this.#zoned, pattern, () => {
      const from: DoorClient[] = groups.map(({ client, nodes, weight }) => ({
        ...{ client, nodes, weight },
        outcomes: partOf(this.#shown.shares, weight).map(({ nominal, programmed }, place) => {
          const { address, port, node } = endpoints[place] as PlainEndpoint;
          const receiver = { address, port, endpoint: true, node };
          return { share: nominal, programmed, verdict: 'DELIVERED', detail: '', receiver, kept: true };
        }),
      }));
      return {
        zones: this.#sharesBy(names, (zone, share) => ({ zone, share })),
        crossing: crossings(cluster, from),
        shares: zoneShares(cluster, from),
      };
    });
  }

  outcome(fabric: Fabric, destination: ServiceTargeted, port: PlainPort): PortOutcome {
    const { outcome, basis } = this.#shown;
    const { endpoints, groups } = port;
    const { zones, crossing, shares } = this.#zonedOf(fabric.cluster, port);
    const order = listedOrder(endpoints);
    const from: DoorClient[] = [];
    for (const group of groups) from.push(new WalkedWhenRead(fabric, destination, group));
    const { delivered, dropped, rejected, unreachable, unknown, verdicts, imbalance, affinity } = outcome;
    const names: string[] = [];
    const listed: EndpointShare[] = [];
    for (let index = 0; index < endpoints.length; index++) {
      const place = order === undefined ? index : (order[index] as number);
      names.push((endpoints[index] as PlainEndpoint).node);
      listed.push(shareOf(endpoints[place] as PlainEndpoint, this.#each[place] as Probability));
    }
    const nodes = this.#sharesBy(names, nodeShare);
    const nameOf = (place: number) => idOf(endpoints[place] as PlainEndpoint);
    const head = { endpoints: listed, nodes, zones, delivered, dropped, rejected, unreachable, unknown, verdicts };
    // Assigned: adding fields to a spread object takes V8 many times as long, and every port has an answer.
    const shown: PortOutcome['shares'] = Object.assign(
      basis === undefined ? head : Object.assign({ basis: basis.of(nameOf) }, head),
      crossing,
      imbalance === undefined ? undefined : { imbalance },
      affinity === undefined ? undefined : { affinity: { ...affinity, returning: listed.map(returning) } },
    );
    return { shares: shown, from, zoneShares: shares };
  }
}

/** What is known of one kind of ports. */
class KindLaw {
  /** Which endpoints were seen to take connections of this kind. */
  readonly #alike = new Set<string>();
  readonly #laws = new Map<number, PortLaw>();
  /** What the ways rest on, as text. */
  #assumed: string | undefined;
  assumptions: readonly Assumption[] = [];

  find({ endpoints }: PlainPort): PortLaw | undefined {
    const law = this.#laws.get(endpoints.length);
    return law !== undefined && endpoints.every(({ like }) => this.#alike.has(like)) ? law : undefined;
  }

  learn(port: PlainPort, shown: Shown, assumed: readonly Assumption[]): void {
    const byField = new Map(assumed.map((one) => [one.field, one]));
    const text = JSON.stringify([...byField].sort(byName));
    this.#assumed ??= text;
    // Ways that rest on something else are not known by this one.
    if (this.#assumed !== text) return;
    this.assumptions = [...byField.values()];
    for (const { like } of port.endpoints) this.#alike.add(like);
    if (!this.#laws.has(port.endpoints.length)) this.#laws.set(port.endpoints.length, new PortLaw(shown));
  }
}

type Kinds = Map<string, KindLaw>;

/** So many kinds are kept of one state: clients that are named make kinds of their own. */
const MOST_KINDS = 256;

const known = new WeakMap<Cluster, WeakMap<Settings, Map<string, Kinds>>>();

/** The laws that questions about one state of a cluster have found. */
export class PortLaws {
  readonly #fabric: Fabric;
  readonly #kinds: Kinds;

  constructor(fabric: Fabric) {
    const { cluster, settings, family } = fabric;
    const bySettings = remember(known, cluster, () => new WeakMap<Settings, Map<string, Kinds>>());
    const byFamily = remember(bySettings, settings, () => new Map<string, Kinds>());
    this.#fabric = fabric;
    this.#kinds = remember(byFamily, family, (): Kinds => new Map());
  }

  /** What a port comes to where one of its kind was walked before; undefined where it has to be walked. */
  outcome(destination: ServiceTargeted, port: PlainPort): PortOutcome | undefined {
    const kind = this.#kinds.get(port.kind);
    const law = kind?.find(port);
    if (kind === undefined || law === undefined) return undefined;
    this.#fabric.assumptions.addAll(kind.assumptions);
    return law.outcome(this.#fabric, destination, port);
  }

  /** Learns from a port that was walked. `assumed`: what its ways rest on. */
  learn(port: PlainPort, walked: Walked, outcome: PortOutcome, assumed: readonly Assumption[]): void {
    const shown = shownBy(port, walked, outcome);
    if (this.#kinds.size >= MOST_KINDS) this.#kinds.clear();
    if (shown !== undefined) remember(this.#kinds, port.kind, () => new KindLaw()).learn(port, shown, assumed);
  }
}
