/**
 * Connections thrown at random over pods: the joint law of the most and the least loaded pod. Sources: Levin 1981 (a
 * multinomial as Poisson variables given their sum), Corrado 2011 (conditional binomials, one pod after the other).
 */
import { above, binomialLaw, binomialPmf, type Law, lawOf, poissonLog, poissonPmf, tailOf } from './numbers.js';

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

/**
 * Up to so many multiplications, products of positive terms are summed; they keep a small chance's relative accuracy.
 */
const DIRECT = 6e5;
/** Up to so many connections they are summed whatever it costs: the Fourier sum is not accurate for a few. */
const FEW = 60;

/** The product of two series, up to the power `last`. */
function product(a: Float64Array, b: Float64Array, last: number): Float64Array {
  const result = new Float64Array(Math.min(last, a.length + b.length - 2) + 1);
  for (let i = 0; i < a.length && i <= last; i++) {
    const x = a[i] as number;
    if (x === 0) continue;
    const end = Math.min(b.length - 1, last - i);
    for (let j = 0; j <= end; j++) result[i + j] = (result[i + j] as number) + x * (b[j] as number);
  }
  return result;
}

/** A series to a whole power, by squaring. */
function powerOf(series: Float64Array, exponent: number, last: number): Float64Array {
  let result: Float64Array | undefined;
  let square = series;
  for (let rest = exponent; ; ) {
    if (rest % 2 === 1) result = result === undefined ? square : product(result, square, last);
    rest = Math.floor(rest / 2);
    if (rest === 0) return result ?? Float64Array.of(1);
    square = product(square, square, last);
  }
}

/** The likeliest value of a Poisson variable within a window. */
function nearest(mean: number, first: number, last: number): number {
  return Math.max(first, Math.min(last, Math.floor(mean)));
}

/** Poisson chances from `first` to `last`, each from the one beside it. */
function poissonWindow(mean: number, first: number, last: number, relative = false): Float64Array {
  const chances = new Float64Array(Math.max(0, last - first + 1));
  if (chances.length === 0) return chances;
  const mode = nearest(mean, first, last);
  chances[mode - first] = relative ? 1 : poissonPmf(mean, mode);
  for (let k = mode + 1; k <= last; k++) chances[k - first] = ((chances[k - 1 - first] as number) * mean) / k;
  for (let k = mode; k > first; k--) chances[k - 1 - first] = ((chances[k - first] as number) * k) / mean;
  return chances;
}

/** The chance by Levin's product itself: Poisson chances cut to each box, multiplied as series, given their sum. */
function directly(connections: number, boxes: readonly Box[]): number {
  const total = boxes.reduce((sum, { count, share }) => sum + count * share, 0);
  let all = Float64Array.of(1);
  for (const { count, share, low, high } of boxes) {
    const cut = poissonWindow((connections * share) / total, 0, Math.floor(Math.min(high, connections)));
    cut.fill(0, 0, Math.min(low, cut.length));
    all = product(all, powerOf(cut, count, connections), connections) as Float64Array<ArrayBuffer>;
  }
  return (all[connections] ?? 0) / poissonPmf(connections, connections);
}

/** About how many multiplications {@link directly} needs. */
function costOf(connections: number, groups: readonly PodGroup[]): number {
  const squarings = groups.reduce((sum, { count }) => sum + 1 + 1.5 * Math.log2(count), 0);
  return (squarings * connections * connections) / 2;
}

/** exp(i·angle) to a whole power of a complex number. */
function power(re: number, im: number, exponent: number): readonly [number, number] {
  const size = Math.sqrt(re * re + im * im) ** exponent;
  const angle = Math.atan2(im, re) * exponent;
  return [size * Math.cos(angle), size * Math.sin(angle)];
}

/** Terms of the Fourier sum beyond this size play no part. */
const LAST_TERM = Math.exp(-42);

/**
 * The angles of the Fourier sum that matter, and how many there are in the full circle. A Poisson variable that is cut
 * ends in a jump, so that its characteristic function falls no faster than 1/(θσ): for many pods together as a normal
 * law does, for a few much slower.
 */
