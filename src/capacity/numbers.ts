/** Laws of one pod in doubles: factorials, binomial and Poisson probabilities, percentiles. */

const TABLE_SIZE = 2048;
const logFactorials: number[] = [0];
for (let n = 1; n < TABLE_SIZE; n++) logFactorials.push((logFactorials[n - 1] as number) + Math.log(n));

/** ln n!, from a table or by Stirling's series. */
export function logFactorial(n: number): number {
  if (n < TABLE_SIZE) return logFactorials[n] as number;
  const x = n + 1;
  const inverse = 1 / x;
  const square = inverse * inverse;
  const series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680)));
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series;
}

/** The chance of exactly k of n with chance p each. */
export function binomialPmf(n: number, p: number, k: number): number {
  if (k < 0 || k > n) return 0;
  if (p <= 0) return k === 0 ? 1 : 0;
  if (p >= 1) return k === n ? 1 : 0;
  const log = logFactorial(n) - logFactorial(k) - logFactorial(n - k) + k * Math.log(p) + (n - k) * Math.log1p(-p);
  return Math.exp(log);
}

/** The logarithm of the chance of exactly k where `mean` are expected, which are more than none. */
export function poissonLog(mean: number, k: number): number {
  return k * Math.log(mean) - mean - logFactorial(k);
}

/** The chance of exactly k where `mean` are expected. */
export function poissonPmf(mean: number, k: number): number {
  if (k < 0) return 0;
  if (mean <= 0) return k === 0 ? 1 : 0;
  return Math.exp(poissonLog(mean, k));
}

/** A law over whole numbers from `first` on. */
export interface Law {
  readonly first: number;
  readonly chances: readonly number[];
}

/** Values less likely than this, beside the most likely one, are left out of a law. */
const NEGLIGIBLE = 1e-30;

/** A law from its mode outwards; `up` is the ratio of the chance of k + 1 to that of k. */
function windowed(mode: number, last: number, chance: number, up: (k: number) => number): Law {
  const chances: number[] = [chance];
  for (let k = mode, now = chance; k < last; k++) {
    now *= up(k);
    if (now < NEGLIGIBLE) break;
    chances.push(now);
  }
  const below: number[] = [];
  for (let k = mode - 1, now = chance; k >= 0; k--) {
    now /= up(k);
    if (now < NEGLIGIBLE) break;
    below.push(now);
  }
  return { first: mode - below.length, chances: below.length === 0 ? chances : [...below.reverse(), ...chances] };
}

export function binomialLaw(n: number, p: number): Law {
  if (p <= 0) return { first: 0, chances: [1] };
  if (p >= 1) return { first: n, chances: [1] };
  const mode = Math.min(n, Math.max(0, Math.floor((n + 1) * p)));
  const odds = p / (1 - p);
  return windowed(mode, n, binomialPmf(n, p, mode), (k) => ((n - k) / (k + 1)) * odds);
}

export function poissonLaw(mean: number): Law {
  if (mean <= 0) return { first: 0, chances: [1] };
  const mode = Math.floor(mean);
  return windowed(mode, Number.MAX_SAFE_INTEGER, poissonPmf(mean, mode), (k) => mean / (k + 1));
}

/** Chances of more than a limit, each summed from the small terms up; made once where many limits are asked about. */
export function tailOf({ first, chances }: Law): (limit: number) => number {
  const sums = new Float64Array(chances.length + 1);
  for (let index = chances.length - 1; index >= 0; index--) {
    sums[index] = (sums[index + 1] as number) + (chances[index] as number);
  }
  return (limit) => sums[Math.max(0, Math.min(chances.length, Math.floor(limit) + 1 - first))] as number;
}

/** The chance of more than `limit`, summed from the small terms up. */
export function above({ first, chances }: Law, limit: number): number {
  let total = 0;
  for (let index = chances.length - 1; index >= 0 && first + index > limit; index--) total += chances[index] as number;
  return total;
}

/** Allowance for ties: a chance that reaches a level exactly counts as reached. */
const TIE = 1e-12;

const LEVELS = { p5: 0.05, p50: 0.5, p95: 0.95, p99: 0.99 } as const;

export interface Percentiles {
  readonly p5: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** The least values that are reached with chances of 5, 50, 95 and 99 percent; none is interpolated. */
export function percentilesOf({ first, chances }: Law): Percentiles {
  const at = (level: number) => {
    let total = 0;
    for (let index = 0; index < chances.length; index++) {
      total += chances[index] as number;
      if (total >= level - TIE) return first + index;
    }
    return first + Math.max(0, chances.length - 1);
  };
  return { p5: at(LEVELS.p5), p50: at(LEVELS.p50), p95: at(LEVELS.p95), p99: at(LEVELS.p99) };
}

/** The mean of a law. */
export function meanOf({ first, chances }: Law): number {
  let [sum, total] = [0, 0];
  for (let index = 0; index < chances.length; index++) {
    sum += (first + index) * (chances[index] as number);
    total += chances[index] as number;
  }
  return total === 0 ? 0 : sum / total;
}

/** The law whose chance of at most k is `atMost(k)`, for k from `first` to `last`. */
export function lawOf(first: number, last: number, atMost: (k: number) => number): Law {
  const chances: number[] = [];
  let before = 0;
  for (let k = first; k <= last; k++) {
    const now = Math.min(1, Math.max(before, atMost(k)));
    chances.push(now - before);
    before = now;
  }
  return { first, chances };
}
