/** Words and names close to a mistyped one, so that an error can say what was probably meant. */

/**
 * The edit distance of two texts (insertions, deletions, replacements, swaps of neighbours: optimal string alignment),
 * or more than `limit` when it is more than that.
 */
export function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((last[j] as number) + 1, (row[j - 1] as number) + 1, (last[j - 1] as number) + Number(!same));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (beforeLast[j - 2] as number) + 1);
      }
      row.push(cost);
    }
    if (Math.min(...row) > limit && Math.min(...last) > limit) return limit + 1;
    beforeLast = last;
    last = row;
  }
  return last[b.length] as number;
}

/** How much of a long name is looked at: names of fields and enum values are short, input need not be. */
const LONGEST = 64;

/**
 * The candidate closest to `word`, letter case aside; undefined when none is within a third of the word's length
 * (at least one letter). Of equally close ones the first.
 */
function closestWord(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > LONGEST) return undefined;
  const lower = word.toLowerCase();
  const limit = Math.max(1, Math.round(word.length / 3));
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const found = editDistance(lower, candidate.toLowerCase(), bestDistance);
    if (found < bestDistance) {
      best = candidate;
      bestDistance = found;
    }
  }
  return best;
}

/** ` Did you mean "x"?`, or nothing. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const found = closestWord(word, candidates);
  return found === undefined ? '' : ` Did you mean ${JSON.stringify(found)}?`;
}

/** At most this many names are suggested. */
const SUGGESTIONS = 5;

const lastPart = (name: string) => name.slice(name.lastIndexOf('/') + 1);

/**
 * The names nearest to one that does not exist, up to five, nearest first: the same name in another namespace (or of
 * another kind), then small misspellings, then names that begin with it or that it begins with.
 */
export function closestNames(wanted: string, names: Iterable<string>): string[] {
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

/**
 * ` Did you mean X?` for the one word of a command line that begins with what was written, or the closest one; or
 * nothing.
 */
export function didYouMeanOption(word: string, known: readonly string[]): string {
  if (known.includes(word)) return '';
  const begun = word.length < 2 ? [] : known.filter((candidate) => candidate.startsWith(word.toLowerCase()));
  const meant = begun.length === 1 ? begun[0] : closestWord(word, known);
  return meant === undefined ? '' : ` Did you mean ${meant}?`;
}
