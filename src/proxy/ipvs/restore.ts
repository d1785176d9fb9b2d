import { writeRule } from '../../netfilter/iptables/write.js';
import type { Rule } from '../../netfilter/ruleset.js';
import type { IpvsContext } from './context.js';
import { CHAINS, declaredChains, type FixedRules } from './fixed-rules.js';

function ruleLines(rules: readonly Rule[], services: ReadonlySet<string> | undefined): string {
  let text = '';
  for (const rule of rules) {
    // Rules without an origin are there whatever Services there are.
    if (services !== undefined && rule.origin !== undefined && !services.has(rule.origin.service)) continue;
    text += `${writeRule(rule)}\n`;
  }
  return text;
}

/**
 * The input that a proxier gives to `iptables-restore --noflush --counters`: the nat table, then the filter table.
 *
 * @param services `namespace/name` of the Services whose rules are written; absent: all
 */
export function restoreText(
  context: IpvsContext,
  { nat, filter }: FixedRules,
  services: ReadonlySet<string> | undefined,
): string {
  const declarations = (table: 'nat' | 'filter') =>
    declaredChains(context, table)
      // 1.20 names the wrong chain where the chain is not there yet.
      .map((chain) => `:${context.traits.wrongDeclarations ? wrongName(table) : chain} - [0:0]\n`)
      .join('');
  return (
    `*nat\n${declarations('nat')}${ruleLines(nat, services)}COMMIT\n` +
    `*filter\n${declarations('filter')}${ruleLines(filter, services)}COMMIT\n`
  );
}

function wrongName(table: 'nat' | 'filter'): string {
  return table === 'nat' ? CHAINS.postrouting : CHAINS.forward;
}
