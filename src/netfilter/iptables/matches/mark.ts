import { verdictOf } from '../../walk/walk-context.js';
import { ALL_BITS, hex, markOf } from '../mark-values.js';
import { type MatchCodec, negation, not, optionOf, RuleError } from '../match-codec.js';
import type { MarkMatch } from '../statements.js';

function formatted(match: MarkMatch): string {
  return match.mask === ALL_BITS ? hex(match.value) : `${hex(match.value)}/${hex(match.mask)}`;
}

/** `-m mark [!] --mark VALUE[/MASK]`. */
export const mark: MatchCodec<MarkMatch> = {
  place: 'module',
  modules: ['mark'],
  options: { '--mark': 1 },
  parse(options) {
    const option = optionOf(options, '--mark');
    const spelled = option?.values[0];
    if (spelled === undefined) throw new RuleError('-m mark needs --mark');
    const { value, mask = ALL_BITS } = markOf(spelled);
    return { kind: 'mark', value, mask, spelled, ...negation(option) };
  },
  write: (match) => `-m mark ${not(match.negated)}--mark ${match.spelled ?? formatted(match)}`,
  save: (match) => `-m mark ${not(match.negated)}--mark ${formatted(match)}`,
  list: (match) => `mark match ${not(match.negated)}${formatted(match)}`,
  test: (match, packet) => verdictOf((packet.mark & match.mask) >>> 0 === match.value, match.negated),
};
