import type { Language } from '../language.js';
import { evaluate, type IptablesMatched } from './evaluate.js';
import { targetCodec } from './index.js';
import { statementsOf } from './statements.js';
import { perhapsMarked } from './targets/set-connmark.js';
import { isHarmless, textOf, undecidedMatch } from './undecided.js';

/** The language of iptables: xtables matches and targets, each in a file of its own. */
export const IPTABLES: Language<IptablesMatched> = {
  name: 'iptables',
  evaluate,
  apply({ target }, packet, context) {
    return (
      (target === undefined ? undefined : targetCodec(target)?.apply(target, packet, context)) ?? { action: 'PASS' }
    );
  },
  passedBy({ target }, packet, context) {
    if (isHarmless(target, packet, context)) return packet;
    return target?.kind === 'set-connmark' ? perhapsMarked(target, packet) : undefined;
  },
  undecided({ undecided }, rule, packet) {
    if (undecided === undefined) throw new Error('every match of the rule is decided');
    return undecidedMatch(undecided, rule, packet);
  },
  interfacesOf: (rule) =>
    statementsOf(rule).flatMap((statement) =>
      statement.kind === 'in-interface' || statement.kind === 'out-interface' ? [statement.name] : [],
    ),
  commentOf(rule) {
    for (const statement of statementsOf(rule)) if (statement.kind === 'comment') return statement.text;
    return '';
  },
  isAboutInvalid: (rule) =>
    statementsOf(rule).some(
      (statement) => statement.kind === 'conntrack' && statement.states?.values.includes('INVALID'),
    ),
  textOf,
};
