/**
 * How connections spread under the law by which they are placed: each at random, whole clients, in turn, or arriving in
 * time. Equal shares have equal means under all of them; only what lies around the mean differs.
 */
import { seeded } from './affinity.js';
import { type ThrownLoads, thrownLoads } from './loads.js';
import { above, type Law, lawOf, meanOf, type Percentiles, percentilesOf, poissonLaw } from './numbers.js';
import type { PodGroup } from './occupancy/groups.js';
import { chanceWithin, rest } from './occupancy/occupancy.js';

/** Mean and percentiles of one value. */
interface Summary extends Percentiles {
  readonly mean: number;
}

/** How a simulation was made, and four standard errors of its chances and means. */
interface Simulated {
  readonly seed: number;
  readonly draws: number;
  readonly errors: { readonly mean: number; readonly anyOver?: number; readonly anyIdle: number };
}

export interface SpreadLoads {
  readonly most: Summary;
  readonly least: Summary;
  readonly anyIdle: number;
  readonly expectedIdle: number;
  readonly anyOver?: number;
  readonly expectedOver?: number;
  /** Absent: exact. */
  readonly simulated?: Simulated;
}

function summaryOf(law: Law, unit = 1): Summary {
  const { p5, p50, p95, p99 } = percentilesOf(law);
  return { mean: meanOf(law) * unit, p5: p5 * unit, p50: p50 * unit, p95: p95 * unit, p99: p99 * unit };
}

/** The laws of the most and the least loaded pod by mean and percentiles; `unit`: what one throw brings. */
function summaryOfThrow({ most, least, ...chances }: ThrownLoads, unit = 1): SpreadLoads {
  return { most: summaryOf(most, unit), least: summaryOf(least, unit), ...chances };
}

/** Each connection chooses by itself: a multinomial law. */
export function atRandom(connections: number, groups: readonly PodGroup[]): SpreadLoads {
  return summaryOfThrow(thrownLoads(connections, groups));
}

/**
 * Whole clients choose, and bring `each` connections (or requests per second) with them. Capacities are in that unit.
 */
export function byClients(clients: number, each: number, groups: readonly PodGroup[]): SpreadLoads {
  const inClients = groups.map(({ capacity, ...group }) => ({
    ...group,
    // A client's rate is a quotient: what fits exactly must not fail by its rounding.
    ...(capacity === undefined ? {} : { capacity: Math.floor(capacity / each + 1e-9) }),
  }));
  return summaryOfThrow(thrownLoads(clients, inClients), each);
}

/**
 * Connections arrive at random in time, so many are open in the mean: pods are independent Poisson variables (M/G/∞).
 */
export function arriving(open: number, groups: readonly PodGroup[]): SpreadLoads {
  const laws = groups.map(({ share }) => poissonLaw(open * share));
  const some = (chance: (index: number) => number) =>
    -Math.expm1(
      groups.reduce((log, { count }, index) => log + count * Math.log1p(-Math.min(1 - 1e-300, chance(index))), 0),
    );
  const at = (index: number) => laws[index] as Law;
  const last = Math.max(...laws.map(({ first, chances }) => first + chances.length));
  const most = lawOf(0, last, (c) => 1 - some((index) => above(at(index), c)));
  const least = lawOf(0, last, (c) => some((index) => Math.max(0, 1 - above(at(index), c))));
  const idle = (index: number) => Math.exp(-open * (groups[index]?.share ?? 0));
  const limited = groups.some(({ capacity }) => capacity !== undefined);
  const over = (index: number) => above(at(index), groups[index]?.capacity ?? Number.MAX_SAFE_INTEGER);
  const sum = (chance: (index: number) => number) =>
    groups.reduce((total, { count }, index) => total + count * chance(index), 0);
  return {
    most: summaryOf(most),
    least: summaryOf(least),
    anyIdle: some(idle),
    expectedIdle: sum(idle),
    ...(limited ? { anyOver: some(over), expectedOver: sum(over) } : {}),
  };
}

/**
 * The chance of a standard normal variable above z (Abramowitz and Stegun 7.1.26 for the middle, the asymptotic series
 * beyond 3).
 */
function normalTail(z: number): number {
  if (z < 0) return 1 - normalTail(-z);
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z > 3) return (density / z) * (1 - 1 / (z * z) + 3 / z ** 4 - 15 / z ** 6);
  const t = 1 / (1 + 0.2316419 * z);
  return density * t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
}

/**
 * What the chance of a pod over its capacity is at least and at most: counts are negatively dependent. Normal laws of
 * single pods.
 */
export interface OverBounds {
  readonly anyOverAtLeast: number;
  readonly anyOverAtMost: number;
}

/** Bounds for so many connections that their joint law takes too long; undefined where no pod has a capacity. */
export function overBounds(connections: number, groups: readonly PodGroup[]): OverBounds | undefined {
  if (groups.every(({ capacity }) => capacity === undefined)) return undefined;
  let [none, sum] = [0, 0];
  for (const { count, share, capacity } of groups) {
    if (capacity === undefined) continue;
    const deviation = Math.sqrt(connections * share * (1 - share));
    const mean = connections * share;
    const over =
      deviation === 0 ? (mean > capacity ? 1 : 0) : normalTail((Math.floor(capacity) + 0.5 - mean) / deviation);
    none += count * Math.log1p(-Math.min(1 - 1e-300, over));
    sum += count * over;
  }
  return { anyOverAtLeast: -Math.expm1(none), anyOverAtMost: Math.min(1, sum) };
}

