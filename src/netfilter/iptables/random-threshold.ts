import { type Fraction, fraction } from '../../base/fraction.js';

/** Thresholds are compared with 31 random bits (xt_statistic). */
const SCALE = 2 ** 31;
const HALF = 1n << 30n;

/**
 * The threshold that `--probability` is programmed with: floor(p · 2^31 + 0.5), at most 2^31. The kernel matches when
 * 31 random bits are below it. Input: a decimal from 0 to 1.
 */
export function statisticThreshold(probability: string): bigint {
  return BigInt(threshold(probability));
}

function threshold(probability: string): number {
  // Doubles on purpose: libxt_statistic reads with strtod and rounds with lround.
  return Math.min(SCALE, Math.max(0, Math.round(Number(probability) * SCALE)));
}

/** The decimal as `iptables-save` shows it: eleven digits of threshold/2^31, a tie going to the even digit (printf). */
export function savedProbability(probability: string): string {
  const scaled = statisticThreshold(probability) * 10n ** 11n;
  const rest = scaled & 0x7fffffffn;
  let digits = scaled >> 31n;
  if (rest > HALF || (rest === HALF && (digits & 1n) === 1n)) digits++;
  const text = digits.toString().padStart(12, '0');
  return `${text.slice(0, -11)}.${text.slice(-11)}`;
}

/** The decimal as an exact fraction. */
export function decimalFraction(text: string): Fraction {
  const point = text.indexOf('.');
  if (point < 0) return fraction(BigInt(text));
  const decimals = text.length - point - 1;
  return fraction(BigInt(text.slice(0, point) + text.slice(point + 1)), 10n ** BigInt(decimals));
}

/** Whether a rule for the chance 1/m has this threshold: as kube-proxy prints it (`%0.10f`), or exactly. */
function fits(m: number, wanted: number): boolean {
  return threshold((1 / m).toFixed(10)) === wanted || Math.round(SCALE / m) === wanted;
}

/**
 * m of the chance 1/m that a threshold stands for; undefined where no m or more than one has that threshold (from about
 * m = 46,000 on neighbours share theirs).
 */
export function nominalOf(thresholdValue: bigint): number | undefined {
  const wanted = Number(thresholdValue);
  if (wanted <= 0) return undefined;
  const m = Math.round(SCALE / wanted);
  if (!fits(m, wanted)) return undefined;
  return (m > 1 && fits(m - 1, wanted)) || fits(m + 1, wanted) ? undefined : m;
}
