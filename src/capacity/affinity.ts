/** Clients that stay on the pod which they got: a client brings its whole rate. */
import { countIn, fieldsIn, GivenFault, type GivenPods, has, listIn, numberIn, podsIn } from './given.js';
import { binomialPmf } from './numbers.js';
import type { Answer } from './throw-models.js';

interface ClientClass {
  readonly count: number;
  readonly rate: number;
}

/** A law over rates: value → chance, in whole steps of a lattice. */
interface RateLaw {
  readonly step: number;
  readonly chances: Float64Array;
}

const MOST_LATTICE = 200000;
/** Joint laws are worked out with at most so many states of clients that are left. */
const MOST_STATES = 1500;

function stepOf(rates: readonly number[], at: string): number {
  const scale = 1e6;
  const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
  const whole = rates.map((rate) => Math.round(rate * scale));
  if (rates.some((rate, index) => Math.abs(rate * scale - (whole[index] as number)) > 1e-3)) {
    throw new GivenFault(`${at}/clients`, 'Rates need at most six digits after the point.');
  }
  return whole.reduce(gcd) / scale;
}

/** The rate that one pod with this share gets. */
function lawOfPod(classes: readonly ClientClass[], share: number, step: number): RateLaw {
  const total = classes.reduce((sum, { count, rate }) => sum + count * Math.round(rate / step), 0);
  let chances = new Float64Array(total + 1);
  chances[0] = 1;
  let reached = 0;
  for (const { count, rate } of classes) {
    const width = Math.round(rate / step);
    const next = new Float64Array(total + 1);
    for (let take = 0; take <= count; take++) {
      const chance = binomialPmf(count, share, take);
      if (chance < 1e-300) continue;
      for (let at = 0; at <= reached; at++) {
        const here = chances[at] as number;
        if (here !== 0) next[at + take * width] = (next[at + take * width] as number) + chance * here;
      }
    }
    reached += count * width;
    chances = next;
  }
  return { step, chances };
}

