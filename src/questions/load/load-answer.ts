/** Load: what the shares of a Service port make of so much traffic. */
import { pointer } from '../../base/errors.js';
import { remember } from '../../base/remember.js';
import { GivenFault } from '../../capacity/given.js';
import { answerModel } from '../../capacity/models.js';
import { above, binomialLaw, type Law as CountLaw, percentilesOf, poissonLaw } from '../../capacity/numbers.js';
import { jointCost } from '../../capacity/occupancy.js';
import {
  arriving,
  atRandom,
  byClients,
  type Entry,
  inTurn,
  inTurnOfOwn,
  MOST_SIMULATED,
  type OverBounds,
  overBounds,
  type SpreadLoads,
  simulated,
} from '../../capacity/spread.js';
import type { Cluster } from '../../cluster/cluster.js';
import type { Pod } from '../../cluster/objects.js';
import type { ServiceProbability } from '../../contract/answers.js';
import { milliValue } from '../../control-plane/quantity.js';
import type { Law } from './law.js';
import { type Offered, type Traffic, wrongTraffic } from './offered.js';

export type Load = NonNullable<ServiceProbability['load']>;
type Fields = Readonly<Record<string, unknown>>;

/** A joint law of more terms takes longer than anybody waits. */
const MOST_TERMS = 6e6;
/** The joint law of all pods is worked out for so many connections at most. */
const MOST_JOINT = 1_000_000;
/** The most pods that are listed one by one. */
const MAX_PODS = 500;
/** How many groups of pods of equal shares an answer lists. */
const MAX_GROUPS = 50;
const GIGABYTE = 1e9;

/** Runs a model; an error names the place in the request. */
export function modelled(name: string, given: unknown, at: string): Fields {
  try {
    return answerModel(name, given, at);
  } catch (error) {
    if (error instanceof GivenFault) throw wrongTraffic(error.pointer, error.message);
    throw error;
  }
}

/**
 * The models that the request gives in full, each answered by itself. Throws INVALID_REQUEST with the place of what is
 * wrong.
 */
export function modelAnswers({ models = [] }: Traffic): readonly { readonly model: string; readonly answer: Fields }[] {
  return models.map(({ model, given }, index) => ({
    model,
    answer: modelled(model, given, pointer('probability', 'traffic', 'models', index, 'given')),
  }));
}

/** Pods that are alike: on one node, with one share of what is delivered. */
export interface LoadedPods {
  readonly count: number;
  /** Of one of them; all pods together have 1. */
  readonly share: number;
  readonly node: string;
  readonly zone: string;
  /** Where it is one. */
  readonly pod?: string;
  /** `address port` of it, as laws name pods. */
  readonly key?: string;
  /** CPU that it requests, in thousandths; absent: not known. */
  readonly cpuMilli?: number | undefined;
}

/** What a load is made of: shares as the engine has them, and the law. */
export interface LoadInput {
  readonly pods: readonly LoadedPods[];
  /** The part of new connections that is delivered. */
  readonly delivered: number;
  /** Of all connections; absent: not known. */
  readonly crossZone?: number | undefined;
  readonly crossNode?: number | undefined;
  readonly law: Law;
  /** Whether single pods are listed. */
  readonly listed: boolean;
}

const cpuOf = new WeakMap<object, number | undefined>();

/** The CPU that a pod's containers request together, in thousandths; undefined where one requests none. */
export function cpuRequest(cluster: Cluster, pod: string | undefined): number | undefined {
  return cpuRequestOf(pod === undefined ? undefined : cluster.pods.get(pod));
}

/** {@link cpuRequest} of a pod's object. */
export function cpuRequestOf(object: Pod | undefined): number | undefined {
  if (object === undefined) return undefined;
  if (cpuOf.has(object)) return cpuOf.get(object);
  const containers = (object.spec?.containers ?? []) as readonly {
    readonly resources?: { readonly requests?: Record<string, string> };
  }[];
  const each = containers.map(({ resources }) => milliValue(resources?.requests?.cpu));
  const sum =
    each.length === 0 || each.some((cpu) => cpu === undefined)
      ? undefined
      : each.reduce<number>((all, cpu) => all + (cpu ?? 0), 0);
  cpuOf.set(object, sum);
  return sum;
}

interface Capacity {
  readonly rate?: number;
  readonly connections?: number;
}

