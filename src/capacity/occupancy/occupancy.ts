/**
 * Connections thrown at random over pods: the joint law of the most and the least loaded pod. Sources: Levin 1981 (a
 * multinomial as Poisson variables given their sum), Corrado 2011 (conditional binomials, one pod after the other).
 */
import { above, binomialLaw, type Law, lawOf, tailOf } from '../numbers.js';
import { byFourier } from './boxes.js';
import { directly, isSmall, overStepwise } from './directly.js';
import { type Box, boxesOf, type PodGroup, podsIn } from './groups.js';
import { sweepLeast, sweepMost } from './sweeps.js';

/** Chances below this count as 0 in the law of the most or least loaded pod. */
const END = 1e-13;

/** The law of the most loaded pod's connections. Groups without pods or share are allowed; shares must sum to 1. */
export function mostLoaded(connections: number, given: readonly PodGroup[]): Law {
  const groups = given.filter(({ count, share }) => count > 0 && share > 0);
  const pods = podsIn(groups);
  if (connections === 0 || pods === 0) return { first: 0, chances: [1] };
  if (pods === 1) return { first: connections, chances: [1] };
  const tailsOf = groups.map(({ share }) => tailOf(binomialLaw(connections, share)));
  const tail = (index: number, c: number) => Math.min(1, tailsOf[index]?.(c) ?? 0);
  // Counts are negatively dependent: the product bounds the chance from above, the sum of tails bounds its complement.
  const bound = (c: number) => groups.reduce((log, { count }, index) => log + count * Math.log1p(-tail(index, c)), 0);
  const tails = (c: number) => groups.reduce((sum, { count }, index) => sum + count * tail(index, c), 0);
  let first = Math.ceil(connections / pods);
  let step = 1;
  const low = Math.log(END);
  while (bound(first + step) < low && first + step < connections) step *= 2;
  let [a, b] = [first, Math.min(connections, first + step)];
  while (a < b) {
    const middle = (a + b) >> 1;
    if (bound(middle) < low) a = middle + 1;
    else b = middle;
  }
  first = Math.max(first, a - 1);
  let last = first;
  while (last < connections && tails(last) >= END) last++;
  if (isSmall(connections, groups)) {
    return lawOf(first, last, (c) => (c >= connections ? 1 : directly(connections, boxesOf(groups, 0, c))));
  }
  const values = sweepMost(connections, groups, first, last);
  return lawOf(first, last, (c) => (c === last ? 1 : (values[c - first] as number)));
}

/** The law of the least loaded pod's connections. A pod without share has nothing. */
export function leastLoaded(connections: number, given: readonly PodGroup[]): Law {
  const groups = given.filter(({ count }) => count > 0);
  const pods = podsIn(groups);
  if (connections < pods || pods === 0 || groups.some(({ share }) => share <= 0)) return { first: 0, chances: [1] };
  if (pods === 1) return { first: connections, chances: [1] };
  const top = Math.floor(connections / pods);
  const tailsOf = groups.map(({ share }) => tailOf(binomialLaw(connections, share)));
  const bound = (c: number) =>
    groups.reduce((log, { count }, index) => log + count * Math.log(Math.max(1e-300, tailsOf[index]?.(c - 1) ?? 0)), 0);
  let last = top;
  if (bound(last) < Math.log(END)) {
    let [a, b] = [0, last];
    while (a < b) {
      const middle = (a + b + 1) >> 1;
      if (bound(middle) < Math.log(END)) b = middle - 1;
      else a = middle;
    }
    last = a;
  }
  const values = isSmall(connections, groups)
    ? Array.from({ length: last + 1 }, (_, c) => (c === 0 ? 1 : directly(connections, boxesOf(groups, c, connections))))
    : sweepLeast(connections, groups, last);
  return lawOf(0, last, (c) => (c >= last ? 1 : 1 - (values[c + 1] ?? 0)));
}

/** The chance that every pod's connections lie within its box. */
export function chanceWithin(connections: number, given: readonly Box[]): number {
  const boxes = given.filter(({ count }) => count > 0);
  return isSmall(connections, boxes) ? directly(connections, boxes) : byFourier(connections, boxes);
}

/** The chance that some pod has more than its capacity, from small terms where it is small. */
export function anyOver(connections: number, groups: readonly PodGroup[]): number {
  const boxes = groups.map((group) => ({
    ...group,
    low: 0,
    high: Math.min(connections, group.capacity ?? connections),
  }));
  const tails = groups.reduce(
    (sum, { count, share, capacity }) =>
      capacity === undefined ? sum : sum + count * above(binomialLaw(connections, share), capacity),
    0,
  );
  if (tails === 0) return 0;
  // Pods over their capacity at once are too rare to matter: the sum of tails is what is left of it.
  if (tails < 1e-9) return tails;
  if (tails < 1e-4 && isSmall(connections, groups)) return overStepwise(connections, boxes);
  return rest(chanceWithin(connections, boxes));
}

/** 1 − chance, without what rounding leaves of nothing. */
export function rest(chance: number): number {
  return 1 - chance < 1e-13 ? 0 : 1 - chance;
}
