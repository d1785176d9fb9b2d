import type { Assumption } from '../cluster/settings.js';

/**
 * The assumptions in their order, each once: of those that are the same as JSON the last stays, in the place of the
 * first.
 */
export function withoutRepetition(items: readonly Assumption[]): readonly Assumption[] {
  // Of different fields, as most are, none can be the same.
  if (new Set(items.map(({ field }) => field)).size === items.length) return items;
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}
