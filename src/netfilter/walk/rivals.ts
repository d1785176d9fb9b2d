/**
 * Chains of several tables that translate at one hook with one priority. The kernel calls them in the order in which
 * they were made, which no listing shows: where two of them would translate a packet differently, what becomes of it is
 * not known.
 */
import { remember } from '../../base/remember.js';
import type { Chain, Hook, Ruleset, Table } from '../ruleset.js';
import { type Attached, attachedTo } from './base-chains.js';

/** A chain that translates, alone in a ruleset. */
export interface Rival {
  readonly table: string;
  readonly alone: Ruleset;
}

const known = new WeakMap<Attached, readonly Rival[]>();

/** The same table with one base chain. */
function withOnly(table: Table, chain: Chain): Table {
  const { name, language } = table;
  const sets = table as Table & { readonly set?: unknown; readonly sets?: unknown };
  return {
    name,
    ...(language === undefined ? {} : { language }),
    ...(sets.set === undefined ? {} : { set: sets.set, sets: sets.sets }),
    baseChains: [chain],
    chain: (wanted) => table.chain(wanted),
    chains: () => table.chains(),
  };
}

function isRival(one: Attached, other: Attached): boolean {
  return (
    other.chain?.base?.type === 'nat' &&
    other.table !== one.table &&
    other.priority === one.priority &&
    other.chain.rules.length > 0
  );
}

/** The chains of other tables that translate at the same hook and priority. */
export function rivalsOf(ruleset: Ruleset, hook: Hook, one: Attached): readonly Rival[] {
  return remember(known, one, () =>
    attachedTo(ruleset, hook).flatMap((other) =>
      other.table !== undefined && isRival(one, other)
        ? [
            {
              table: other.table.name,
              alone: { ...ruleset, tables: [withOnly(other.table, other.chain)], balancers: [] },
            },
          ]
        : [],
    ),
  );
}