function anglesOf(
  connections: number,
  groups: readonly PodGroup[],
): { readonly angles: readonly number[]; readonly points: number } {
  const points = Math.ceil(18 * Math.sqrt(connections)) + 80;
  const step = (2 * Math.PI) / points;
  const smallest = Math.min(...groups.map(({ share }) => share));
  const byJump = Math.exp(-Math.log(LAST_TERM) / podsIn(groups)) / Math.sqrt(connections * smallest);
  const byWidth = Math.sqrt((-4 * Math.log(LAST_TERM)) / connections);
  const last = Math.min(Math.PI, Math.max(byJump, byWidth));
  const angles: number[] = [];
  for (let index = 0; index <= points / 2 && index * step <= last + step; index++) angles.push(index * step);
  return { angles, points };
}

/** About how many terms the joint law of the most and least loaded pod takes: angles times values times groups. */
export function jointCost(connections: number, given: readonly PodGroup[]): number {
  const groups = given.filter(({ count, share }) => count > 0 && share > 0);
  if (connections === 0 || podsIn(groups) < 2 || isSmall(connections, groups)) return 0;
  const widest = Math.max(...groups.map(({ share }) => 24 * Math.sqrt(connections * share) + 24));
  return anglesOf(connections, groups).angles.length * Math.min(connections, widest) * groups.length;
}

/**
 * The characteristic functions of all groups at all angles, to which single terms are added, and what their product
 * gives.
 */
class Transforms {
  readonly #groups: readonly PodGroup[];
  readonly #angles: readonly number[];
  readonly #factor: number;
  readonly #connections: number;
  readonly re: Float64Array;
  readonly im: Float64Array;
  readonly #cos: Float64Array;
  readonly #sin: Float64Array;

  constructor(connections: number, groups: readonly PodGroup[]) {
    const { angles, points } = anglesOf(connections, groups);
    this.#groups = groups;
    this.#angles = angles;
    this.#connections = connections;
    this.#factor = 1 / points / Math.exp(logAtMean(connections));
    this.re = new Float64Array(groups.length * angles.length);
    this.im = new Float64Array(groups.length * angles.length);
    this.#cos = new Float64Array(angles.length);
    this.#sin = new Float64Array(angles.length);
  }

  /** The whole Poisson variables: their characteristic functions have a closed form. */
  fill(means: Float64Array): void {
    for (let group = 0, at = 0; group < means.length; group++) {
      const mean = means[group] as number;
      for (const angle of this.#angles) {
        const damp = Math.exp(mean * (Math.cos(angle) - 1));
        this.re[at] = damp * Math.cos(mean * Math.sin(angle));
        this.im[at++] = damp * Math.sin(mean * Math.sin(angle));
      }
    }
  }

