import { BELOW_LIMITS } from '../../limits.js';
import { NO, YES } from '../../walk/walk-context.js';
import { firstValue, type MatchCodec, optionOf, RuleError } from '../match-codec.js';
import { canonicalRate, isByteRate } from '../rates.js';
import type { HashlimitMatch } from '../statements.js';

/** The other options in the order in which iptables prints them, and the values that it leaves out. */
const OTHERS: readonly (readonly [name: string, usual: string | undefined])[] = [
  ['burst', undefined],
  ['mode', undefined],
  ['name', undefined],
  ['htable-size', undefined],
  ['htable-max', undefined],
  ['htable-gcinterval', '1000'],
  ['htable-expire', undefined],
  ['srcmask', '32'],
  ['dstmask', '32'],
];
const SECONDS: Readonly<Record<string, number>> = { sec: 1, min: 60, hour: 3600, day: 86400 };

/** How long an entry lives unless the rule says otherwise: the unit of the rate, in milliseconds (libxt_hashlimit). */
function usualExpiry(rate: string): string {
  return String((SECONDS[rate.slice(rate.indexOf('/') + 1)] ?? 1) * 1000);
}

function spelled({ side, rate, options }: HashlimitMatch): string {
  const rest = options.map(([name, value]) => ` --hashlimit-${name} ${value}`);
  return `-m hashlimit --hashlimit-${side} ${rate}${rest.join('')}`;
}

/**
 * `-m hashlimit`: as `limit` with a bucket for each source, destination or port; `--hashlimit-above` matches what
 * exceeds the rate. A single new connection does not, which is an assumption about everything else.
 */
export const hashlimit: MatchCodec<HashlimitMatch> = {
  place: 'module',
  modules: ['hashlimit'],
  options: {
    '--hashlimit': 1,
    '--hashlimit-upto': 1,
    '--hashlimit-above': 1,
    ...Object.fromEntries(OTHERS.map(([name]) => [`--hashlimit-${name}`, 1])),
  },
  parse(given) {
    const option = optionOf(given, '--hashlimit', '--hashlimit-upto', '--hashlimit-above');
    const written = option?.values[0];
    if (option === undefined || written === undefined)
      throw new RuleError('-m hashlimit needs --hashlimit-upto or --hashlimit-above');
    if (firstValue(given, '--hashlimit-name') === undefined) throw new RuleError('-m hashlimit needs --hashlimit-name');
    const rate = canonicalRate(written);
    const options: (readonly [string, string])[] = [];
    for (const [name, usual] of OTHERS) {
      const burst = name === 'burst' && !isByteRate(rate) ? '5' : undefined;
      const value = firstValue(given, `--hashlimit-${name}`) ?? burst;
      const left = name === 'htable-expire' ? usualExpiry(rate) : usual;
      if (value !== undefined && value !== left) options.push([name, value]);
    }
    const above = (option.name === '--hashlimit-above') !== option.negated;
    return { kind: 'hashlimit', side: above ? 'above' : 'upto', rate, options };
  },
  write: spelled,
  save: spelled,
  list({ side, rate, options }) {
    const shown = options
      .filter(([name]) => name !== 'name')
      .map(([name, value]) => ` ${name} ${name === 'mode' ? value.replaceAll(',', '-') : value}`);
    return `limit: ${side === 'above' ? 'above' : 'up to'} ${rate}${shown.join('')}`;
  },
  test(match, _packet, { environment }) {
    environment.assume?.(...BELOW_LIMITS);
    return match.side === 'above' ? NO : YES;
  },
};
