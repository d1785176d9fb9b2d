import { NO, UNKNOWN, verdictOf } from '../../walk/walk-context.js';
import { ALL_BITS, hex, markOf } from '../mark-values.js';
import { type MatchCodec, negation, not, optionOf, RuleError } from '../match-codec.js';
import type { ConnmarkMatch } from '../statements.js';

function formatted(match: ConnmarkMatch): string {
  return match.mask === ALL_BITS ? hex(match.value) : `${hex(match.value)}/${hex(match.mask)}`;
}

/** `-m connmark [!] --mark VALUE[/MASK]`: the mark of the flow, 0 until a rule sets it. */
export const connmark: MatchCodec<ConnmarkMatch> = {
  place: 'module',
  modules: ['connmark'],
  options: { '--mark': 1 },
  parse(options) {
    const option = optionOf(options, '--mark');
    const spelled = option?.values[0];
    if (spelled === undefined) throw new RuleError('-m connmark needs --mark');
    const { value, mask = ALL_BITS } = markOf(spelled);
    return { kind: 'connmark', value, mask, spelled, ...negation(option) };
  },
  write: (match) => `-m connmark ${not(match.negated)}--mark ${match.spelled ?? formatted(match)}`,
  save: (match) => `-m connmark ${not(match.negated)}--mark ${formatted(match)}`,
  // The second blank of the plain form is iptables' own.
  list: (match) => `connmark match ${match.negated === true ? '' : ' '}${not(match.negated)}${formatted(match)}`,
  test(match, { connection }) {
    // A packet without a flow matches neither the plain nor the negated form (xt_connmark).
    if (connection.state === 'INVALID' || connection.state === 'UNTRACKED') return NO;
    const { mark, unknownMark = 0 } = connection;
    if (connection.state !== 'NEW' && mark === undefined) return UNKNOWN;
    const known = (match.mask & ~unknownMark) >>> 0;
    const differs = (((mark ?? 0) ^ match.value) & known) !== 0 || (match.value & ~match.mask) !== 0;
    if (!differs && (match.mask & unknownMark) !== 0) return UNKNOWN;
    return verdictOf(!differs, match.negated);
  },
};
