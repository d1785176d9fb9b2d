/** What is found in the changes of a request themselves, whatever is asked. */
import type { Cluster } from '../../cluster/cluster.js';
import type { AppliedChange, Finding } from '../../contract/answers.js';
import { replicasOfAutoscalers } from './autoscalers.js';
import { manifestLosses } from './manifest-losses.js';
import { changesWithoutEffect } from './no-effect.js';
import { podsNotPlaced } from './unplaced.js';

/**
 * Findings about changes that were made: without effect, pods without a place, what manifests lose, what autoscalers
 * undo.
 */
export function findingsOfChanges(
  changes: readonly AppliedChange[],
  before: Cluster,
  after: Cluster,
): readonly Finding[] {
  return [
    ...changesWithoutEffect(changes),
    ...podsNotPlaced(changes),
    ...manifestLosses(changes, before, after),
    ...replicasOfAutoscalers(changes, after),
  ];
}
