import { verdictOf } from '../../walk/walk-context.js';
import { firstValue, type MatchCodec, RuleError } from '../match-codec.js';
import type { PolicyMatch } from '../statements.js';

const NO_IPSEC = [
  'ipsec',
  'none',
  'A snapshot does not show IPsec policies: connections are taken not to be encrypted by them.',
] as const;

/** `-m policy --dir in|out --pol none|ipsec`: whether an IPsec policy handles the packet. None is taken to. */
export const policy: MatchCodec<PolicyMatch> = {
  place: 'module',
  modules: ['policy'],
  options: { '--dir': 1, '--pol': 1, '--strict': 0 },
  parse(options) {
    const [direction, pol] = [firstValue(options, '--dir'), firstValue(options, '--pol')];
    if (direction !== 'in' && direction !== 'out') throw new RuleError('-m policy needs --dir in or --dir out');
    if (pol !== 'none' && pol !== 'ipsec') throw new RuleError('-m policy needs --pol none or --pol ipsec');
    const strict = options.some(({ name }) => name === '--strict') ? ['--strict'] : [];
    return { kind: 'policy', policy: pol, tokens: ['--dir', direction, '--pol', pol, ...strict] };
  },
  write: (match) => ['-m policy', ...match.tokens].join(' '),
  save: (match) => ['-m policy', ...match.tokens].join(' '),
  list: (match) => `policy match ${match.tokens.map((word) => word.replace(/^--/, '')).join(' ')}`,
  test(match, _packet, { environment }) {
    environment.assume?.(...NO_IPSEC);
    return verdictOf(match.policy === 'none', false);
  },
};
