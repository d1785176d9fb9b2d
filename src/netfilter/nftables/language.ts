import type { Language } from '../language.js';
import type { Packet } from '../packet.js';
import type { Rule } from '../ruleset.js';
import { evaluate, type NftMatched } from './evaluate.js';
import { saveRule, saveStatement } from './statements/index.js';
import { type Expression, statementsOf } from './types.js';
import { unquoted } from './values.js';

/** The rule as it can be found on the node. */
function textOf(rule: Rule, packet: Pick<Packet, 'family'>): string {
  return rule.text ?? saveRule(rule, packet.family);
}

function interfaceExpressions(expression: Expression): boolean {
  return expression.kind === 'meta' && /^[io]if(name)?$/.test(expression.key);
}

/** The language of nftables: expressions and statements, each kind in a file of its own. */
export const NFTABLES: Language<NftMatched> = {
  name: 'nftables',
  evaluate,
  apply: ({ effect }) => effect,
  passedBy: ({ harmless }, packet) => (harmless ? packet : undefined),
  undecided({ undecided }, rule, packet) {
    if (undecided === undefined) throw new Error('every statement of the rule is decided');
    const text = textOf(rule, packet);
    if (undecided.kind === 'unknown-statement') {
      return { cause: 'UNKNOWN_MATCH', detail: `"${undecided.text}" is not understood: ${text}` };
    }
    const statement = saveStatement(undecided, packet.family);
    const hint =
      undecided.kind === 'match' && interfaceExpressions(undecided.left)
        ? ' (settings.network.podInterface, uplinkInterface and tunnelInterface would tell)'
        : '';
    return { cause: 'UNKNOWN_MATCH', detail: `whether "${statement}" matches is not known${hint}: ${text}` };
  },
  interfacesOf: (rule) =>
    statementsOf(rule).flatMap((statement) => {
      if (statement.kind !== 'match' || !interfaceExpressions(statement.left)) return [];
      const { right } = statement;
      const texts =
        right.kind === 'value'
          ? [right.text]
          : right.kind === 'set'
            ? right.elements.map(({ key }) => key[0] ?? '')
            : [];
      return texts.map((text) => unquoted(text).replace(/\*$/, '+'));
    }),
  commentOf(rule) {
    for (const statement of statementsOf(rule)) if (statement.kind === 'comment') return statement.text;
    return '';
  },
  isAboutInvalid: (rule) =>
    statementsOf(rule).some(
      (statement) =>
        statement.kind === 'match' &&
        statement.left.kind === 'ct' &&
        statement.left.key === 'state' &&
        ((statement.right.kind === 'value' && statement.right.text === 'invalid') ||
          (statement.right.kind === 'flags' && statement.right.values.includes('invalid'))),
    ),
  textOf,
};