  /** Adds the term of value k to each group: its chance, with a sign. */
  add(k: number, chances: Float64Array, sign: 1 | -1): void {
    const terms = this.#angles.length;
    const [cos, sin, re, im] = [this.#cos, this.#sin, this.re, this.im];
    for (let term = 0; term < terms; term++) {
      const angle = (this.#angles[term] as number) * k;
      cos[term] = Math.cos(angle);
      sin[term] = Math.sin(angle);
    }
    for (let group = 0; group < chances.length; group++) {
      const chance = sign * (chances[group] as number);
      if (chance === 0) continue;
      const base = group * terms;
      for (let term = 0; term < terms; term++) {
        re[base + term] = (re[base + term] as number) + chance * (cos[term] as number);
        im[base + term] = (im[base + term] as number) + chance * (sin[term] as number);
      }
    }
  }

  /** The chance that the sum is the number of connections, given the whole ones' sum. */
  chance(): number {
    const terms = this.#angles.length;
    const { re, im } = this;
    let total = 0;
    for (let term = 0; term < terms; term++) {
      let a = 1;
      let b = 0;
      for (let group = 0, at = term; group < this.#groups.length; group++, at += terms) {
        let { count } = this.#groups[group] as PodGroup;
        let x = re[at] as number;
        let y = im[at] as number;
        // The power by squaring: a product for each binary digit.
        for (;;) {
          if (count % 2 === 1) {
            const next = a * x - b * y;
            b = a * y + b * x;
            a = next;
          }
          if (count < 2) break;
          count = Math.floor(count / 2);
          const squared = x * x - y * y;
          y = 2 * x * y;
          x = squared;
        }
      }
      const angle = (this.#angles[term] as number) * this.#connections;
      const part = a * Math.cos(angle) + b * Math.sin(angle);
      // Half a turn is its own mirror image: it counts once, other angles twice.
      const alone = term === 0 || this.#angles[term] === Math.PI;
      total += alone ? part : 2 * part;
    }
    return Math.min(1, Math.max(0, total * this.#factor));
  }
}

/** Poisson chances of all groups at k, k + 1, …: each step follows from the one before it. */
class PoissonRow {
  readonly #means: Float64Array;
  readonly #starts: Float64Array;
  readonly now: Float64Array;

  constructor(means: Float64Array) {
    this.#means = means;
    // What is below has no weight that counts.
    this.#starts = means.map((mean) => Math.max(0, Math.floor(mean - 12 * Math.sqrt(mean) - 12)));
    this.now = new Float64Array(means.length);
  }

  get first(): number {
    return Math.min(...this.#starts);
  }

  at(k: number): Float64Array {
    for (let group = 0; group < this.now.length; group++) {
      const start = this.#starts[group] as number;
      if (k < start) continue;
      const mean = this.#means[group] as number;
      this.now[group] = k === start ? poissonPmf(mean, k) : ((this.now[group] as number) * mean) / k;
    }
    return this.now;
  }
}

function meansOf(connections: number, groups: readonly PodGroup[]): Float64Array {
  return Float64Array.from(groups, ({ share }) => connections * share);
}

/**
 * The chances that every pod has at most c, for c from `from` to `to`, at once: Levin's Poisson variables cut at c, and
 * the one wanted coefficient of their product by a Fourier sum, to which going from c to c + 1 adds one term for each
 * pod. Absolute error about 1e-13.
 */
function sweepMost(connections: number, groups: readonly PodGroup[], from: number, to: number): number[] {
  const transforms = new Transforms(connections, groups);
  const row = new PoissonRow(meansOf(connections, groups));
  const result: number[] = [];
  for (let k = Math.min(from, row.first); k <= to; k++) {
    transforms.add(k, row.at(k), 1);
    if (k >= from) result.push(transforms.chance());
  }
  return result;
}

/** The same for chances that every pod has at least c, for c from 0 to `to`: the cut is below, taken from the whole. */
function sweepLeast(connections: number, groups: readonly PodGroup[], to: number): number[] {
  const means = meansOf(connections, groups);
  const transforms = new Transforms(connections, groups);
  transforms.fill(means);
  const row = new PoissonRow(means);
  const result: number[] = [];
  for (let k = 0; k <= to; k++) {
    const chances = row.at(k);
    // Below the first value of weight nothing was cut: the chance is 1.
    result.push(k <= row.first ? 1 : transforms.chance());
    transforms.add(k, chances, -1);
  }
  return result;
}

function podsIn(groups: readonly PodGroup[]): number {
  return groups.reduce((sum, { count }) => sum + count, 0);
}

function isSmall(connections: number, groups: readonly PodGroup[]): boolean {
  return connections <= FEW || costOf(connections, groups) <= DIRECT;
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
      // Relative to the likeliest value, since all of a window far beside the mean may be too small for a double.
      return {
        a,
        chances: poissonWindow(mean, a, b, true),
        log: b < a ? Number.NEGATIVE_INFINITY : poissonLog(mean, nearest(mean, a, b)),
      };
    });
  const momentsAt = (rate: number) => {
    let [mean, variance, log] = [0, 0, 0];
    for (const [index, { a, chances, log: scale }] of series(rate).entries()) {
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
      log += count * (Math.log(w) + scale);
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
  let [total, small] = [0, 0];
  for (let index = 0; index <= points / 2; index++) {
    const angle = (2 * Math.PI * index) / points;
    const turn = [Math.cos(angle), Math.sin(angle)] as const;
    let [a, b] = [1, 0];
    for (const [group, part] of parts.entries()) {
      let [x, y] = [0, 0];
      // The next angle by turning the one before it.
      let [c, s] = [Math.cos(angle * part.a), Math.sin(angle * part.a)];
      for (const chance of part.chances) {
        x += chance * c;
        y += chance * s;
        const turned = c * turn[0] - s * turn[1];
        s = c * turn[1] + s * turn[0];
        c = turned;
      }
      const { count } = boxes[group] as Box;
      const [u, v] = count === 1 ? [x, y] : power(x, y, count);
      [a, b] = [a * u - b * v, a * v + b * u];
    }
    const value = a * Math.cos(angle * connections) + b * Math.sin(angle * connections);
    total += index === 0 || index * 2 === points ? value : 2 * value;
    // A characteristic function may pass by zero once and come back.
    small = Math.sqrt(a * a + b * b) < LAST_TERM ? small + 1 : 0;
    if (small === 4) break;
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