const capacitiesOf = new WeakMap<Offered, Map<number | undefined, Capacity>>();

/** What one of these pods takes: in requests per second and, where loads are connections, in those. */
export function capacityOf(offered: Offered, cpuMilli: number | undefined): Capacity {
  const known = remember(capacitiesOf, offered, () => new Map<number | undefined, Capacity>());
  return remember(known, cpuMilli, () => newCapacity(offered, cpuMilli));
}

function newCapacity(offered: Offered, cpuMilli: number | undefined): Capacity {
  const { maxRequestsPerSecond, cpuMillisecondsPerRequest: cost, perConnection, capacity } = offered;
  const byCpu = cost === undefined || cpuMilli === undefined ? undefined : cpuMilli / cost;
  const rates = [maxRequestsPerSecond, byCpu].filter((one): one is number => one !== undefined);
  const rate = rates.length === 0 ? undefined : Math.min(...rates);
  // A connection's rate is a quotient: what fits exactly must not fail by its rounding.
  const fits =
    rate === undefined || perConnection === undefined || perConnection === 0
      ? undefined
      : Math.floor(rate / perConnection + 1e-9);
  const limits = [capacity, fits].filter((one): one is number => one !== undefined);
  return {
    ...(rate === undefined ? {} : { rate }),
    ...(limits.length === 0 ? {} : { connections: Math.min(...limits) }),
  };
}

interface Group {
  readonly count: number;
  readonly share: number;
  readonly capacity?: number;
}

/** Pods of equal share and capacity as one group; shares sum to 1. */
function groupsOf(pods: readonly LoadedPods[], capacity: (pod: LoadedPods) => number | undefined): readonly Group[] {
  const total = pods.reduce((sum, { count, share }) => sum + count * share, 0);
  const found = new Map<number, Map<number | undefined, { -readonly [K in keyof Group]: Group[K] }>>();
  const groups: Group[] = [];
  for (const pod of pods) {
    const limit = capacity(pod);
    let byLimit = found.get(pod.share);
    if (byLimit === undefined) {
      byLimit = new Map();
      found.set(pod.share, byLimit);
    }
    const known = byLimit.get(limit);
    if (known === undefined) {
      const group = {
        share: pod.share / total,
        count: pod.count,
        ...(limit === undefined ? {} : { capacity: limit }),
      };
      byLimit.set(limit, group);
      groups.push(group);
    } else known.count += pod.count;
  }
  return groups;
}

/** Nodes or zones are listed with percentiles up to so many. */
const MAX_PLACES = 500;
/** Points of a sweep list at most so many nodes. */
const MAX_SWEPT_NODES = 50;

/**
 * The load of each node or zone: requests per second, and connections with the law of their number where it is known.
 */
function placesOf(
  pods: readonly LoadedPods[],
  key: 'node' | 'zone',
  rate: number | undefined,
  carried: number | undefined,
  marginal: Marginal | undefined,
): readonly Fields[] {
  // Each term is a pod's whole load, so that sums round as little as they can.
  const summed = (of: number) => {
    const sums = new Map<string, number>();
    for (const pod of pods) sums.set(pod[key], (sums.get(pod[key]) ?? 0) + pod.count * pod.share * of);
    return sums;
  };
  const rates = rate === undefined ? undefined : summed(rate);
  const open = carried === undefined ? undefined : summed(carried);
  return [...summed(1)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, share], index) => ({
      [key]: name,
      ...(rates === undefined ? {} : { requestsPerSecond: rates.get(name) }),
      ...(open === undefined ? {} : { connections: open.get(name) }),
      ...(marginal === undefined || index >= MAX_PLACES ? {} : levels(marginal(Math.min(1, share)))),
    }));
}

/** How many of something one pod, node or zone with a share gets: its law, and what each brings. */
type Marginal = (share: number) => { readonly law: CountLaw; readonly unit: number; readonly variance: number };