const fixed = (value: number): Summary => ({ mean: value, p5: value, p50: value, p95: value, p99: value });

/** One counter goes round pods that are alike: nothing is random but which pods get one more. */
export function inTurn(connections: number, pods: number, capacity: number | undefined): SpreadLoads {
  const [least, more] = [Math.floor(connections / pods), connections % pods];
  const most = more === 0 ? least : least + 1;
  const over = capacity === undefined ? 0 : most > capacity ? (least > capacity ? pods : more) : 0;
  const idle = least > 0 ? 0 : pods - more;
  return {
    most: fixed(most),
    least: fixed(least),
    anyIdle: idle > 0 ? 1 : 0,
    expectedIdle: idle,
    ...(capacity === undefined ? {} : { anyOver: over > 0 ? 1 : 0, expectedOver: over }),
  };
}

/** A node with pods of its own. `weight`: the share of connections that come to it. */
export interface OwnPods {
  readonly weight: number;
  readonly pods: number;
  readonly capacity?: number | undefined;
}

/** Nodes are chosen at random, each node's counter goes round its own pods: only the first stage is random. */
export function inTurnOfOwn(connections: number, nodes: readonly OwnPods[]): SpreadLoads {
  const pods = nodes.reduce((sum, node) => sum + node.pods, 0);
  const boxes = (low: number, highOf: (node: OwnPods) => number) =>
    nodes.map((node) => ({
      count: 1,
      share: node.weight,
      low: Math.min(connections, low * node.pods),
      high: Math.min(connections, Math.floor(highOf(node)) * node.pods),
    }));
  const everywhere = () => connections;
  const atMost = (c: number) =>
    chanceWithin(
      connections,
      boxes(0, () => c),
    );
  const atLeast = (c: number) => (c * pods > connections ? 0 : chanceWithin(connections, boxes(c, everywhere)));
  const laws = (from: number, chance: (c: number) => number): Law => {
    const values: number[] = [];
    for (let c = from; c <= connections; c++) {
      values.push(chance(c));
      if ((values.at(-1) as number) > 1 - 1e-12) break;
    }
    return lawOf(from, from + values.length - 1, (c) => values[c - from] as number);
  };
  // The mean number of idle pods: of a node that gets a connections, those beyond the first a.
  const expectedIdle = nodes.reduce((sum, { weight, pods: own }) => {
    let idle = 0;
    for (let a = 0; a < Math.min(own, connections + 1); a++) idle += (own - a) * binomialAt(connections, weight, a);
    return sum + idle;
  }, 0);
  const limited = nodes.some(({ capacity }) => capacity !== undefined);
  return {
    most: summaryOf(laws(Math.floor(connections / Math.max(1, pods)), atMost)),
    least: summaryOf(laws(0, (c) => 1 - atLeast(c + 1))),
    anyIdle: rest(atLeast(1)),
    expectedIdle,
    ...(limited
      ? {
          anyOver: rest(
            chanceWithin(
              connections,
              boxes(0, ({ capacity }) => capacity ?? connections),
            ),
          ),
        }
      : {}),
  };
}

function binomialAt(n: number, p: number, k: number): number {
  // Few terms from the start: each follows from the one before it.
  if (p >= 1) return k === n ? 1 : 0;
  let chance = (1 - p) ** n;
  for (let i = 0; i < k; i++) chance *= ((n - i) / (i + 1)) * (p / (1 - p));
  return chance;
}

/** How a node takes one of the pods that it may use. */
export type NodeChoice = 'RANDOM' | 'IN_TURN' | 'KEPT';

/** Where connections come to, and what is chosen there. */
export interface Entry {
  /** Entries are chosen in proportion to it. */
  readonly weight: number;
  readonly choice: NodeChoice;
  /** Numbers of pods, and how likely each is. */
  readonly pods: readonly number[];
  readonly shares: readonly number[];
}

export interface Stages {
  readonly connections: number;
  /**
   * Connections of one client: KEPT entries give a client the pod it had. Absent: each connection is a client's only
   * one.
   */
  readonly clients?: number | undefined;
  /** Whether a client always comes to the same entry. */
  readonly clientsKeepEntry: boolean;
  readonly entries: readonly Entry[];
  readonly pods: number;
  /** By pod; absent: no limit. */
  readonly capacities?: readonly number[] | undefined;
}

const SEED = 1;
/** About how many placed connections a simulation takes. */
const WORK = 3e6;
const [FEWEST_DRAWS, MOST_DRAWS] = [300, 20000];
/** More connections are not simulated. */
export const MOST_SIMULATED = 100_000;

