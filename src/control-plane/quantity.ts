/**
 * Kubernetes quantities (`100m`, `16374516Ki`, `1.5`, `2e3`) as apimachinery's `resource.Quantity` reads them: exact
 * decimals down to a nano, rounded up where a whole number is asked for.
 */

const FORM = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3})|([numkMGTPE]|[KMGTPE]i)?)$/;
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const BINARY: Readonly<Record<string, bigint>> = {
  Ki: 1n << 10n,
  Mi: 1n << 20n,
  Gi: 1n << 30n,
  Ti: 1n << 40n,
  Pi: 1n << 50n,
  Ei: 1n << 60n,
};

function ceilDivide(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  return value > 0n && value % divisor !== 0n ? quotient + 1n : quotient;
}

/** The quantity in nanos (1e-9), rounded up to a whole nano. Undefined for text that is no quantity. */
export function parseQuantity(text: string): bigint | undefined {
  const match = FORM.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', exponent, suffix] = match;
  if (whole === '' && fraction === '') return undefined;
  let digits = BigInt(`${whole}${fraction}`);
  const binary = suffix === undefined ? undefined : BINARY[suffix];
  if (binary !== undefined) digits *= binary;
  const power = 9 - fraction.length + (exponent === undefined ? (DECIMAL[suffix ?? ''] ?? 0) : Number(exponent));
  const nanos = power >= 0 ? digits * 10n ** BigInt(power) : ceilDivide(digits, 10n ** BigInt(-power));
  return sign === '-' ? -nanos : nanos;
}

const CACHE_LIMIT = 4096;
const cache = new Map<string, bigint | null>();

function nanosOf(text: string | undefined): bigint | undefined {
  if (text === undefined) return undefined;
  // kubectl prints quantities as strings; hand-written snapshots may hold bare numbers.
  const key = String(text);
  const known = cache.get(key);
  if (known !== undefined) return known ?? undefined;
  if (cache.size >= CACHE_LIMIT) cache.clear();
  const nanos = parseQuantity(key);
  cache.set(key, nanos ?? null);
  return nanos;
}

/** Thousandths, rounded up (`Quantity.MilliValue`). Undefined when absent or unreadable. */
export function milliValue(text: string | undefined): number | undefined {
  const nanos = nanosOf(text);
  return nanos === undefined ? undefined : Number(ceilDivide(nanos, 1_000_000n));
}

/** Whole units, rounded up (`Quantity.Value`). Undefined when absent or unreadable. */
export function wholeValue(text: string | undefined): number | undefined {
  const nanos = nanosOf(text);
  return nanos === undefined ? undefined : Number(ceilDivide(nanos, 1_000_000_000n));
}