/** The law of a single share, where it follows from that share alone; undefined otherwise. */
function marginalOf(
  lawName: string,
  { connections, open, clients }: Offered,
  pods: number,
  isOneCounter: boolean,
): Marginal | undefined {
  if (open !== undefined) {
    if (lawName !== 'ARRIVALS') return undefined;
    return (share) => ({ law: poissonLaw(open * share), unit: 1, variance: open * share });
  }
  if (connections === undefined) return undefined;
  const thrown = (count: number): Marginal => {
    const unit = connections / count;
    return (share) => ({ law: binomialLaw(count, share), unit, variance: count * share * (1 - share) * unit * unit });
  };
  if (lawName === 'CLIENTS' && clients !== undefined) return thrown(clients);
  if (lawName === 'IN_TURN' && isOneCounter) {
    // A pod of one counter has the whole part, or one more; several pods together hold no law of their own here.
    const [whole, rest] = [Math.floor(connections / pods), connections % pods];
    const more = rest / pods;
    return () => ({
      law: { first: whole, chances: rest === 0 ? [1] : [1 - more, more] },
      unit: 1,
      variance: more * (1 - more),
    });
  }
  return ['CONNECTIONS', 'CONNECTIONS_OF_DIFFERENT_CLIENTS', 'RANDOM', 'CLIENTS'].includes(lawName)
    ? thrown(connections)
    : undefined;
}

function levels({ law, unit }: ReturnType<Marginal>): Fields {
  const { p5, p50, p95, p99 } = percentilesOf(law);
  return { p5: p5 * unit, p50: p50 * unit, p95: p95 * unit, p99: p99 * unit };
}

function crossing(input: LoadInput, offered: Offered): Fields {
  const { requestsPerSecond: rate, bytesPerRequest, pricePerGigabyte } = offered;
  if (rate === undefined) return {};
  const of = (name: string, share: number | undefined, price: boolean): Fields => {
    if (share === undefined) return {};
    const bytes = bytesPerRequest === undefined ? undefined : share * rate * bytesPerRequest;
    return {
      [`${name}RequestsPerSecond`]: share * rate,
      ...(bytes === undefined ? {} : { [`${name}BytesPerSecond`]: bytes }),
      ...(bytes === undefined || !price || pricePerGigabyte === undefined
        ? {}
        : { [`${name}PricePerHour`]: ((bytes * 3600) / GIGABYTE) * pricePerGigabyte }),
    };
  };
  return { ...of('crossZone', input.crossZone, true), ...of('crossNode', input.crossNode, false) };
}

/** Requests per second of pods, and what crosses zones and nodes. */
function rates(input: LoadInput, offered: Offered): Fields {
  const { pods, delivered } = input;
  if (offered.requestsPerSecond === undefined) return {};
  const rate = offered.requestsPerSecond * delivered;
  const count = pods.reduce((sum, one) => sum + one.count, 0);
  let [most, least, over, room, known] = [0, Number.POSITIVE_INFINITY, 0, 0, true];
  for (const { share, count: own, cpuMilli } of pods) {
    const load = share * rate;
    if (load > most) most = load;
    if (load < least) least = load;
    const capacity = capacityOf(offered, cpuMilli).rate;
    if (capacity === undefined) known = false;
    else {
      room += own * capacity;
      if (load > capacity * (1 + 1e-12)) over += own;
    }
  }
  return {
    requestsPerSecond: {
      offered: offered.requestsPerSecond,
      delivered: rate,
      most,
      least: pods.length === 0 ? 0 : least,
      mean: count === 0 ? 0 : rate / count,
      ...(known ? { podsOverInTheMean: over, idleCapacity: room - rate } : {}),
    },
    ...crossing(input, offered),
  };
}

