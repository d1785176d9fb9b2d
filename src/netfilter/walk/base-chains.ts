import type { Chain, Hook, HookBalancer, Ruleset, Table } from '../ruleset.js';

/** A base chain with its table, or a balancer. */
export type Attached =
  | { readonly table: Table; readonly chain: Chain; readonly balancer?: undefined; readonly priority: number }
  | {
      readonly balancer: HookBalancer;
      readonly table?: undefined;
      readonly chain?: undefined;
      readonly priority: number;
    };

const known = new WeakMap<Ruleset, Map<Hook, readonly Attached[]>>();

/**
 * The base chains and balancers that a hook calls, lowest priority first; equal priorities in the order of their
 * tables.
 */
export function attachedTo(ruleset: Ruleset, hook: Hook): readonly Attached[] {
  let hooks = known.get(ruleset);
  if (hooks === undefined) {
    hooks = new Map();
    known.set(ruleset, hooks);
  }
  let attached = hooks.get(hook);
  if (attached === undefined) {
    const chains = ruleset.tables
      .flatMap((table) => table.baseChains.map((chain) => ({ table, chain, priority: chain.base?.priority ?? 0 })))
      .filter(({ chain }) => chain.base?.hook === hook);
    const balancers = (ruleset.balancers ?? []).flatMap((balancer) =>
      balancer.places.filter((place) => place.hook === hook).map(({ priority }) => ({ balancer, priority })),
    );
    attached = [...chains, ...balancers].sort((a, b) => a.priority - b.priority);
    hooks.set(hook, attached);
  }
  return attached;
}
