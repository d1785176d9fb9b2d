/** So many are moved one by one: more would take longer than what {@link sortShort} saves. */
const MOST = 24;

/**
 * Sorts a list in place and returns it, as `Array.sort` does (equal ones keep their order). `Array.sort` makes lists
 * of its own beside each that it sorts; a short one is sorted without here, which counts where there are 10,000s of
 * them.
 */
export function sortShort<T>(list: T[], compare: (a: T, b: T) => number): T[] {
  if (list.length > MOST) return list.sort(compare);
  for (let end = 1; end < list.length; end++) {
    const moved = list[end] as T;
    let place = end;
    for (; place > 0; place--) {
      const before = list[place - 1] as T;
      if (compare(before, moved) <= 0) break;
      list[place] = before;
    }
    if (place < end) list[place] = moved;
  }
  return list;
}
