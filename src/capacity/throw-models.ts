/** Connections that are thrown over pods: how uneven that makes their loads. */
import {
  asNumber,
  countIn,
  fieldsIn,
  GivenFault,
  type GivenPods,
  has,
  listIn,
  numberIn,
  podsIn,
  wordIn,
} from './given.js';
import { above, binomialLaw, binomialPmf, type Law, lawOf, meanOf, percentilesOf, poissonLaw } from './numbers.js';
import { anyOver, chanceWithin, leastLoaded, mostLoaded, rest } from './occupancy/occupancy.js';

export type Answer = Readonly<Record<string, unknown>>;

/** Mean and percentiles of a law. */
export function summary(law: Law): Answer {
  return { mean: meanOf(law), ...percentilesOf(law) };
}

const LARGE = 1e6;

function thrown(value: unknown, at: string, names: readonly string[] = []) {
  const fields = fieldsIn(value, at, ['connections', 'pods', ...names]);
  return { fields, connections: countIn(fields, 'connections', at), pods: podsIn(fields, at) };
}

/** Whether joint laws are worked out; for more connections only single pods are, with their bounds. */
function requireJoint(connections: number, at: string): void {
  if (connections <= LARGE) return;
  throw new GivenFault(
    `${at}/connections`,
    `The most and least loaded of all pods are worked out for up to ${LARGE} connections; model pod-load ` +
      'answers for one pod and any number.',
  );
}

function ofPod(connections: number, { share, capacity }: GivenPods): Answer {
  if (connections > 1e7) {
    // A normal law is near enough: its error is below 1/√(N p (1 − p)).
    const [mean, variance] = [connections * share, connections * share * (1 - share)];
    const at = (z: number) => Math.max(0, Math.ceil(mean + z * Math.sqrt(variance) - 0.5));
    return { mean, variance, p5: at(-1.6448536), p50: at(0), p95: at(1.6448536), p99: at(2.3263479), method: 'NORMAL' };
  }
  const law = binomialLaw(connections, share);
  return {
    mean: connections * share,
    variance: connections * share * (1 - share),
    ...percentilesOf(law),
    idle: (1 - share) ** connections,
    ...(capacity === undefined ? {} : { over: above(law, capacity) }),
  };
}

/** One pod: a binomial law. */
export function podLoad(value: unknown, at: string): Answer {
  const { connections, pods } = thrown(value, at);
  return { groups: pods.map((group) => ofPod(connections, group)) };
}

/** The most and the least loaded pod: a multinomial law. */
export function extremes(value: unknown, at: string): Answer {
  const { connections, pods } = thrown(value, at);
  requireJoint(connections, at);
  return { most: summary(mostLoaded(connections, pods)), least: summary(leastLoaded(connections, pods)) };
}

/** Pods with a capacity of their own. */
export function overCapacity(value: unknown, at: string): Answer {
  const fields = fieldsIn(value, at, ['connections', 'pods']);
  const connections = countIn(fields, 'connections', at);
  requireJoint(connections, at);
  const pods = podsIn(fields, at, true);
  const groups = pods.map(({ share, capacity = 0 }) => ({ over: above(binomialLaw(connections, share), capacity) }));
  const expectedOver = groups.reduce((sum, { over }, index) => sum + over * (pods[index]?.count ?? 0), 0);
  const room = pods.reduce((sum, { count, capacity = 0 }) => sum + count * Math.floor(capacity), 0);
  return { anyOver: room < connections ? 1 : anyOver(connections, pods), expectedOver, groups };
}

/** The law of the number of pods without a connection, by going through them one after the other. */
function idleLaw(connections: number, groups: readonly GivenPods[]): Law {
  const pods = groups.flatMap(({ count, share }) => Array.from({ length: count }, () => share));
  // left[have][idle]
  let left = new Map<number, Float64Array>([[connections, Float64Array.of(1, ...new Array(pods.length).fill(0))]]);
  let unthrown = 1;
  for (const [index, share] of pods.entries()) {
    const chance = index === pods.length - 1 ? 1 : Math.min(1, share / unthrown);
    const next = new Map<number, Float64Array>();
    for (const [have, counts] of left) {
      for (let take = 0; take <= have; take++) {
        const part = binomialPmf(have, chance, take);
        if (part < 1e-40) continue;
        let target = next.get(have - take);
        if (target === undefined) {
          target = new Float64Array(pods.length + 1);
          next.set(have - take, target);
        }
        const move = take === 0 ? 1 : 0;
        for (let idle = 0; idle + move <= pods.length; idle++) {
          target[idle + move] = (target[idle + move] as number) + part * (counts[idle] as number);
        }
      }
    }
    left = next;
    unthrown = Math.max(1e-16, unthrown - share);
  }
  return { first: 0, chances: [...(left.get(0) ?? [])] };
}

