import type { IPFamily } from '../../base/address.js';
import type { Chain, Ruleset, Table } from '../ruleset.js';
import { saveRule } from './canonical.js';
import { builtInChains, TABLE_NAMES } from './tables.js';

export { saveRule } from './canonical.js';

/** Which iptables prints: nf_tables has a fixed order of tables, legacy prints the one made last first. */
export type Flavour = 'NFT' | 'LEGACY';

/** By bytes: chain names are ASCII. */
function byName(a: Chain, b: Chain): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** A table's chains as iptables prints them: the built-in ones in hook order, then the others by name. */
export function printedChains(table: Table): Chain[] {
  const order = builtInChains(table.name);
  const base = [...table.baseChains].sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  const user = [...table.chains()].filter((chain) => chain.base === undefined);
  return [...base, ...user.sort(byName)];
}

/** A ruleset's tables in the order of the flavour. */
export function printedTables(ruleset: Ruleset, flavour: Flavour): Table[] {
  if (flavour === 'LEGACY') return [...ruleset.tables].reverse();
  const rank = (table: Table) => {
    const at = TABLE_NAMES.indexOf(table.name);
    return at < 0 ? TABLE_NAMES.length : at;
  };
  return [...ruleset.tables].sort((a, b) => rank(a) - rank(b));
}

/** One table as `iptables-save -t` shows it, counters at zero. */
function saveTable(table: Table, family: IPFamily): string {
  const chains = printedChains(table);
  let text = `*${table.name}\n`;
  for (const chain of chains) text += `:${chain.name} ${chain.base?.policy ?? '-'} [0:0]\n`;
  for (const chain of chains) {
    for (const rule of chain.rules) text += `${saveRule(rule, family)}\n`;
  }
  return `${text}COMMIT\n`;
}

/** A ruleset as `iptables-save` (or `ip6tables-save`) 1.8 shows it, without its comment lines, counters at zero. */
export function saveRuleset(ruleset: Ruleset, flavour: Flavour): string {
  return printedTables(ruleset, flavour)
    .map((table) => saveTable(table, ruleset.family))
    .join('');
}
