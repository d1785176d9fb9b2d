/** Changes that change nothing. */
import { pointer } from '../../base/errors.js';
import type { AppliedChange, Finding } from '../answer.js';
import { finding } from './finding.js';

/** The changes of a request that neither changed an object nor a setting. */
export function changesWithoutEffect(changes: readonly AppliedChange[]): readonly Finding[] {
  return changes.flatMap(({ change, consequences }, index) => {
    const [kind] = Object.keys(Object(change));
    if (consequences.length > 0 || kind === undefined) return [];
    const message = `Change ${index + 1} (${kind}) changes nothing: all of it is so already.`;
    return [finding('CHANGE_WITHOUT_EFFECT', message, { pointer: pointer('changes', index), change: kind })];
  });
}

/** A second snapshot that is the first one again. */
export function sameSnapshots(before: string, after: string | undefined): readonly Finding[] {
  if (before !== after) return [];
  const message = 'The second snapshot is the first one, byte for byte: nothing changes.';
  return [finding('CHANGE_WITHOUT_EFFECT', message, { pointer: '/after', afterSnapshot: after })];
}
