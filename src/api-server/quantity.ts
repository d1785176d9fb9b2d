/** Quantities (`500m`, `1Gi`) as exact numbers. */

const FORM = /^([+-]?)(\d{0,40})(?:\.(\d{0,40}))?(?:[eE]([+-]?\d{1,2})|([numkMGTPE]|[KMGTPE]i)?)$/;
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const BINARY = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/** A quantity in billionths, rounded up; undefined for a text that is not a quantity. */
export function nanosOf(text: string): bigint | undefined {
  const match = FORM.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', part = '', exponent, suffix = ''] = match;
  if (whole + part === '') return undefined;
  let digits = BigInt(whole + part);
  const power = BINARY.indexOf(suffix);
  if (power >= 0) digits *= 1024n ** BigInt(power + 1);
  const shift = 9 - part.length + (exponent === undefined ? (DECIMAL[suffix] ?? 0) : Number(exponent));
  const scale = 10n ** BigInt(Math.abs(shift));
  const nanos = shift >= 0 ? digits * scale : (digits + scale - 1n) / scale;
  return sign === '-' ? -nanos : nanos;
}
