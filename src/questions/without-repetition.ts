/**
 * The items in their order, each once: of those that are the same as JSON the last stays, in the place of the first.
 */
export function withoutRepetition<T>(items: readonly T[]): readonly T[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}