/** The most numbers of idle pods that are listed, each with its chance. */
const IDLE_TOLD = 6;

export function idle(value: unknown, at: string): Answer {
  const { connections, pods } = thrown(value, at);
  requireJoint(connections, at);
  const count = pods.reduce((sum, one) => sum + one.count, 0);
  const expectedIdle = pods.reduce((sum, one) => sum + one.count * (1 - one.share) ** connections, 0);
  const groups = pods.map(({ share }) => ({ idle: (1 - share) ** connections }));
  const none = chanceWithin(
    connections,
    pods.map((group) => ({ ...group, low: 1, high: connections })),
  );
  const anyIdle = connections < count ? 1 : expectedIdle < 1e-9 ? expectedIdle : 1 - none;
  if (connections * connections * count * count > 4e8) return { anyIdle, expectedIdle, groups };
  const law = idleLaw(connections, pods);
  return {
    anyIdle: connections < count ? 1 : law.chances.slice(1).reduce((sum, one) => sum + one, 0),
    expectedIdle,
    idlePods: percentilesOf(law),
    groups,
    idleCount: law.chances.slice(0, IDLE_TOLD),
  };
}

/** How many connections until every pod has one. */
export function allServed(value: unknown, at: string): Answer {
  const fields = fieldsIn(value, at, ['pods', 'chances']);
  const pods = podsIn(fields, at);
  const count = pods.reduce((sum, one) => sum + one.count, 0);
  if (count > 500) throw new GivenFault(`${at}/pods`, `At most 500 pods, not ${count}.`);
  const chances = listIn(fields, 'chances', at, 20).map((one, index) =>
    asNumber(one, `${at}/chances/${index}`, { above: 0, below: 1 }),
  );
  const served = new Map<number, number>();
  const all = (connections: number) => {
    const known = served.get(connections);
    if (known !== undefined) return known;
    const chance =
      connections < count
        ? 0
        : chanceWithin(
            connections,
            pods.map((group) => ({ ...group, low: 1, high: connections })),
          );
    served.set(connections, chance);
    return chance;
  };
  const least = (level: number) => {
    let high = count;
    while (all(high) < level - 1e-12) high *= 2;
    let low = Math.max(count, high / 2);
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (all(middle) >= level - 1e-12) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  // E = Σ over t of the chance that somebody has nothing; by ∫ (1 − Π(1 − e^{−p t})) dt, which Poisson arrivals turn it
  // into.
  const idleAt = (t: number) =>
    -Math.expm1(pods.reduce((log, { count: n, share }) => log + n * Math.log1p(-Math.exp(-share * t)), 0));
  const smallest = Math.min(...pods.map(({ share }) => share));
  const end = (45 + Math.log(count)) / smallest;
  return { connections: chances.map(least), mean: integral((t) => (t === 0 ? 1 : idleAt(t)), 0, end) };
}

/** ∫ f by Gauss and Legendre on many pieces. */
function integral(f: (x: number) => number, from: number, to: number): number {
  const nodes = [0.1488743389816312, 0.4333953941292472, 0.6794095682990244, 0.8650633666889845, 0.9739065285171717];
  const weights = [0.2955242247147529, 0.2692667193099963, 0.219086362515982, 0.1494513491505806, 0.0666713443086881];
  const pieces = 400;
  const width = (to - from) / pieces;
  let total = 0;
  for (let piece = 0; piece < pieces; piece++) {
    const middle = from + (piece + 0.5) * width;
    for (const [index, node] of nodes.entries()) {
      const weight = weights[index] as number;
      total += weight * (f(middle + (node * width) / 2) + f(middle - (node * width) / 2));
    }
  }
  return (total * width) / 2;
}

interface GivenNode {
  readonly weight: number;
  readonly pods: number;
  readonly capacity: number | undefined;
}

/** P(each of `pods` equal pods gets from `low` to `high` of a connections), for a from 0 to `connections`. */
function equalPods(connections: number, pods: number, low: number, high: number): Float64Array {
  let fine = new Float64Array(connections + 1);
  fine[0] = 1;
  for (let pod = 1; pod <= pods; pod++) {
    const next = new Float64Array(connections + 1);
    for (let have = 0; have <= connections; have++) {
      let total = 0;
      const last = Math.min(high, have);
      for (let take = low; take <= last; take++) {
        const before = fine[have - take] as number;
        if (before !== 0) total += before * binomialPmf(have, 1 / pod, take);
      }
      next[have] = total;
    }
    fine = next;
  }
  return fine;
}

/** A load balancer that takes a node, and the node that takes one of its own pods. */
export function twoStage(value: unknown, at: string): Answer {
  const fields = fieldsIn(value, at, ['connections', 'connectionsPerClient', 'loadBalancer', 'node', 'nodes']);
  const connections = countIn(fields, 'connections', at, 0, 2000);
  const each = has(fields, 'connectionsPerClient') ? countIn(fields, 'connectionsPerClient', at, 1) : 1;
  if (connections % each !== 0) {
    throw new GivenFault(
      `${at}/connections`,
      `A multiple of connectionsPerClient (${each}) is needed, not ${connections}.`,
    );
  }
  const balancer = wordIn(fields, 'loadBalancer', at, ['random', 'round-robin']);
  const choice = wordIn(fields, 'node', at, ['random', 'round-robin']);
  const nodes = listIn(fields, 'nodes', at, 1000).flatMap((one, index) => {
    const place = `${at}/nodes/${index}`;
    const node = fieldsIn(one, place, ['count', 'weight', 'pods', 'capacity']);
    const own: GivenNode = {
      weight: numberIn(node, 'weight', place, { most: 1 }),
      pods: countIn(node, 'pods', place, 1, 1000),
      capacity: has(node, 'capacity') ? numberIn(node, 'capacity', place, { above: 0 }) : undefined,
    };
    return Array.from({ length: countIn(node, 'count', place, 1, 1000) }, () => own);
  });
  const total = nodes.reduce((sum, { weight }) => sum + weight, 0);
  if (Math.abs(total - 1) > 1e-9)
    throw new GivenFault(`${at}/nodes`, `The weights of all nodes must sum to 1; they sum to ${total}.`);
  const clients = connections / each;
  const pods = nodes.reduce((sum, node) => sum + node.pods, 0);
  if (balancer === 'random' && choice === 'random' && each === 1) {
    const groups = nodes.map(({ weight, pods: count, capacity }) => ({ count, share: weight / count, capacity }));
    const limited = groups.some(({ capacity }) => capacity !== undefined);
    return {
      most: summary(mostLoaded(connections, groups)),
      least: summary(leastLoaded(connections, groups)),
      shares: nodes
        .filter((node, index) => nodes.indexOf(node) === index)
        .map(({ weight, pods: count }) => weight / count),
      expectedIdle: groups.reduce((sum, { count, share }) => sum + count * (1 - share) ** connections, 0),
      ...(limited ? { anyOver: anyOver(connections, groups) } : {}),
    };
  }
  const fine = (node: GivenNode, low: number, high: number): ((arrivals: number) => number) => {
    if (choice === 'round-robin') {
      return (arrivals) => (Math.floor(arrivals / node.pods) >= low && Math.ceil(arrivals / node.pods) <= high ? 1 : 0);
    }
    const chances = equalPods(connections, node.pods, low, Math.min(high, connections));
    return (arrivals) => chances[arrivals] as number;
  };
  /** The chance that every node is fine with what it gets. */
  const allFine = (low: number, highOf: (node: GivenNode) => number): number => {
    const known = new Map<string, (arrivals: number) => number>();
    const lawOfNode = (node: GivenNode) => {
      const key = `${node.pods} ${highOf(node)}`;
      const found = known.get(key) ?? fine(node, low, highOf(node));
      known.set(key, found);
      return found;
    };
    if (balancer === 'round-robin') {
      const [base, more] = [Math.floor(clients / nodes.length), clients % nodes.length];
      return nodes.reduce((chance, node, index) => chance * lawOfNode(node)((base + (index < more ? 1 : 0)) * each), 1);
    }
    let left = new Float64Array(clients + 1);
    left[clients] = 1;
    let unthrown = 1;
    for (const [index, node] of nodes.entries()) {
      const chance = index === nodes.length - 1 ? 1 : Math.min(1, node.weight / unthrown);
      const own = lawOfNode(node);
      const next = new Float64Array(clients + 1);
      for (let have = 0; have <= clients; have++) {
        const weight = left[have] as number;
        if (weight === 0) continue;
        for (let take = 0; take <= have; take++) {
          const part = own(take * each);
          if (part !== 0)
            next[have - take] = (next[have - take] as number) + weight * binomialPmf(have, chance, take) * part;
        }
      }
      left = next;
      unthrown = Math.max(1e-16, unthrown - node.weight);
    }
    return left[0] as number;
  };
  const rising = (chance: (c: number) => number, first: number): Law => {
    const values: number[] = [];
    for (let c = first; c <= connections; c++) {
      const value = chance(c);
      values.push(value);
      if (value > 1 - 1e-13) break;
    }
    return lawOf(first, first + values.length - 1, (c) => values[c - first] as number);
  };
  const most = rising((c) => allFine(0, () => c), Math.ceil(connections / pods));
  const least = rising((c) => 1 - allFine(c + 1, () => connections), 0);
  const limited = nodes.some(({ capacity }) => capacity !== undefined);
  return {
    most: summary(most),
    least: summary(least),
    anyIdle: rest(allFine(1, () => connections)),
    ...(limited ? { anyOver: rest(allFine(0, ({ capacity }) => Math.floor(capacity ?? connections))) } : {}),
  };
}

const WINDOWS = ['lifetimeSeconds', 'windowSeconds', 'lifetime', 'atSeconds'];

/** Connections that come at random in time: those open at one moment, or those of a window. */
export function poisson(value: unknown, at: string): Answer {
  const fields = fieldsIn(value, at, ['arrivalsPerSecond', 'pods', ...WINDOWS]);
  const rate = numberIn(fields, 'arrivalsPerSecond', at);
  const pods = podsIn(fields, at);
  let seconds: number;
  if (has(fields, 'windowSeconds')) {
    if (has(fields, 'lifetimeSeconds'))
      throw new GivenFault(`${at}/windowSeconds`, 'Give windowSeconds or lifetimeSeconds, not both.');
    seconds = numberIn(fields, 'windowSeconds', at, { above: 0 });
  } else {
    seconds = numberIn(fields, 'lifetimeSeconds', at, { above: 0 });
    if (has(fields, 'atSeconds')) {
      const after = numberIn(fields, 'atSeconds', at);
      const law = wordIn(fields, 'lifetime', at, ['exponential', 'fixed']);
      seconds = law === 'fixed' ? Math.min(after, seconds) : seconds * -Math.expm1(-after / seconds);
    }
  }
  return occupancy(
    pods,
    pods.map(({ share }) => rate * share * seconds),
  );
}

/** Independent pods with these means. */
function occupancy(pods: readonly GivenPods[], means: readonly number[]): Answer {
  if (Math.max(...means) > 1e6)
    throw new GivenFault('', 'More than a million connections on a pod are not worked out.');
  const laws = means.map(poissonLaw);
  const groups = pods.map(({ capacity }, index) => {
    const law = laws[index] as Law;
    const mean = means[index] as number;
    return {
      mean,
      ...percentilesOf(law),
      idle: Math.exp(-mean),
      ...(capacity === undefined ? {} : { over: above(law, capacity) }),
    };
  });
  const all = (chance: (index: number) => number) =>
    Math.exp(pods.reduce((log, { count }, index) => log + count * Math.log1p(-Math.min(1, chance(index))), 0));
  const some = (chance: (index: number) => number) =>
    -Math.expm1(
      pods.reduce((log, { count }, index) => log + count * Math.log1p(-Math.min(1 - 1e-300, chance(index))), 0),
    );
  const last = Math.max(...laws.map(({ first, chances }) => first + chances.length));
  const most = lawOf(0, last, (c) => all((index) => above(laws[index] as Law, c)));
  // P(all > c) falls: the law of the least is one minus that.
  const least = lawOf(0, last, (c) => {
    const more = pods.reduce(
      (log, { count }, index) => log + count * Math.log(Math.max(1e-300, above(laws[index] as Law, c))),
      0,
    );
    return 1 - Math.exp(more);
  });
  const limited = pods.some(({ capacity }) => capacity !== undefined);
  return {
    groups,
    most: summary(most),
    least: summary(least),
    anyIdle: some((index) => Math.exp(-(means[index] as number))),
    expectedIdle: pods.reduce((sum, { count }, index) => sum + count * Math.exp(-(means[index] as number)), 0),
    ...(limited
      ? { anyOver: some((index) => above(laws[index] as Law, pods[index]?.capacity ?? Number.MAX_SAFE_INTEGER)) }
      : {}),
  };
}

/** Erlang's B: the chance that a pod which takes `capacity` refuses, where `offered` would be open. */
function erlangB(offered: number, capacity: number): number {
  let blocked = 1;
  for (let k = 1; k <= capacity; k++) blocked = (offered * blocked) / (k + offered * blocked);
  return blocked;
}

/** Pods that refuse what is beyond their capacity. */
export function refused(value: unknown, at: string): Answer {
  const fields = fieldsIn(value, at, ['arrivalsPerSecond', 'lifetimeSeconds', 'pods']);
  const load = numberIn(fields, 'arrivalsPerSecond', at) * numberIn(fields, 'lifetimeSeconds', at, { above: 0 });
  const pods = podsIn(fields, at, true);
  const groups = pods.map(({ share, capacity = 0 }) => {
    const offered = load * share;
    const part = erlangB(offered, Math.min(1e7, Math.floor(capacity)));
    return { offered, refused: part, meanLoad: offered * (1 - part) };
  });
  return {
    groups,
    refused: pods.reduce((sum, { count, share }, index) => sum + count * share * (groups[index]?.refused ?? 0), 0),
  };
}
