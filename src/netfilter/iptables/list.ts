import type { IPFamily } from '../../base/address.js';
import { protocolNumber } from '../protocols.js';
import type { Chain, Rule, Table } from '../ruleset.js';
import { type CanonicalRule, canonicalOf } from './canonical.js';
import { matchCodec, targetCodec } from './index.js';
import { listedNetwork } from './networks.js';
import { printedChains } from './save.js';
import type { Match } from './statements.js';
import { statementsOf } from './statements.js';

const HEADER = 'target     prot opt source               destination         ';

/** Column of an address: its `!` is in the blank before it. */
function addressColumn(head: readonly Match[], kind: 'source' | 'destination', family: IPFamily): string {
  for (const match of head) {
    if (match.kind === kind) {
      return `${match.negated === true ? '!' : ' '}${listedNetwork(match.address, family).padEnd(19)}`;
    }
  }
  return ` ${(family === 'IPv4' ? '0.0.0.0/0' : '::/0').padEnd(19)}`;
}

function protocolColumn(head: readonly Match[]): string {
  for (const match of head) {
    if (match.kind === 'protocol') {
      return `${match.negated === true ? '!' : ' '}${String(protocolNumber(match.protocol) ?? 0).padEnd(4)}`;
    }
  }
  return ' 0   ';
}

/** `-f` is the only option of this column, and one that no packet meets after conntrack has defragmented it. */
function fragmentColumn(head: readonly Match[]): string {
  for (const match of head) {
    if (match.kind === 'fragment') return match.negated === true ? '!f' : '-f';
  }
  return '--';
}

function details(rule: CanonicalRule, family: IPFamily): string {
  let text = '';
  for (const match of rule.modules.flat()) {
    const detail = matchCodec(match)?.list(match, family) ?? '';
    if (detail !== '') text += ` ${detail}`;
  }
  const detail = rule.target === undefined ? '' : (targetCodec(rule.target)?.list(rule.target, family) ?? '');
  return detail === '' ? text : `${text} ${detail}`;
}

/** One rule's line of `iptables -L -n`, without line end. */
export function listRule(rule: Rule, family: IPFamily): string {
  const canonical = canonicalOf(rule);
  const { head, target } = canonical;
  const label = target === undefined ? '' : (targetCodec(target)?.label(target) ?? '');
  const columns = `${label.padEnd(9)} ${protocolColumn(head)} ${fragmentColumn(head)} `;
  const addresses = `${addressColumn(head, 'source', family)} ${addressColumn(head, 'destination', family)} `;
  return `${columns}${addresses}${target?.kind === 'goto' ? '[goto] ' : ''}${details(canonical, family)}`;
}

/** What `iptables -L CHAIN -n` prints (1.8); `references` is how many rules of the table lead to the chain. */
export function listChain(chain: Chain, family: IPFamily, references: number): string {
  const note = chain.base === undefined ? `${references} references` : `policy ${chain.base.policy}`;
  let text = `Chain ${chain.name} (${note})\n${HEADER}\n`;
  for (const rule of chain.rules) text += `${listRule(rule, family)}\n`;
  return text;
}

/** How many rules of the table jump or go to each chain. */
export function referencesOf(table: Table): Map<string, number> {
  const references = new Map<string, number>();
  for (const chain of table.chains()) {
    for (const rule of chain.rules) {
      for (const statement of statementsOf(rule)) {
        if (statement.kind === 'jump' || statement.kind === 'goto') {
          references.set(statement.chain, (references.get(statement.chain) ?? 0) + 1);
        }
      }
    }
  }
  return references;
}

/** What `iptables -t TABLE -L -n` prints: chain by chain, an empty line between them. */
export function listTable(table: Table, family: IPFamily): string {
  const references = referencesOf(table);
  return printedChains(table)
    .map((chain) => listChain(chain, family, references.get(chain.name) ?? 0))
    .join('\n');
}
