/**
 * How likely counts at least this far from their expectation come about by chance: Pearson's test, the upper
 * regularised incomplete gamma function of half the degrees of freedom and half the statistic. Small: not by chance.
 *
 * @param observed how often each outcome was seen
 * @param shares how often it should be seen; they sum to 1
 */
export function chanceOf(observed: readonly number[], shares: readonly number[]): number {
  const total = observed.reduce((sum, count) => sum + count, 0);
  let statistic = 0;
  for (const [index, count] of observed.entries()) {
    const expected = (shares[index] as number) * total;
    statistic += (count - expected) ** 2 / expected;
  }
  return observed.length < 2 ? 1 : upperGamma((observed.length - 1) / 2, statistic / 2);
}

/** For half-integers: Q(a + 1, x) = Q(a, x) + x^a e^-x / Γ(a + 1), from Q(1/2, x) = erfc(√x) or Q(1, x) = e^-x. */
function upperGamma(a: number, x: number): number {
  const whole = Number.isInteger(a);
  let q = whole ? Math.exp(-x) : complementaryError(Math.sqrt(x));
  let at = whole ? 1 : 0.5;
  // x^at e^-x / Γ(at + 1)
  let term = whole ? x * Math.exp(-x) : Math.sqrt(x) * Math.exp(-x) * (2 / Math.sqrt(Math.PI));
  for (; at < a; at++) {
    q += term;
    term *= x / (at + 1);
  }
  return q;
}

/** erfc by its continued fraction where it converges, else by the series of erf. */
function complementaryError(x: number): number {
  if (x < 2) {
    let sum = x;
    let term = x;
    for (let n = 1; n < 60; n++) {
      term *= -(x * x) / n;
      sum += term / (2 * n + 1);
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = x;
  for (let n = 60; n > 0; n--) fraction = x + n / 2 / fraction;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / fraction;
}
