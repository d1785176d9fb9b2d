/**
 * Connections thrown at random over pods: the joint law of the most and the least loaded pod. Sources: Levin 1981 (a multinomial as
 * Poisson variables given their sum), Corrado 2011 (conditional binomials, one pod after the other).
 */
import { above, binomialLaw, binomialPmf, type Law, lawOf, poissonPmf } from './numbers.js';

/** Pods that are alike: so many of them, each with this share of all connections. */
export interface PodGroup {
  readonly count: number;
  readonly share: number;
  /** What one of them takes; absent: no limit is looked at. */
  readonly capacity?: number | undefined;
}

/** The loads that are allowed for each pod of a group. */
export interface Box extends PodGroup {
  readonly low: number;
  readonly high: number;
}

/** Up to so many connections times pods times width of a box, pods are gone through one by one, in sums of positive terms. */
const DIRECT = 3e5;
const FACTORIAL_LIMIT = 20000;

/** One pod after the other: the chance that so many connections are left, by conditional binomials. */
function directly(connections: number, boxes: readonly Box[]): number {
  let left = new Float64Array(connections + 1);
  left[connections] = 1;
  let rest = boxes.reduce((sum, { count, share }) => sum + count * share, 0);
  const total = rest;
  let remaining = boxes.reduce((sum, { count }) => sum + count, 0);
  for (const { count, share, low, high } of boxes) {
    for (let pod = 0; pod < count; pod++) {
      const chance = remaining === 1 ? 1 : Math.min(1, share / rest);
      const next = new Float64Array(connections + 1);
      for (let have = 0; have <= connections; have++) {
        const weight = left[have] as number;
        if (weight === 0) continue;
        const last = Math.min(high, have);
        for (let take = low; take <= last; take++) {
          next[have - take] = (next[have - take] as number) + weight * binomialPmf(have, chance, take);
        }
      }
      left = next;
      rest = Math.max(total * 1e-16, rest - share);
      remaining--;
    }
  }
  return left[0] as number;
}

/** exp(i·angle) to a whole power of a complex number. */
function power(re: number, im: number, exponent: number): readonly [number, number] {
  const size = Math.hypot(re, im) ** exponent;
  const angle = Math.atan2(im, re) * exponent;
  return [size * Math.cos(angle), size * Math.sin(angle)];
}

/** Terms of the Fourier sum beyond this size play no part. */
const LAST_TERM = Math.exp(-42);

/**
 * The chances that every pod has at most c, for c from `from` to `to`, at once: Levin's Poisson variables cut at c, and the one wanted
 * coefficient of their product by a Fourier sum, to which going from c to c + 1 adds one term for each pod. Absolute error about 1e-13.
 */
function sweepMost(connections: number, groups: readonly PodGroup[], from: number, to: number): number[] {
  const means = groups.map(({ share }) => connections * share);
  const deviation = Math.sqrt(connections);
  const points = Math.ceil(18 * deviation) + 80;
  const step = (2 * Math.PI) / points;
  const terms: number[] = [];
  for (let index = 0; index <= points / 2; index++) {
    // The cut variables vary a little less than the whole ones do: so much room is left.
    if (Math.exp(-connections * (1 - Math.cos(index * step)) * 0.5) < LAST_TERM) break;
    terms.push(index * step);
  }
  const size = groups.length;
  const re = new Float64Array(size * terms.length);
  const im = new Float64Array(size * terms.length);
  const starts = means.map((mean) => Math.max(0, Math.floor(mean - 12 * Math.sqrt(mean) - 12)));
  const turn = (k: number) =>
    [terms.map((angle) => Math.cos(angle * k)), terms.map((angle) => Math.sin(angle * k))] as const;
  const add = (group: number, k: number, [c, s]: readonly [readonly number[], readonly number[]]) => {
    const chance = poissonPmf(means[group] as number, k);
    if (chance < 1e-40) return;
    const base = group * terms.length;
    for (let term = 0; term < terms.length; term++) {
      re[base + term] = (re[base + term] as number) + chance * (c[term] as number);
      im[base + term] = (im[base + term] as number) + chance * (s[term] as number);
    }
  };
  const divisor = Math.exp(logAtMean(connections));
  const result: number[] = [];
  for (let k = Math.min(from, ...starts); k <= to; k++) {
    const turned = turn(k);
    for (let group = 0; group < size; group++) if (k >= (starts[group] as number)) add(group, k, turned);
    if (k < from) continue;
    let total = 0;
    for (let term = 0; term < terms.length; term++) {
      let [a, b] = [1, 0];
      for (let group = 0; group < size; group++) {
        const { count } = groups[group] as PodGroup;
        const at = group * terms.length + term;
        const [x, y] =
          count === 1 ? [re[at] as number, im[at] as number] : power(re[at] as number, im[at] as number, count);
        [a, b] = [a * x - b * y, a * y + b * x];
      }
      const angle = (terms[term] as number) * connections;
      const part = a * Math.cos(angle) + b * Math.sin(angle);
      total += term === 0 ? part : 2 * part;
    }
    result.push(Math.min(1, Math.max(0, total / points / divisor)));
  }
  return result;
}

