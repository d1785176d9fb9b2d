import { divide, type Fraction, fraction, isZero, sum, ZERO } from '../../base/fraction.js';
import { formatSigned, parseSigned, shiftOf, signedToNumber } from '../../base/signed-fraction.js';
import type { Probability, ShiftedShare, ShiftedVerdict, VerdictShare } from '../../contract/answers.js';
import { probability } from '../chances.js';

/** What a side that does not have something gives it. */
const NONE: Probability = probability({ nominal: ZERO, programmed: ZERO });

/** The exact fraction of a share as answers carry it. */
export function exactOf(share: Pick<Probability, 'fraction'>): Fraction {
  return parseSigned(share.fraction)?.size ?? ZERO;
}

/** The programmed decimals as a fraction; exact only to the places that are printed. */
function programmedOf({ programmed }: Probability): Fraction {
  return fraction(BigInt(programmed.replace('.', '')), 10n ** BigInt(programmed.split('.')[1]?.length ?? 0));
}

/** The sum of several shares. */
export function totalOf(shares: readonly Probability[]): Probability {
  const [only] = shares;
  if (shares.length === 1 && only !== undefined) return only;
  return probability({ nominal: sum(shares.map(exactOf)), programmed: sum(shares.map(programmedOf)) });
}

/** A share as part of a whole; nothing of nothing is 0. */
export function partOf(share: Probability, whole: Probability): Probability {
  const quotient = (of: (value: Probability) => Fraction) => (isZero(of(whole)) ? ZERO : divide(of(share), of(whole)));
  return probability({ nominal: quotient(exactOf), programmed: quotient(programmedOf) });
}

/** By how much a share is less than it was; undefined where it is not. */
export function lessOf(was: Probability, is: Probability): Probability | undefined {
  const nominal = shiftOf(exactOf(is), exactOf(was));
  if (nominal.negative || isZero(nominal.size)) return undefined;
  const programmed = shiftOf(programmedOf(is), programmedOf(was));
  return probability({ nominal: nominal.size, programmed: programmed.negative ? ZERO : programmed.size });
}

/** A share on both sides and what lies between them. */
export function shifted(before: Probability = NONE, after: Probability = NONE): ShiftedShare {
  const shift = shiftOf(exactOf(before), exactOf(after));
  return { before, after, shift: { fraction: formatSigned(shift), value: signedToNumber(shift) } };
}

/** Whether the share is another, be it only as the kernel's thresholds have it. */
export function isShifted({ before, after }: Pick<ShiftedShare, 'before' | 'after'>): boolean {
  return before.fraction !== after.fraction || before.programmed !== after.programmed;
}

/** Whether on either side it is not known what becomes of some connections: then nothing can be said to stay. */
export function holdsUnknownShare(verdicts: readonly ShiftedVerdict[]): boolean {
  return verdicts.some(
    ({ verdict, before, after }) => verdict === 'UNKNOWN' && (before.fraction !== '0' || after.fraction !== '0'),
  );
}

/** What both sides have by key: those of before in their order, then what only after has. */
export function pairs<T>(
  before: readonly T[],
  after: readonly T[],
  keyOf: (item: T) => string,
): readonly { readonly before?: T; readonly after?: T }[] {
  const later = new Map(after.map((item) => [keyOf(item), item]));
  const earlier = new Set(before.map(keyOf));
  return [
    ...before.map((item) => {
      const match = later.get(keyOf(item));
      return match === undefined ? { before: item } : { before: item, after: match };
    }),
    ...after.filter((item) => !earlier.has(keyOf(item))).map((item) => ({ after: item })),
  ];
}

/** The mass of each verdict and cause on both sides. The shifts of a question sum to exactly 0. */
export function shiftedVerdicts(
  before: readonly VerdictShare[],
  after: readonly VerdictShare[],
): readonly ShiftedVerdict[] {
  return pairs(before, after, ({ verdict, cause }) => `${verdict} ${cause ?? ''}`).map((pair) => {
    const { verdict, cause } = (pair.before ?? pair.after) as VerdictShare;
    return {
      verdict,
      ...(cause === undefined ? {} : { cause }),
      ...shifted(pair.before?.share, pair.after?.share),
    };
  });
}
