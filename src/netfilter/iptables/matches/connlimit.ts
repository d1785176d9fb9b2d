import { BELOW_LIMITS } from '../../limits.js';
import { NO, YES } from '../../walk/walk-context.js';
import { type MatchCodec, optionOf, RuleError } from '../match-codec.js';
import type { ConnlimitMatch } from '../statements.js';

const WHOLE = { IPv4: '32', IPv6: '128' } as const;

function maskOf({ mask }: ConnlimitMatch, family: 'IPv4' | 'IPv6'): string {
  return mask ?? WHOLE[family];
}

/** `-m connlimit`: how many connections one address has open. A single new connection is below every limit. */
export const connlimit: MatchCodec<ConnlimitMatch> = {
  place: 'module',
  modules: ['connlimit'],
  options: {
    '--connlimit-above': 1,
    '--connlimit-upto': 1,
    '--connlimit-mask': 1,
    '--connlimit-saddr': 0,
    '--connlimit-daddr': 0,
  },
  parse(options) {
    const option = optionOf(options, '--connlimit-above', '--connlimit-upto');
    const count = option?.values[0] ?? '';
    if (option === undefined || !/^\d{1,10}$/.test(count))
      throw new RuleError('-m connlimit needs --connlimit-above or --connlimit-upto with a whole number');
    const above = (option.name === '--connlimit-above') !== option.negated;
    return {
      kind: 'connlimit',
      side: above ? 'above' : 'upto',
      count: Number(count),
      mask: optionOf(options, '--connlimit-mask')?.values[0],
      address:
        optionOf(options, '--connlimit-saddr', '--connlimit-daddr')?.name === '--connlimit-daddr' ? 'daddr' : 'saddr',
    };
  },
  write: (match) => connlimit.save(match, 'IPv4'),
  save: (match, family) =>
    `-m connlimit --connlimit-${match.side} ${match.count} --connlimit-mask ${maskOf(match, family)} ` +
    `--connlimit-${match.address}`,
  list: (match, family) =>
    `#conn ${match.address === 'saddr' ? 'src' : 'dst'}/${maskOf(match, family)} ` +
    `${match.side === 'above' ? '>' : '<='} ${match.count}`,
  test(match, _packet, { environment }) {
    environment.assume?.(...BELOW_LIMITS);
    return match.side === 'above' ? NO : YES;
  },
};
