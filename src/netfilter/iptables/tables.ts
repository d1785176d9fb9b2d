import type { BaseChain, Chain, Hook, Rule, Table } from '../ruleset.js';

/** The built-in chains of each table in hook order, and their priorities (`nf_ip_hook_priorities`). */
const BUILT_IN: Readonly<Record<string, Readonly<Partial<Record<Hook, number>>>>> = {
  mangle: { PREROUTING: -150, INPUT: -150, FORWARD: -150, OUTPUT: -150, POSTROUTING: -150 },
  security: { INPUT: 50, FORWARD: 50, OUTPUT: 50 },
  raw: { PREROUTING: -300, OUTPUT: -300 },
  filter: { INPUT: 0, FORWARD: 0, OUTPUT: 0 },
  nat: { PREROUTING: -100, INPUT: 100, OUTPUT: -100, POSTROUTING: 100 },
};

/** The tables of iptables, in the order in which `iptables-nft-save` prints them. */
export const TABLE_NAMES: readonly string[] = Object.keys(BUILT_IN);

function hooksOf(table: string): Readonly<Partial<Record<Hook, number>>> {
  return Object.hasOwn(BUILT_IN, table) ? (BUILT_IN[table] ?? {}) : {};
}

/** Names of the table's built-in chains in hook order. */
export function builtInChains(table: string): readonly string[] {
  return Object.keys(hooksOf(table));
}

/**
 * The type of the built-in chains of a table, as nftables names it: those of mangle's OUTPUT have the packet routed
 * again.
 */
export function chainTypeOf(table: string, hook: Hook): BaseChain['type'] {
  if (table === 'nat') return 'nat';
  return table === 'mangle' && hook === 'OUTPUT' ? 'route' : 'filter';
}

/** Type, hook and priority of a built-in chain; undefined when the table has no built-in chain of that name. */
export function baseChainOf(table: string, chain: string, policy: 'ACCEPT' | 'DROP' = 'ACCEPT'): BaseChain | undefined {
  const hook = chain as Hook;
  const hooks = hooksOf(table);
  const priority = Object.hasOwn(hooks, hook) ? hooks[hook] : undefined;
  return priority === undefined ? undefined : { type: chainTypeOf(table, hook), hook, priority, policy };
}

/** A chain with all its rules at hand, in an order that means something. */
export function fixedChain(name: string, rules: readonly Rule[], base?: BaseChain): Chain {
  return { name, rules, ordered: true, ...(base && { base }) };
}

/** A table of chains that are all at hand. Chains keep the order given. */
export function fixedTable(name: string, chains: readonly Chain[]): Table {
  const byName = new Map(chains.map((chain) => [chain.name, chain]));
  return {
    name,
    chain: (wanted) => byName.get(wanted),
    chains: () => byName.values(),
    baseChains: [...byName.values()].filter((chain) => chain.base !== undefined),
  };
}
