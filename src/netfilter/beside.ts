import type { Ruleset, Table } from './ruleset.js';

/** Tables that iptables keeps in nftables (iptables-nft), which `iptables-save` shows too. */
const OF_IPTABLES = new Set(['filter', 'nat', 'mangle', 'raw', 'security']);

function inLanguage(table: Table, { language }: Ruleset): Table {
  return {
    name: table.name,
    language: table.language ?? language,
    baseChains: table.baseChains,
    chain: (name) => table.chain(name),
    chains: () => table.chains(),
  };
}

/**
 * The rules of a node that has tables of nftables and of iptables: their base chains are called by priority. Tables of
 * nftables that are iptables' own are left out, since `iptables` has them.
 */
export function besideEachOther(nftables: Ruleset, iptables: Ruleset): Ruleset {
  const own = nftables.tables.filter(({ name }) => !OF_IPTABLES.has(name));
  return { ...nftables, tables: [...own, ...iptables.tables.map((table) => inLanguage(table, iptables))] };
}