/** The spread under the door's law; undefined where no law of it is worked out, with the reason. */
function spreadOf(
  input: LoadInput,
  offered: Offered,
  groups: readonly Group[],
): {
  readonly law: string;
  readonly spread?: SpreadLoads;
  readonly explanation?: string;
  readonly bounds?: OverBounds;
} {
  const { law, pods } = input;
  const { connections, open, clients } = offered;
  const none = (explanation: string) => ({ law: law.kind, explanation });
  if (law.kind === 'UNKNOWN') return none(law.why);
  if (open !== undefined) {
    if (law.kind !== 'RANDOM')
      return none(`How connections that come and go spread is worked out where each is placed at random. ${law.why}`);
    if (open > MOST_JOINT) return none(`Up to ${MOST_JOINT} connections that are open in the mean are worked out.`);
    return { law: 'ARRIVALS', spread: arriving(open, groups) };
  }
  if (connections === undefined) return none('');
  const random = law.kind === 'RANDOM' || law.kind === 'CLIENTS';
  if (
    connections > MOST_JOINT ||
    (random && jointCost(clients !== undefined && law.kind === 'CLIENTS' ? clients : connections, groups) > MOST_TERMS)
  ) {
    const bounds = law.kind === 'RANDOM' ? overBounds(connections, groups) : undefined;
    return {
      ...none(
        'The joint law of so many connections over these pods takes too long to work out: the answer has the ' +
          'laws of single pods, and bounds of the chance that some pod is over its capacity, by normal laws.',
      ),
      ...(bounds === undefined ? {} : { bounds }),
    };
  }
  const each = clients === undefined ? 1 : connections / clients;
  if (law.kind === 'RANDOM' || (clients === undefined && law.kind === 'CLIENTS')) {
    return {
      law: law.kind === 'CLIENTS' ? 'CONNECTIONS_OF_DIFFERENT_CLIENTS' : 'CONNECTIONS',
      spread: atRandom(connections, groups),
    };
  }
  if (law.kind === 'CLIENTS') return { law: 'CLIENTS', spread: byClients(clients ?? connections, each, groups) };
  // A client's connections are placed one by one where its node draws each: with one connection each nothing is kept.
  if (law.kind === 'STAGES' && clients === undefined && law.entries().every(({ choice }) => choice !== 'IN_TURN')) {
    return { law: 'CONNECTIONS_OF_DIFFERENT_CLIENTS', spread: atRandom(connections, groups) };
  }
  const entries = law.entries();
  const keys = new Map(law.pods.map((key, index) => [key, index]));
  const capacity = capacities(pods, offered, keys);
  const [same] = groups;
  if (law.kind === 'IN_TURN') {
    const own = new Set(entries.flatMap((entry) => entry.pods));
    const disjoint = own.size === entries.reduce((sum, entry) => sum + entry.pods.length, 0);
    const alike = entries.every(({ shares }) => shares.every((share) => Math.abs(share - (shares[0] ?? 0)) < 1e-12));
    if (alike && entries.length === 1 && groups.length === 1)
      return { law: 'IN_TURN', spread: inTurn(connections, own.size, same?.capacity) };
    if (alike && disjoint && new Set(groups.map((one) => one.capacity)).size === 1) {
      const nodes = entries.map(({ weight, pods: numbers }) => ({
        weight: weight / entries.reduce((sum, one) => sum + one.weight, 0),
        pods: numbers.length,
        capacity: same?.capacity,
      }));
      return { law: 'IN_TURN', spread: inTurnOfOwn(connections, nodes) };
    }
  }
  const twice = keptByBalancer(law, offered, entries, groups);
  if (twice !== undefined) return { law: law.kind, spread: twice };
  if (connections > MOST_SIMULATED) return none(`Up to ${MOST_SIMULATED} connections are simulated. ${law.why}`);
  const spread = simulated({
    connections,
    clients: law.kind === 'IN_TURN' ? undefined : clients,
    clientsKeepEntry: law.clientsKeepEntry && clients !== undefined && law.kind !== 'IN_TURN',
    entries,
    pods: law.pods.length,
    capacities: capacity,
  });
  return { law: law.kind, spread };
}

/** Up to so many connections the two stages are worked out exactly. */
const MOST_TWO_STAGES = 300;

/**
 * A load balancer that keeps clients on nodes, which draw among pods of their own for each connection: exact where the
 * model takes it.
 */
function keptByBalancer(
  law: Law,
  { connections = 0, clients, at }: Offered,
  entries: readonly Entry[],
  groups: readonly Group[],
): SpreadLoads | undefined {
  if (law.kind !== 'STAGES' || !law.clientsKeepEntry || clients === undefined) return undefined;
  if (connections > MOST_TWO_STAGES || connections % clients !== 0) return undefined;
  const pods = new Set(entries.flatMap((entry) => entry.pods));
  const own = pods.size === entries.reduce((sum, entry) => sum + entry.pods.length, 0);
  const alike = entries.every(
    ({ choice, shares }) => choice === 'RANDOM' && shares.every((share) => Math.abs(share - (shares[0] ?? 0)) < 1e-12),
  );
  const limits = new Set(groups.map(({ capacity }) => capacity));
  if (!own || !alike || limits.size !== 1) return undefined;
  const total = entries.reduce((sum, { weight }) => sum + weight, 0);
  const [capacity] = limits;
  const each = connections / clients;
  const nodes = entries.map(({ weight, pods: numbers }) => ({
    count: 1,
    weight: weight / total,
    pods: numbers.length,
    ...(capacity === undefined ? {} : { capacity }),
  }));
  const given = { connections, connectionsPerClient: each, loadBalancer: 'random', node: 'random', nodes };
  const answer = modelled('two-stage', given, at) as unknown as SpreadLoads;
  // A pod has nothing from a client that goes to another node, or whose connections all go to its neighbours.
  const idle = nodes.reduce(
    (sum, { weight, pods: count }) => sum + count * (1 - weight + weight * (1 - 1 / count) ** each) ** clients,
    0,
  );
  const { most, least, anyIdle = 0, anyOver } = answer;
  return { most, least, anyIdle, expectedIdle: idle, ...(anyOver === undefined ? {} : { anyOver }) };
}

