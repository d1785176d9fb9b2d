import type { AppliedObject, ApplyResult } from '../../contract/answers.js';
import { count } from './sentence-parts.js';

const WORDS: readonly (readonly [AppliedObject['outcome'], string])[] = [
  ['REFUSED', 'refused'],
  ['CREATED', 'created'],
  ['CONFIGURED', 'configured'],
  ['DELETED', 'deleted'],
  ['UNCHANGED', 'unchanged'],
  ['IGNORED', 'not part of the model'],
];

/** How many objects have each outcome. */
export function applySummary({ objects }: ApplyResult): string {
  const parts = WORDS.flatMap(([outcome, word]) => {
    const number = objects.filter((one) => one.outcome === outcome).length;
    return number === 0 ? [] : [`${number} ${word}`];
  });
  return parts.length === 0
    ? 'The changes change no object.'
    : `${count(objects.length, 'object')}: ${parts.join(', ')}.`;
}
