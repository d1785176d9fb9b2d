/** The rules of a node by table and chain, as iptables-save shows them, in their order: `table chain` → texts. */
export type RulesByChain = ReadonlyMap<string, readonly string[]>;

export function rulesByChain(save: string): RulesByChain {
  const rules = new Map<string, string[]>();
  let table = '';
  for (const line of save.split('\n')) {
    if (line.startsWith('*')) table = line.slice(1);
    const chain = /^-A (\S+) /.exec(line)?.[1];
    if (chain === undefined) continue;
    const key = `${table} ${chain}`;
    const known = rules.get(key);
    if (known === undefined) rules.set(key, [line]);
    else known.push(line);
  }
  return rules;
}
