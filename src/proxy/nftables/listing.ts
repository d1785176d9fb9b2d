import type { IPFamily } from '../../base/address.js';
import { type ListedChain, type ListedSet, listChain, listSet } from '../../netfilter/nftables/list.js';
import type { Element } from '../../netfilter/nftables/types.js';
import type { Origin, Rule } from '../../netfilter/ruleset.js';
import type { Operation } from './operations.js';

/** A chain or set as it is loaded. Sets are named with the `@` that rules name them with. */
export interface LoadedObject {
  readonly name: string;
  readonly chain?: ListedChain;
  readonly set?: ListedSet & { readonly origins: readonly (Origin | undefined)[] };
}

/**
 * What is loaded after the transaction: sets, then chains, each in the order in which they were made, as `nft list` has
 * them.
 */
export function loadedObjects(operations: Iterable<Operation>): readonly LoadedObject[] {
  const chains = new Map<string, ListedChain & { readonly rules: Rule[] }>();
  const sets = new Map<
    string,
    ListedSet & { readonly elements: Element[]; readonly origins: (Origin | undefined)[] }
  >();
  const keys = new Set<string>();
  for (const operation of operations) {
    if (operation.kind === 'chain') {
      const { name, base, comment } = operation.chain;
      chains.set(name, { name, rules: [], ...(base && { base }), ...(comment !== undefined && { comment }) });
    } else if (operation.kind === 'rule') chains.get(operation.rule.chain)?.rules.push(operation.rule);
    else if (operation.kind === 'set') {
      sets.set(operation.set.name, { declaration: operation.set, elements: [], origins: [] });
    } else if (operation.kind === 'element') {
      const key = `${operation.set.name} ${operation.element.key.join(' . ')}`;
      const set = sets.get(operation.set.name);
      if (set === undefined || keys.has(key)) continue;
      keys.add(key);
      set.elements.push(operation.element);
      set.origins.push(operation.origin);
    }
  }
  return [
    ...[...sets].map(([name, set]) => ({ name: `@${name}`, set })),
    ...[...chains].map(([name, chain]) => ({ name, chain })),
  ];
}

/** An object as `nft -s list` prints it, indented by one tab. */
export function objectText({ chain, set }: LoadedObject, family: IPFamily): string {
  return chain !== undefined ? listChain(chain, family) : set === undefined ? '' : listSet(set);
}
