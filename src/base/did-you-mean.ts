/** Names close to a mistyped one, so that an error can say what was probably meant. */
import { editDistance } from './edit-distance.js';

/** How much of a long name is looked at: names of fields and enum values are short, input need not be. */
const LONGEST = 64;

/**
 * The candidate closest to `word`, letter case aside; undefined when none is within a third of the word's length
 * (at least one letter). Of equally close ones the first.
 */
export function closest(word: string, candidates: readonly string[]): string | undefined {
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
  const found = closest(word, candidates);
  return found === undefined ? '' : ` Did you mean ${JSON.stringify(found)}?`;
}