/** The same for chances that every pod has at least c: the cut is below, and what is left out is taken from the whole. */
function sweepLeast(connections: number, groups: readonly PodGroup[], from: number, to: number): number[] {
  const means = groups.map(({ share }) => connections * share);
  const points = Math.ceil(18 * Math.sqrt(connections)) + 80;
  const step = (2 * Math.PI) / points;
  const terms: number[] = [];
  for (let index = 0; index <= points / 2; index++) {
    if (Math.exp(-connections * (1 - Math.cos(index * step)) * 0.5) < LAST_TERM) break;
    terms.push(index * step);
  }
  const size = groups.length;
  const [re, im] = [new Float64Array(size * terms.length), new Float64Array(size * terms.length)];
  for (let group = 0; group < size; group++) {
    const mean = means[group] as number;
    for (let term = 0; term < terms.length; term++) {
      const angle = terms[term] as number;
      const damp = Math.exp(mean * (Math.cos(angle) - 1));
      re[group * terms.length + term] = damp * Math.cos(mean * Math.sin(angle));
      im[group * terms.length + term] = damp * Math.sin(mean * Math.sin(angle));
    }
  }
  const divisor = Math.exp(logAtMean(connections));
  const result: number[] = [];
  for (let k = 0; k <= to; k++) {
    if (k >= from) {
      let total = 0;
      for (let term = 0; term < terms.length; term++) {
        let [a, b] = [1, 0];
        for (let group = 0; group < size; group++) {
          const { count } = groups[group] as PodGroup;
          const at = group * terms.length + term;
          const [x, y] =
            count === 1 ? [re[at] as number, im[at] as number] : power(re[at] as number, im[at] as number, count);
          [a, b] = [a * x - b * y, a * y + b * x];
        }
        const angle = (terms[term] as number) * connections;
        const part = a * Math.cos(angle) + b * Math.sin(angle);
        total += term === 0 ? part : 2 * part;
      }
      result.push(Math.min(1, Math.max(0, total / points / divisor)));
    }
    for (let group = 0; group < size; group++) {
      const chance = poissonPmf(means[group] as number, k);
      if (chance < 1e-40) continue;
      for (let term = 0; term < terms.length; term++) {
        const angle = (terms[term] as number) * k;
        const at = group * terms.length + term;
        re[at] = (re[at] as number) - chance * Math.cos(angle);
        im[at] = (im[at] as number) - chance * Math.sin(angle);
      }
    }
  }
  return result;
}

function podsIn(groups: readonly PodGroup[]): number {
  return groups.reduce((sum, { count }) => sum + count, 0);
}

function isSmall(connections: number, groups: readonly PodGroup[]): boolean {
  const widest = Math.max(...groups.map(({ share }) => 2 + connections * share + 12 * Math.sqrt(connections * share)));
  return connections <= 60 || connections * podsIn(groups) * Math.min(connections, widest) <= DIRECT;
}

function boxesOf(groups: readonly PodGroup[], low: number, high: number): readonly Box[] {
  return groups.map((group) => ({ ...group, low, high }));
}

/** Chances below this count as 0 in the law of the most or least loaded pod. */
const END = 1e-13;

/** The law of the most loaded pod's connections. Groups without pods or share are allowed; shares must sum to 1. */
export function mostLoaded(connections: number, given: readonly PodGroup[]): Law {
  const groups = given.filter(({ count, share }) => count > 0 && share > 0);
  const pods = podsIn(groups);
  if (connections === 0 || pods === 0) return { first: 0, chances: [1] };
  if (pods === 1) return { first: connections, chances: [1] };
  const laws = groups.map(({ share }) => binomialLaw(connections, share));
  // Counts are negatively dependent: the product bounds the chance from above, the sum of tails bounds its complement.
  const bound = (c: number) =>
    groups.reduce((log, { count }, index) => log + count * Math.log1p(-above(laws[index] as Law, c)), 0);
  const tails = (c: number) => groups.reduce((sum, { count }, index) => sum + count * above(laws[index] as Law, c), 0);
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
  const laws = groups.map(({ share }) => binomialLaw(connections, share));
  const bound = (c: number) =>
    groups.reduce(
      (log, { count }, index) => log + count * Math.log(Math.max(1e-300, above(laws[index] as Law, c - 1))),
      0,
    );
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
    : sweepLeast(connections, groups, 0, last);
  return lawOf(0, last, (c) => (c >= last ? 1 : 1 - (values[c + 1] ?? 0)));
}

/** The chance that every pod's connections lie within its box. */
export function chanceWithin(connections: number, given: readonly Box[]): number {
  const boxes = given.filter(({ count }) => count > 0);
  const pods = podsIn(boxes);
  if (connections > FACTORIAL_LIMIT || (connections > 60 && connections * pods * 60 > 6e7)) {
    return byFourier(connections, boxes);
  }
  return isSmall(connections, boxes) ? directly(connections, boxes) : byFourier(connections, boxes);
}

