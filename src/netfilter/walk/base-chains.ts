import type { Chain, Hook, Ruleset, Table } from '../ruleset.js';

/** A base chain with its table. */
export interface Attached {
  readonly table: Table;
  readonly chain: Chain;
}

const known = new WeakMap<Ruleset, Map<Hook, readonly Attached[]>>();

/** The base chains that a hook calls, lowest priority first; equal priorities in the order of their tables. */
export function attachedTo(ruleset: Ruleset, hook: Hook): readonly Attached[] {
  let hooks = known.get(ruleset);
  if (hooks === undefined) {
    hooks = new Map();
    known.set(ruleset, hooks);
  }
  let attached = hooks.get(hook);
  if (attached === undefined) {
    attached = ruleset.tables
      .flatMap((table) => table.baseChains.map((chain) => ({ table, chain })))
      .filter(({ chain }) => chain.base?.hook === hook)
      .sort((a, b) => (a.chain.base?.priority ?? 0) - (b.chain.base?.priority ?? 0));
    hooks.set(hook, attached);
  }
  return attached;
}
