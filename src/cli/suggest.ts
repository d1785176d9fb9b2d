import { closest } from '../base/did-you-mean.js';

/** ` Did you mean X?` for the one word that begins with what was written, or the closest one; or nothing. */
export function didYouMean(word: string, known: readonly string[]): string {
  if (known.includes(word)) return '';
  const begun = word.length < 2 ? [] : known.filter((candidate) => candidate.startsWith(word.toLowerCase()));
  const meant = begun.length === 1 ? begun[0] : closest(word, known);
  return meant === undefined ? '' : ` Did you mean ${meant}?`;
}