/** One value by the Fourier sum, tilted so that the cut variables have the wanted sum as their mean. */
function byFourier(connections: number, boxes: readonly Box[]): number {
  const series = (rate: number) =>
    boxes.map(({ share, low, high }) => {
      const mean = rate * share;
      const from = Math.max(low, Math.floor(mean - 14 * Math.sqrt(mean) - 14), 0);
      const to = Math.min(high, Math.ceil(mean + 14 * Math.sqrt(mean) + 14));
      // A box beside the mean: its nearest end holds what there is of it.
      const [a, b] =
        from > to ? (mean > high ? [Math.max(low, high - 60), high] : [low, Math.min(high, low + 60)]) : [from, to];
      const chances = Array.from({ length: Math.max(0, b - a + 1) }, (_, index) => poissonPmf(mean, a + index));
      return { a, chances };
    });
  const momentsAt = (rate: number) => {
    let [mean, variance, log] = [0, 0, 0];
    for (const [index, { a, chances }] of series(rate).entries()) {
      const { count } = boxes[index] as Box;
      let [w, m, q] = [0, 0, 0];
      for (const [k, chance] of chances.entries()) {
        w += chance;
        m += (a + k) * chance;
        q += (a + k) ** 2 * chance;
      }
      if (w === 0) return { mean: Number.NaN, variance: 0, log: Number.NEGATIVE_INFINITY };
      mean += (count * m) / w;
      variance += count * (q / w - (m / w) ** 2);
      log += count * Math.log(w);
    }
    return { mean, variance, log };
  };
  const least = boxes.reduce((sum, { count, low }) => sum + count * low, 0);
  const most = boxes.reduce((sum, { count, high }) => sum + count * Math.min(high, connections), 0);
  if (connections < least || connections > most) return 0;
  let rate = connections;
  for (let round = 0; round < 60; round++) {
    const { mean, variance } = momentsAt(rate);
    if (Number.isNaN(mean) || variance <= 0) break;
    const move = ((connections - mean) / variance) * rate;
    if (Math.abs(move) < 1e-9 * rate) break;
    rate = Math.max(rate / 2, Math.min(rate * 2, rate + move));
  }
  const { variance, log } = momentsAt(rate);
  const parts = series(rate).map(({ a, chances }) => {
    const weight = chances.reduce((sum, one) => sum + one, 0);
    return { a, chances: chances.map((one) => one / weight) };
  });
  const points = Math.ceil(20 * Math.sqrt(Math.max(variance, 0.1))) + 60;
  let total = 0;
  for (let index = 0; index <= points / 2; index++) {
    const angle = (2 * Math.PI * index) / points;
    let [a, b] = [1, 0];
    for (const [group, part] of parts.entries()) {
      let [x, y] = [0, 0];
      for (const [k, chance] of part.chances.entries()) {
        x += chance * Math.cos(angle * (part.a + k));
        y += chance * Math.sin(angle * (part.a + k));
      }
      const { count } = boxes[group] as Box;
      const [u, v] = count === 1 ? [x, y] : power(x, y, count);
      [a, b] = [a * u - b * v, a * v + b * u];
    }
    const value = a * Math.cos(angle * connections) + b * Math.sin(angle * connections);
    total += index === 0 || index * 2 === points ? value : 2 * value;
    if (index > 3 && Math.hypot(a, b) < LAST_TERM) break;
  }
  // The tilt is undone: Poisson variables of another rate differ by a factor that the sum alone decides.
  const off = rate / connections - 1;
  const undo = log + connections * (off - Math.log1p(off)) - logAtMean(connections);
  return Math.min(1, Math.max(0, (total / points) * Math.exp(undo)));
}

/** ln P(Poisson(n) = n), by Stirling's series, whose terms do not cancel. */
function logAtMean(n: number): number {
  const square = 1 / (n * n);
  return -0.5 * Math.log(2 * Math.PI * n) - (1 / n) * (1 / 12 - square * (1 / 360 - square * (1 / 1260)));
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

/** P(some pod over) as a sum of positive terms: the first pod that is over, in the order of the list. */
function overStepwise(connections: number, boxes: readonly Box[]): number {
  const pods = boxes.flatMap((box) => Array.from({ length: box.count }, () => ({ ...box, count: 1 })));
  let left = new Float64Array(connections + 1);
  left[connections] = 1;
  let [rest, over] = [1, 0];
  for (const [index, { share, high }] of pods.entries()) {
    const chance = index === pods.length - 1 ? 1 : Math.min(1, share / rest);
    const next = new Float64Array(connections + 1);
    for (let have = 0; have <= connections; have++) {
      const weight = left[have] as number;
      if (weight === 0) continue;
      for (let take = 0; take <= have; take++) {
        const part = weight * binomialPmf(have, chance, take);
        if (take > high) over += part;
        else next[have - take] = (next[have - take] as number) + part;
      }
    }
    left = next;
    rest = Math.max(1e-16, rest - share);
  }
  return over;
}