function percentiles({ step, chances }: RateLaw) {
  const at = (level: number) => {
    let total = 0;
    for (const [index, chance] of chances.entries()) {
      total += chance;
      if (total >= level - 1e-12) return index * step;
    }
    return (chances.length - 1) * step;
  };
  return { p5: at(0.05), p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

function above({ step, chances }: RateLaw, limit: number): number {
  let total = 0;
  for (let index = chances.length - 1; index >= 0 && index * step > limit + 1e-9; index--)
    total += chances[index] as number;
  return total;
}

/** P(no pod has more than its limit), going through pods with the number of clients of each class that are left. */
function nobodyOver(
  classes: readonly ClientClass[],
  pods: readonly { readonly share: number; readonly limit: number }[],
): number {
  const sizes = classes.map(({ count }) => count + 1);
  const total = sizes.reduce((product, size) => product * size, 1);
  const vector = (state: number) => {
    const counts: number[] = [];
    let rest = state;
    for (const size of sizes) {
      counts.push(rest % size);
      rest = Math.floor(rest / size);
    }
    return counts;
  };
  const vectors = Array.from({ length: total }, (_, state) => vector(state));
  const loads = vectors.map((counts) =>
    counts.reduce((sum, count, index) => sum + count * (classes[index]?.rate ?? 0), 0),
  );
  let left = new Float64Array(total);
  left[total - 1] = 1;
  let rest = 1;
  for (const [index, { share, limit }] of pods.entries()) {
    const chance = index === pods.length - 1 ? 1 : Math.min(1, share / rest);
    const next = new Float64Array(total);
    // The chance of each number taken of each number left, by class.
    const tables = classes.map(({ count }) =>
      Array.from({ length: count + 1 }, (_, have) =>
        Array.from({ length: have + 1 }, (_, take) => binomialPmf(have, chance, take)),
      ),
    );
    for (let state = 0; state < total; state++) {
      const weight = left[state] as number;
      if (weight === 0) continue;
      const have = vectors[state] as readonly number[];
      for (let taken = 0; taken <= state; taken++) {
        const take = vectors[taken] as readonly number[];
        if ((loads[taken] as number) > limit + 1e-9) continue;
        let part = weight;
        for (let k = 0; k < take.length && part !== 0; k++) {
          const chosen = take[k] as number;
          part *= chosen > (have[k] as number) ? 0 : (tables[k]?.[have[k] as number]?.[chosen] ?? 0);
        }
        if (part !== 0) next[state - taken] = (next[state - taken] as number) + part;
      }
    }
    left = next;
    rest = Math.max(1e-16, rest - share);
  }
  return left[0] as number;
}

/** A generator of numbers from 0 to 1 with a seed (mulberry32): the same seed gives the same numbers. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const SEED = 1;
const DRAWS = 100000;

function simulate(classes: readonly ClientClass[], pods: readonly GivenPods[]) {
  const random = seeded(SEED);
  const each = pods.flatMap((pod) => Array.from({ length: pod.count }, () => pod));
  const sums: number[] = [];
  let total = 0;
  for (const { share } of each) {
    total += share;
    sums.push(total);
  }
  const clients = classes.flatMap(({ count, rate }) => Array.from({ length: count }, () => rate));
  const draws = Math.max(1000, Math.min(DRAWS, Math.floor(2e7 / (clients.length + each.length))));
  const most: number[] = [];
  let over = 0;
  for (let draw = 0; draw < draws; draw++) {
    const loads = new Float64Array(each.length);
    for (const rate of clients) {
      const at = random() * total;
      let [low, high] = [0, each.length - 1];
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((sums[middle] as number) > at) high = middle;
        else low = middle + 1;
      }
      loads[low] = (loads[low] as number) + rate;
    }
    most.push(Math.max(...loads));
    if (each.some(({ capacity }, index) => (loads[index] as number) > (capacity ?? Number.POSITIVE_INFINITY) + 1e-9))
      over++;
  }
  most.sort((a, b) => a - b);
  const chance = over / draws;
  const mean = most.reduce((sum, one) => sum + one, 0) / draws;
  const variance = most.reduce((sum, one) => sum + (one - mean) ** 2, 0) / draws;
  const at = (level: number) => most[Math.min(draws - 1, Math.max(0, Math.ceil(level * draws) - 1))] as number;
  // Four standard errors of the level, as the values that are there.
  const percentile = (level: number) => {
    const error = 4 * Math.sqrt((level * (1 - level)) / draws);
    const tolerance = Math.max(at(level + error) - at(level), at(level) - at(level - error));
    return { simulated: at(level), tolerance, draws, seed: SEED };
  };
  return {
    anyOver: { simulated: chance, tolerance: 4 * Math.sqrt((chance * (1 - chance)) / draws), draws, seed: SEED },
    most: {
      mean: { simulated: mean, tolerance: 4 * Math.sqrt(variance / draws), draws, seed: SEED },
      p5: percentile(0.05),
      p50: percentile(0.5),
      p95: percentile(0.95),
      p99: percentile(0.99),
    },
  };
}

/** Σ over pairs of pods of the chance that both are over: with the sum of single chances a bound from below. */
function bothOver(classes: readonly ClientClass[], pods: readonly GivenPods[], step: number): number | undefined {
  const total = classes.reduce((sum, { count, rate }) => sum + count * Math.round(rate / step), 0);
  if (total > 1500) return undefined;
  const pair = (a: GivenPods, b: GivenPods): number => {
    const size = total + 1;
    let chances = new Float64Array(size * size);
    chances[0] = 1;
    let reached = 0;
    for (const { count, rate } of classes) {
      const width = Math.round(rate / step);
      for (let client = 0; client < count; client++) {
        const next = new Float64Array(size * size);
        for (let x = 0; x <= reached; x++) {
          for (let y = 0; x + y <= reached; y++) {
            const here = chances[x * size + y] as number;
            if (here === 0) continue;
            const at = x * size + y;
            next[at] = (next[at] as number) + here * (1 - a.share - b.share);
            next[at + width * size] = (next[at + width * size] as number) + here * a.share;
            next[at + width] = (next[at + width] as number) + here * b.share;
          }
        }
        chances = next;
        reached += width;
      }
    }
    let both = 0;
    for (let x = 0; x <= total; x++) {
      if (x * step <= (a.capacity ?? Number.POSITIVE_INFINITY) + 1e-9) continue;
      for (let y = 0; x + y <= total; y++) {
        if (y * step > (b.capacity ?? Number.POSITIVE_INFINITY) + 1e-9) both += chances[x * size + y] as number;
      }
    }
    return both;
  };
  let sum = 0;
  for (const [index, a] of pods.entries()) {
    if (a.count > 1) sum += ((a.count * (a.count - 1)) / 2) * pair(a, a);
    for (const b of pods.slice(index + 1)) sum += a.count * b.count * pair(a, b);
  }
  return sum;
}

export function affinity(value: unknown, at: string): Answer {
  const fields = fieldsIn(value, at, ['clients', 'pods', 'requestsPerSecond', 'timeoutSeconds', 'joint']);
  if (!has(fields, 'clients')) {
    const rate = numberIn(fields, 'requestsPerSecond', at, { above: 0 });
    const timeout = numberIn(fields, 'timeoutSeconds', at, { above: 0 });
    const late = Math.exp(-rate * timeout);
    return {
      chanceNextRequestIsLate: late,
      requestsPerChoice: Math.exp(rate * timeout),
      secondsUntilForgotten: Math.expm1(rate * timeout) / rate,
      freshChoicesPerHour: 3600 * rate * late,
    };
  }
  const classes = listIn(fields, 'clients', at).map((one, index): ClientClass => {
    const place = `${at}/clients/${index}`;
    const group = fieldsIn(one, place, ['count', 'rate']);
    return { count: countIn(group, 'count', place, 1, 100000), rate: numberIn(group, 'rate', place, { above: 0 }) };
  });
  const pods = podsIn(fields, at);
  const step = stepOf(
    classes.map(({ rate }) => rate),
    at,
  );
  const total = classes.reduce((sum, { count, rate }) => sum + count * Math.round(rate / step), 0);
  if (total > MOST_LATTICE)
    throw new GivenFault(`${at}/clients`, 'The rates of all clients are too many whole steps of their common divisor.');
  const squares = classes.reduce((sum, { count, rate }) => sum + count * rate * rate, 0);
  const all = classes.reduce((sum, { count, rate }) => sum + count * rate, 0);
  const laws = pods.map(({ share }) => lawOfPod(classes, share, step));
  const groups = pods.map(({ share, capacity }, index) => {
    const law = laws[index] as RateLaw;
    return {
      mean: share * all,
      variance: share * (1 - share) * squares,
      ...percentiles(law),
      idle: law.chances[0] as number,
      ...(capacity === undefined ? {} : { over: above(law, capacity) }),
    };
  });
  const states = classes.reduce((product, { count }) => product * (count + 1), 1);
  const limited = pods.some(({ capacity }) => capacity !== undefined);
  if (states > MOST_STATES) {
    const single = pods.reduce((sum, { count, capacity }, index) => {
      return capacity === undefined ? sum : sum + count * above(laws[index] as RateLaw, capacity);
    }, 0);
    const both = limited ? bothOver(classes, pods, step) : undefined;
    const { anyOver, most } = simulate(classes, pods);
    return {
      groups,
      ...(limited
        ? {
            anyOverAtMost: Math.min(1, single),
            ...(both === undefined ? {} : { anyOverAtLeast: Math.max(0, single - both) }),
            anyOver,
          }
        : {}),
      most,
    };
  }
  const each = pods.flatMap(({ count, share, capacity }) => Array.from({ length: count }, () => ({ share, capacity })));
  const loads = [...new Set(subsetLoads(classes))].sort((a, b) => a - b);
  const chances: number[] = [];
  let before = 0;
  for (const limit of loads) {
    const now = Math.min(
      1,
      before > 1 - 1e-13
        ? 1
        : nobodyOver(
            classes,
            each.map(({ share }) => ({ share, limit })),
          ),
    );
    chances.push(Math.max(0, now - before));
    before = Math.max(before, now);
  }
  const most = (level: number) => {
    let sum = 0;
    for (const [index, chance] of chances.entries()) {
      sum += chance;
      if (sum >= level - 1e-12) return loads[index] as number;
    }
    return loads[loads.length - 1] as number;
  };
  return {
    groups,
    most: {
      p5: most(0.05),
      p50: most(0.5),
      p95: most(0.95),
      p99: most(0.99),
      mean: chances.reduce((sum, chance, index) => sum + chance * (loads[index] as number), 0),
    },
    ...(limited
      ? {
          anyOver:
            1 -
            nobodyOver(
              classes,
              each.map(({ share, capacity }) => ({ share, limit: capacity ?? Number.POSITIVE_INFINITY })),
            ),
        }
      : {}),
  };
}

/** Every rate that some of the clients bring together. */
function subsetLoads(classes: readonly ClientClass[]): readonly number[] {
  let sums = new Set<number>([0]);
  for (const { count, rate } of classes) {
    const next = new Set<number>();
    for (const sum of sums)
      for (let take = 0; take <= count; take++) next.add(Math.round((sum + take * rate) * 1e6) / 1e6);
    sums = next;
  }
  return [...sums];
}
