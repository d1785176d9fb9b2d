/** Pods taken in turn, with one counter or one on each node. */
import { asNumber, countIn, fieldsIn, GivenFault, has, listIn, wordIn } from './given.js';
import { binomialPmf, type Law } from './numbers.js';
import { type Answer, summary } from './throw-models.js';

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** The kernel's weighted round robin (ip_vs_wrr): whole cycles are exact, within one large weights come first. */
function weightedTurns(weights: readonly number[], connections: number): readonly number[] {
  const step = weights.reduce(gcd);
  const most = Math.max(...weights);
  const cycle = weights.reduce((sum, one) => sum + one, 0) / step;
  const whole = Math.floor(connections / cycle);
  const loads = weights.map((weight) => (weight / step) * whole);
  let rest = connections - whole * cycle;
  let [index, current] = [-1, 0];
  while (rest > 0) {
    index = (index + 1) % weights.length;
    if (index === 0) {
      current -= step;
      if (current <= 0) current = most;
    }
    if ((weights[index] as number) >= current) {
      loads[index] = (loads[index] as number) + 1;
      rest--;
    }
  }
  return loads;
}

/** Starts of all counters that are gone through one by one; beyond, states of coverage are. */
const MOST_STATES = 200000;

/**
 * The laws of the most, least and one pod where each node's counter is anywhere. `weight`: of these connections per
 * node.
 */
function anywhere(pods: number, counts: readonly number[]): ReadonlyMap<string, number> {
  const base = counts.reduce((sum, count) => sum + Math.floor(count / pods), 0);
  let states = new Map<string, number>([[new Array(pods).fill(base).join(','), 1]]);
  for (const count of counts) {
    const rest = count % pods;
    if (rest === 0) continue;
    const next = new Map<string, number>();
    for (const [state, chance] of states) {
      const loads = state.split(',').map(Number);
      for (let start = 0; start < pods; start++) {
        const after = [...loads];
        for (let k = 0; k < rest; k++) {
          const pod = (start + k) % pods;
          after[pod] = (after[pod] as number) + 1;
        }
        const key = canonical(after);
        next.set(key, (next.get(key) ?? 0) + chance / pods);
      }
    }
    states = next;
    if (states.size > MOST_STATES)
      throw new GivenFault('/nodes', 'So many nodes with counters anywhere are not worked out exactly.');
  }
  return states;
}

/** Arcs turn with the ring: states that differ by a turn are one. */
function canonical(loads: readonly number[]): string {
  let best = loads.join(',');
  let turned = [...loads];
  for (let turn = 1; turn < loads.length; turn++) {
    turned = [...turned.slice(1), turned[0] as number];
    const text = turned.join(',');
    if (text < best) best = text;
  }
  return best;
}

function addTo(map: Map<number, number>, value: number, chance: number): void {
  map.set(value, (map.get(value) ?? 0) + chance);
}

function lawFrom(values: ReadonlyMap<number, number>): Law {
  const [first, last] = [Math.min(...values.keys()), Math.max(...values.keys())];
  return { first, chances: Array.from({ length: last - first + 1 }, (_, index) => values.get(first + index) ?? 0) };
}

/** All ways to throw `connections` over `nodes`, as sorted counts with their chances. */
function throws(connections: number, nodes: number): ReadonlyMap<string, number> {
  let ways = new Map<string, number>([[`${connections}|`, 1]]);
  for (let node = 0; node < nodes; node++) {
    const next = new Map<string, number>();
    for (const [way, chance] of ways) {
      const [left = '0', taken = ''] = way.split('|');
      const have = Number(left);
      for (let take = node === nodes - 1 ? have : 0; take <= have; take++) {
        const counts = [...(taken === '' ? [] : taken.split(',').map(Number)), take].sort((a, b) => a - b);
        const key = `${have - take}|${counts.join(',')}`;
        next.set(key, (next.get(key) ?? 0) + chance * binomialPmf(have, 1 / (nodes - node), take));
      }
    }
    ways = next;
    if (ways.size > MOST_STATES)
      throw new GivenFault('/connections', 'So many connections over so many nodes are not worked out exactly.');
  }
  return new Map([...ways].map(([way, chance]) => [way.slice(way.indexOf('|') + 1), chance]));
}

export function roundRobin(value: unknown, at: string): Answer {
  const fields = fieldsIn(value, at, ['connections', 'pods', 'weights', 'start', 'nodes']);
  if (has(fields, 'weights')) {
    const weights = listIn(fields, 'weights', at, 1000).map((one, index) => {
      const weight = asNumber(one, `${at}/weights/${index}`, { least: 1, most: 65535 });
      if (!Number.isInteger(weight)) throw new GivenFault(`${at}/weights/${index}`, 'A whole number is needed.');
      return weight;
    });
    return { loads: weightedTurns(weights, countIn(fields, 'connections', at)) };
  }
  const pods = countIn(fields, 'pods', at, 1, 100000);
  if (!has(fields, 'nodes')) {
    const connections = countIn(fields, 'connections', at);
    const rest = connections % pods;
    const least = Math.floor(connections / pods);
    return { most: rest === 0 ? least : least + 1, least, podsWithMost: rest === 0 ? pods : rest };
  }
  const start = wordIn(fields, 'start', at, ['first', 'anywhere']);
  const nodes = listIn(fields, 'nodes', at, 1000).flatMap((one, index) => {
    const place = `${at}/nodes/${index}`;
    const node = fieldsIn(one, place, ['count', 'connections']);
    const own = has(node, 'connections') ? countIn(node, 'connections', place) : undefined;
    return Array.from({ length: countIn(node, 'count', place, 1, 10000) }, () => own);
  });
  const given = nodes.filter((count): count is number => count !== undefined);
  if (given.length > 0 && given.length < nodes.length) {
    throw new GivenFault(
      `${at}/nodes`,
      'Give connections for every group of nodes, or for none and their number as a whole.',
    );
  }
  if (start === 'first') {
    if (given.length === 0)
      throw new GivenFault(`${at}/nodes/0/connections`, 'With start first, the connections of each node are needed.');
    const loads = Array.from({ length: pods }, (_, pod) =>
      given.reduce((sum, count) => sum + Math.floor(count / pods) + (pod < count % pods ? 1 : 0), 0),
    );
    const [most, least] = [Math.max(...loads), Math.min(...loads)];
    const all = given.reduce((sum, count) => sum + count, 0);
    return { loads, most, least, shareOfMost: all === 0 ? 0 : most / all };
  }
  if (pods > 50) throw new GivenFault(`${at}/pods`, 'Counters that are anywhere are worked out for up to 50 pods.');
  const ways =
    given.length > 0
      ? new Map([[given.join(','), 1]])
      : throws(countIn(fields, 'connections', at, 0, 200), nodes.length);
  const [most, least, pod] = [new Map<number, number>(), new Map<number, number>(), new Map<number, number>()];
  for (const [way, chance] of ways) {
    for (const [state, part] of anywhere(pods, way.split(',').map(Number))) {
      const loads = state.split(',').map(Number);
      addTo(most, Math.max(...loads), chance * part);
      addTo(least, Math.min(...loads), chance * part);
      for (const load of loads) addTo(pod, load, (chance * part) / pods);
    }
  }
  return { most: summary(lawFrom(most)), least: summary(lawFrom(least)), pod: summary(lawFrom(pod)) };
}
