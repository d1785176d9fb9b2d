import { editDistance } from '../base/edit-distance.js';

/** At most this many names are suggested. */
const SUGGESTIONS = 5;

const lastPart = (name: string) => name.slice(name.lastIndexOf('/') + 1);

/**
 * The names nearest to one that does not exist, up to five, nearest first: the same name in another namespace (or of
 * another kind), then small misspellings, then names that begin with it or that it begins with.
 */
export function closest(wanted: string, names: Iterable<string>): string[] {
  const own = lastPart(wanted).toLowerCase();
  const limit = Math.min(4, Math.max(1, Math.floor(own.length / 4)));
  const found: { readonly name: string; readonly rank: number }[] = [];
  for (const name of names) {
    const part = lastPart(name).toLowerCase();
    const distance = editDistance(wanted, name, limit);
    if (part === own) found.push({ name, rank: 0 });
    else if (distance <= limit) found.push({ name, rank: distance });
    else if (own.length > 2 && (part.startsWith(own) || (part.length > 2 && own.startsWith(part)))) {
      found.push({ name, rank: limit + 1 });
    }
  }
  return found
    .sort((a, b) => a.rank - b.rank || (a.name < b.name ? -1 : 1))
    .slice(0, SUGGESTIONS)
    .map(({ name }) => name);
}