function capacities(
  pods: readonly LoadedPods[],
  offered: Offered,
  keys: ReadonlyMap<string, number>,
): readonly number[] | undefined {
  const byPod = new Array<number>(keys.size).fill(Number.POSITIVE_INFINITY);
  let any = false;
  for (const { key, cpuMilli } of pods) {
    const limit = capacityOf(offered, cpuMilli).connections;
    const index = key === undefined ? undefined : keys.get(key);
    if (limit === undefined) continue;
    any = true;
    // Pods of one group are alike.
    if (index === undefined) byPod.fill(limit);
    else byPod[index] = limit;
  }
  return any ? byPod : undefined;
}

/** The chance of nothing: exact where the window of the law does not reach so far. */
function nothing({ first, chances }: CountLaw): number {
  return first === 0 ? (chances[0] as number) : 0;
}

/** Each group of pods by itself; without a law of its own, its mean. */
function groupAnswers(carried: number, groups: readonly Group[], marginal: Marginal | undefined): Fields {
  return {
    groups: groups.slice(0, MAX_GROUPS).map(({ count, share, capacity }) => {
      const base = { pods: count, share, mean: carried * share };
      if (marginal === undefined) return base;
      const own = marginal(share);
      return {
        ...base,
        variance: own.variance,
        ...levels(own),
        idle: nothing(own.law),
        ...(capacity === undefined ? {} : { over: above(own.law, Math.floor(capacity / own.unit + 1e-9)) }),
      };
    }),
  };
}

/** Clients of which some share one address: they are one client with the rate of all of them. */
function behindOneAddress(input: LoadInput, offered: Offered): Fields | undefined {
  const { clients, behindOneAddress: together, connections, requestsPerSecond, at } = offered;
  if (clients === undefined || together === undefined || input.law.kind !== 'CLIENTS') return undefined;
  const all = connections ?? (requestsPerSecond === undefined ? undefined : requestsPerSecond * input.delivered);
  if (all === undefined || all === 0) return undefined;
  const ofConnections = connections !== undefined;
  // Rates on a lattice: the model works with whole steps of a common divisor.
  const rate = Math.round((all / clients) * 1e6) / 1e6;
  if (rate === 0) return undefined;
  const groups = groupsOf(input.pods, ({ cpuMilli }) => {
    const limits = capacityOf(offered, cpuMilli);
    return ofConnections ? limits.connections : limits.rate;
  });
  const single = clients - together;
  const given = {
    clients: [
      ...(single === 0 ? [] : [{ count: single, rate }]),
      { count: 1, rate: Math.round(rate * together * 1e6) / 1e6 },
    ],
    pods: groups,
  };
  return { law: 'CLIENTS', ...modelled('affinity', given, `${at}/clientsBehindOneAddress`) };
}

function affinityOnly(input: LoadInput, offered: Offered): Fields {
  // Clients of equal rates, and no connections: a pod's load is the rate of its clients.
  const { clients, requestsPerSecond } = offered;
  if (clients === undefined || requestsPerSecond === undefined || requestsPerSecond === 0) return {};
  if (input.law.kind !== 'CLIENTS') return {};
  const groups = groupsOf(input.pods, ({ cpuMilli }) => capacityOf(offered, cpuMilli).rate);
  const rate = requestsPerSecond * input.delivered;
  const each = rate / clients;
  const perPod = groups.slice(0, MAX_GROUPS).map(({ count, share }) => {
    const { p5, p50, p95, p99 } = percentilesOf(binomialLaw(clients, share));
    return {
      pods: count,
      share,
      mean: share * rate,
      variance: share * (1 - share) * clients * each * each,
      p5: p5 * each,
      p50: p50 * each,
      p95: p95 * each,
      p99: p99 * each,
      idle: (1 - share) ** clients,
    };
  });
  return { law: 'CLIENTS', groups: perPod, ...byClients(clients, each, groups) };
}