/** Picks an index by weight, in a time that does not grow with the number of weights (Walker's alias method). */
function picker(weights: readonly number[]): (random: () => number) => number {
  const size = weights.length;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const scaled = weights.map((weight) => (weight * size) / total);
  const alias = new Int32Array(size);
  const keep = new Float64Array(size).fill(1);
  const small: number[] = [];
  const large: number[] = [];
  for (const [index, value] of scaled.entries()) (value < 1 ? small : large).push(index);
  while (small.length > 0 && large.length > 0) {
    const [low, high] = [small.pop() as number, large.at(-1) as number];
    keep[low] = scaled[low] as number;
    alias[low] = high;
    scaled[high] = (scaled[high] as number) + (scaled[low] as number) - 1;
    if ((scaled[high] as number) < 1) small.push(large.pop() as number);
  }
  return (random) => {
    const place = random() * size;
    const index = Math.min(size - 1, Math.floor(place));
    return place - index < (keep[index] as number) ? index : (alias[index] as number);
  };
}

/**
 * What no closed form gives, drawn with a seed: the same question has the same answer. Chances and means come with four
 * standard errors.
 */
export function simulated({ connections, clients, clientsKeepEntry, entries, pods, capacities }: Stages): SpreadLoads {
  const random = seeded(SEED);
  const chooseEntry = picker(entries.map(({ weight }) => weight));
  const choosers = entries.map(({ shares }) => picker(shares));
  const draws = Math.max(FEWEST_DRAWS, Math.min(MOST_DRAWS, Math.floor(WORK / (connections + pods + entries.length))));
  const [most, least] = [new Float64Array(draws), new Float64Array(draws)];
  let [over, overPods, idle, idlePods] = [0, 0, 0, 0];
  const loads = new Float64Array(pods);
  const arrivals = new Int32Array(entries.length);
  const many = clients ?? connections;
  const pick = (entry: number) =>
    (entries[entry] as Entry).pods[(choosers[entry] as (r: () => number) => number)(random)] as number;
  for (let draw = 0; draw < draws; draw++) {
    loads.fill(0);
    arrivals.fill(0);
    const remembered = new Map<number, number>();
    for (let client = 0; client < many; client++) {
      const own = Math.floor(connections / many) + (client < connections % many ? 1 : 0);
      const kept = clientsKeepEntry ? chooseEntry(random) : -1;
      for (let connection = 0; connection < own; connection++) {
        const entry = kept >= 0 ? kept : chooseEntry(random);
        const { choice } = entries[entry] as Entry;
        if (choice === 'IN_TURN') {
          arrivals[entry] = (arrivals[entry] as number) + 1;
          continue;
        }
        const key = client * entries.length + entry;
        const before = choice === 'KEPT' ? remembered.get(key) : undefined;
        const pod = before ?? pick(entry);
        if (choice === 'KEPT' && own > 1) remembered.set(key, pod);
        loads[pod] = (loads[pod] as number) + 1;
      }
    }
    for (const [entry, count] of arrivals.entries()) {
      if (count === 0) continue;
      const { pods: own } = entries[entry] as Entry;
      const [whole, more] = [Math.floor(count / own.length), count % own.length];
      const start = Math.floor(random() * own.length);
      for (const [index, pod] of own.entries()) {
        const extra = (index - start + own.length) % own.length < more ? 1 : 0;
        loads[pod] = (loads[pod] as number) + whole + extra;
      }
    }
    let [high, low, overHere, idleHere] = [0, Number.POSITIVE_INFINITY, 0, 0];
    for (let pod = 0; pod < pods; pod++) {
      const load = loads[pod] as number;
      if (load > high) high = load;
      if (load < low) low = load;
      if (load === 0) idleHere++;
      if (capacities !== undefined && load > (capacities[pod] as number)) overHere++;
    }
    most[draw] = high;
    least[draw] = low;
    overPods += overHere;
    idlePods += idleHere;
    if (overHere > 0) over++;
    if (idleHere > 0) idle++;
  }
  const summary = (values: Float64Array): Summary => {
    const sorted = values.slice().sort();
    const at = (level: number) => sorted[Math.min(draws - 1, Math.max(0, Math.ceil(level * draws) - 1))] as number;
    const mean = sorted.reduce((sum, one) => sum + one, 0) / draws;
    return { mean, p5: at(0.05), p50: at(0.5), p95: at(0.95), p99: at(0.99) };
  };
  const [high, low] = [summary(most), summary(least)];
  const spread = most.reduce((sum, one) => sum + (one - high.mean) ** 2, 0) / draws;
  const error = (count: number) => 4 * Math.sqrt((Math.max(1, count) * Math.max(1, draws - count)) / draws ** 3);
  return {
    most: high,
    least: low,
    anyIdle: idle / draws,
    expectedIdle: idlePods / draws,
    ...(capacities === undefined ? {} : { anyOver: over / draws, expectedOver: overPods / draws }),
    simulated: {
      seed: SEED,
      draws,
      errors: {
        mean: 4 * Math.sqrt(spread / draws),
        ...(capacities === undefined ? {} : { anyOver: error(over) }),
        anyIdle: error(idle),
      },
    },
  };
}
