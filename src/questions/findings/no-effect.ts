/** Changes that change nothing. */
import { pointer } from '../../base/errors.js';
import type { Consequence } from '../../changes/change.js';
import type { AppliedChange, Finding } from '../../contract/answers.js';
import { finding, listed, MAX_LISTED } from './finding.js';

/** Whether a consequence says that something stays as it was. */
function isNone({ kind }: Consequence): boolean {
  return kind === 'OBJECT_UNCHANGED' || kind === 'OBJECT_IGNORED';
}

/** The changes of a request that neither changed an object nor a setting. */
export function changesWithoutEffect(changes: readonly AppliedChange[]): readonly Finding[] {
  return changes.flatMap(({ change, consequences }, index) => {
    const [kind] = Object.keys(Object(change));
    if (kind === undefined || !consequences.every(isNone)) return [];
    const objects = consequences.map(({ object }) => object);
    const of = objects.length === 0 ? 'all of it' : listed(objects);
    const message =
      `Change ${index + 1} (${kind}) changes nothing: ${of} ${objects.length > 1 ? 'are' : 'is'} so already, ` +
      'or plays no part here.';
    const evidence = objects.length === 0 ? {} : { objects: objects.slice(0, MAX_LISTED) };
    return [
      finding('CHANGE_WITHOUT_EFFECT', message, { pointer: pointer('changes', index), change: kind, ...evidence }),
    ];
  });
}

/** Changes that leave every Service alone, though they change something else. */
export function noServiceTouched(changes: readonly AppliedChange[]): readonly Finding[] {
  if (changes.every(({ consequences }) => consequences.every(isNone))) return [];
  const message = 'The changes touch no Service: every node, load balancer and DNS does for each what it did before.';
  return [finding('CHANGE_WITHOUT_EFFECT', message, { pointer: '/changes' })];
}

/** A second snapshot that is the first one again. */
export function sameSnapshots(before: string, after: string | undefined): readonly Finding[] {
  if (before !== after) return [];
  const message = 'The second snapshot is the first one, byte for byte: nothing changes.';
  return [finding('CHANGE_WITHOUT_EFFECT', message, { pointer: '/after', afterSnapshot: after })];
}
