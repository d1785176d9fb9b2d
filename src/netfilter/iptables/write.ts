import type { Rule } from '../ruleset.js';
import { codecOf } from './index.js';
import { statementsOf } from './statements.js';

/**
 * A rule as kube-proxy writes it into the input of `iptables-restore`: `-A CHAIN` and the statements in their order.
 * No line end.
 */
export function writeRule(rule: Rule): string {
  let text = `-A ${rule.chain}`;
  for (const statement of statementsOf(rule)) text += ` ${codecOf(statement).write(statement)}`;
  return text;
}
