/** A pair of a workload and a target as answers have it. */
import { add, compare, type Fraction, isZero } from '../../base/fraction.js';
import { whenRead } from '../../base/when-read.js';
import type { ReachPair, ReachShares } from '../../contract/answers.js';
import { probability } from '../chances.js';
import { isDenied, keyOf, type PairChange, sourceName } from './pair-changes.js';
import { type Outcome, type Pair, shareOf } from './reach-table.js';

const shares = new WeakMap<readonly Outcome[], ReachShares>();

/** The shares of a pair, and what is behind those that are not delivered, the largest first. */
function sharesOf(outcomes: readonly Outcome[]): ReachShares {
  const known = shares.get(outcomes);
  if (known !== undefined) return known;
  const parts = {
    delivered: shareOf(outcomes, ({ verdict }) => verdict === 'DELIVERED'),
    denied: shareOf(outcomes, isDenied),
    lost: shareOf(outcomes, (one) => one.verdict !== 'DELIVERED' && one.verdict !== 'UNKNOWN' && !isDenied(one)),
    unknown: shareOf(outcomes, ({ verdict }) => verdict === 'UNKNOWN'),
  };
  const causes = outcomes
    .filter(({ verdict }) => verdict !== 'DELIVERED')
    .sort((a, b) => compare(b.share.nominal, a.share.nominal))
    .map(({ verdict, cause, direction, policies, end, share }) => {
      const made = {
        verdict,
        ...(cause === undefined ? {} : { cause }),
        share: probability(share),
        ...(direction === undefined ? {} : { direction }),
        ...(policies === undefined || policies.length === 0 ? {} : { policies: policies as string[] }),
      };
      // Of many pairs few are shown with what became of them.
      return whenRead(made, 'detail', () => end.detail);
    });
  const made: ReachShares = {
    delivered: probability(parts.delivered),
    ...(isZero(parts.denied.nominal) ? {} : { denied: probability(parts.denied) }),
    ...(isZero(parts.lost.nominal) ? {} : { lost: probability(parts.lost) }),
    ...(isZero(parts.unknown.nominal) ? {} : { unknown: probability(parts.unknown) }),
    ...(causes.length === 0 ? {} : { causes }),
  };
  shares.set(outcomes, made);
  return made;
}

const shape = (outcomes: readonly Outcome[]) =>
  JSON.stringify(
    outcomes.map(({ verdict, cause, direction, policies, share }) => [
      ...[verdict, cause, direction, policies],
      ...[String(share.nominal.n), String(share.nominal.d)],
    ]),
  );

/** How much is delivered at least, and at most: what is not known may be. */
function bounds(outcomes: readonly Outcome[]): { readonly least: Fraction; readonly most: Fraction } {
  const least = shareOf(outcomes, ({ verdict }) => verdict === 'DELIVERED').nominal;
  return { least, most: add(least, shareOf(outcomes, ({ verdict }) => verdict === 'UNKNOWN').nominal) };
}

/** What a change does to a pair: less or more is delivered only where what is not known cannot make up for it. */
function changeOf(was: readonly Outcome[], is: readonly Outcome[]): NonNullable<ReachPair['change']> {
  const [before, after] = [bounds(was), bounds(is)];
  if (compare(after.most, before.least) < 0) return 'CUT';
  if (compare(after.least, before.most) > 0) return 'OPENED';
  if ([before, after].some(({ least, most }) => compare(least, most) !== 0)) return 'UNKNOWN';
  return shape(was) === shape(is) ? 'SAME' : 'OTHER';
}

/** A pair as answers have it; with `earlier` before and after. */
export function pairOf(pair: Pair, earlier: ReadonlyMap<string, Pair> | undefined): ReachPair {
  const { from, to, outcomes } = pair;
  const { delivered, denied, lost, unknown, causes } = sharesOf(outcomes);
  // Written out, as of all pairs of a cluster there may be very many.
  const made: { -readonly [Field in keyof ReachPair]: ReachPair[Field] } = {
    from: sourceName(from),
    to: to.name,
    family: to.family,
    delivered,
  };
  if (denied !== undefined) made.denied = denied;
  if (lost !== undefined) made.lost = lost;
  if (unknown !== undefined) made.unknown = unknown;
  if (causes !== undefined) made.causes = causes;
  if (earlier === undefined) return made;
  const was = earlier.get(keyOf(pair));
  made.change = was === undefined ? 'ADDED' : changeOf(was.outcomes, outcomes);
  if (was !== undefined && made.change !== 'SAME') made.before = sharesOf(was.outcomes);
  return made;
}

/** A pair that a change makes another, before and after. */
export function changedPair({ from, to, was, is }: PairChange): ReachPair {
  const pair = { from, to, outcomes: is };
  return pairOf(pair, new Map([[keyOf(pair), { from, to, outcomes: was }]]));
}
