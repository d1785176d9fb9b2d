import { BELOW_LIMITS } from '../../limits.js';
import { YES } from '../../walk/walk-context.js';
import { firstValue, type MatchCodec, optionOf, RuleError } from '../match-codec.js';
import { canonicalRate } from '../rates.js';
import type { LimitMatch } from '../statements.js';

/** What xt_limit starts with when a rule does not say (libxt_limit XT_LIMIT_AVG and XT_LIMIT_BURST). */
const AVERAGE = '3/hour';
const BURST = 5;

function spelled({ rate, burst }: LimitMatch): string {
  return `-m limit --limit ${rate}${burst === BURST ? '' : ` --limit-burst ${burst}`}`;
}

/**
 * `-m limit`: matches as long as packets come no faster than the rate. A single new connection is below it, since the
 * bucket starts full; what else the rule meets is an assumption.
 */
export const limit: MatchCodec<LimitMatch> = {
  place: 'module',
  modules: ['limit'],
  options: { '--limit': 1, '--limit-burst': 1 },
  parse(options) {
    if (optionOf(options, '--limit')?.negated === true) throw new RuleError('--limit cannot be negated');
    const burst = firstValue(options, '--limit-burst') ?? String(BURST);
    if (!/^\d{1,5}$/.test(burst))
      throw new RuleError(`"${burst}" is no value for --limit-burst: a whole number would be`);
    return { kind: 'limit', rate: canonicalRate(firstValue(options, '--limit') ?? AVERAGE), burst: Number(burst) };
  },
  write: spelled,
  save: spelled,
  list: ({ rate, burst }) => `limit: avg ${rate} burst ${burst}`,
  test(_match, _packet, { environment }) {
    environment.assume?.(...BELOW_LIMITS);
    return YES;
  },
};