/**
 * The load of a Service port's pods. Connections are those that are delivered: what is dropped or refused reaches no
 * pod. Undefined where nothing is delivered. `overCapacity` is the chance that some pod is over its capacity; where
 * only means are known, 1 or 0.
 */
export function loadOf(input: LoadInput, offered: Offered): Load | undefined {
  const { pods, delivered, law } = input;
  if (pods.length === 0 || delivered === 0) return undefined;
  const { connections, open, requestsPerSecond } = offered;
  const carried = connections ?? open;
  const groups = groupsOf(pods, ({ cpuMilli }) => capacityOf(offered, cpuMilli).connections);
  const together = behindOneAddress(input, offered);
  const {
    spread,
    explanation,
    bounds,
    law: lawName,
  } = together === undefined
    ? spreadOf(input, offered, groups)
    : { law: 'CLIENTS', spread: undefined, explanation: '', bounds: undefined };
  const clients = together ?? (carried === undefined ? affinityOnly(input, offered) : {});
  const means = rates(input, offered);
  const meanOver = (means.requestsPerSecond as Fields | undefined)?.podsOverInTheMean as number | undefined;
  const anyOver = (spread?.anyOver ?? (clients as Fields).anyOver) as number | undefined;
  const byMean = meanOver === undefined ? undefined : meanOver > 0 ? 1 : 0;
  // Where connections are placed by a law that is not worked out, means do not show that no pod is over its capacity.
  const unproven = carried !== undefined && anyOver === undefined;
  const overCapacity = anyOver ?? bounds?.anyOverAtMost ?? (unproven && byMean === 0 ? undefined : byMean);
  const podCount = pods.reduce((sum, { count }) => sum + count, 0);
  const oneCounter = law.kind === 'IN_TURN' && law.counters === 1;
  const marginal = marginalOf(lawName, offered, podCount, oneCounter && groups.length === 1);
  const large = carried !== undefined && open === undefined && carried > 1e7;
  const placed = oneCounter || large || together !== undefined ? undefined : marginal;
  const rate = requestsPerSecond === undefined ? undefined : requestsPerSecond * delivered;
  const [one] = pods;
  const limits = one === undefined ? {} : capacityOf(offered, one.cpuMilli);
  return {
    ...(input.listed
      ? {
          pods: pods.slice(0, MAX_PODS).map(({ pod, node, zone, share }) => ({
            pod,
            node,
            ...(zone === '' ? {} : { zone }),
            share,
            ...(requestsPerSecond === undefined ? {} : { requestsPerSecond: share * delivered * requestsPerSecond }),
            ...(carried === undefined ? {} : { connections: share * carried }),
          })),
        }
      : {}),
    ...means,
    ...(input.listed || new Set(pods.map(({ node }) => node)).size <= MAX_SWEPT_NODES
      ? { nodes: placesOf(pods, 'node', rate, carried, input.listed ? placed : undefined) }
      : {}),
    zones: placesOf(pods, 'zone', rate, carried, input.listed ? placed : undefined),
    ...(carried === undefined ? {} : { connections: carried }),
    ...(Object.keys(limits).length === 0
      ? {}
      : {
          capacity: {
            ...(limits.connections === undefined ? {} : { connections: limits.connections }),
            ...(limits.rate === undefined ? {} : { requestsPerSecond: limits.rate }),
          },
        }),
    ...(carried === undefined ? {} : { law: lawName, why: law.why }),
    ...(carried === undefined || carried === 0
      ? {}
      : large
        ? modelled('pod-load', { connections: carried, pods: groups.slice(0, MAX_GROUPS) }, offered.at)
        : groupAnswers(carried, groups, marginal)),
    ...clients,
    ...spread,
    ...bounds,
    ...(spread === undefined && carried !== undefined && explanation !== undefined && explanation !== ''
      ? { explanation }
      : {}),
    ...(overCapacity === undefined ? {} : { overCapacity, maxChance: offered.maxChance }),
    ...(law.assumed === undefined || spread === undefined ? {} : { assumed: law.assumed }),
  };
}
