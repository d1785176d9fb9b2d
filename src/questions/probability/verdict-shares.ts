import { compare } from '../../base/fraction.js';
import type { Cause, PathVerdict, VerdictShare } from '../../contract/answers.js';
import { ENUMS } from '../../contract/gen/types.js';
import type { Chance } from '../../netfilter/walk/types.js';
import type { Journey } from '../../path/trail.js';
import { probability, total } from '../chances.js';

const ORDER: readonly PathVerdict[] = ENUMS.Verdict;

/** The share of each verdict and cause, largest first; equal shares in the order of the verdicts' table. */
export function verdictShares(
  journeys: readonly Pick<Journey, 'chance' | 'verdict' | 'cause'>[],
): readonly VerdictShare[] {
  const groups = new Map<string, { verdict: PathVerdict; cause: Cause | undefined; chances: Chance[] }>();
  for (const { chance, verdict, cause } of journeys) {
    const key = `${verdict} ${cause ?? ''}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { verdict, cause, chances: [chance] });
    else group.chances.push(chance);
  }
  return [...groups.values()]
    .map((group) => ({ ...group, share: total(group.chances) }))
    .sort(
      (a, b) =>
        compare(b.share.nominal, a.share.nominal) ||
        ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict) ||
        (a.cause ?? '').localeCompare(b.cause ?? '', 'en'),
    )
    .map(({ verdict, cause, share }) => ({
      verdict,
      ...(cause === undefined ? {} : { cause }),
      share: probability(share),
    }));
}
