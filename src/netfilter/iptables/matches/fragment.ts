import { verdictOf } from '../../walk/walk-context.js';
import { type MatchCodec, negation, not, RuleError } from '../match-codec.js';
import type { FragmentMatch } from '../statements.js';

/**
 * `[!] -f`: the second and later fragments. Connection tracking puts fragments together before any rule sees the packet
 * (nf_defrag_ipv4, priority -400), so no packet of a tracked host matches. ip6tables does not know the option.
 */
export const fragment: MatchCodec<FragmentMatch> = {
  place: 'rule',
  options: { '-f': 0, '--fragment': 0 },
  parse([option], { family }) {
    if (family === 'IPv6') throw new RuleError(`${option?.name} does not exist in IPv6: "-m frag" would be`);
    return { kind: 'fragment', ...negation(option) };
  },
  write: (match) => `${not(match.negated)}-f`,
  save: (match) => `${not(match.negated)}-f`,
  list: () => '',
  test: (match) => verdictOf(false, match.negated),
};
