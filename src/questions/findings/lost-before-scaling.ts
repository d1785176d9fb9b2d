/** Sweeps whose changes take nodes away before the workload is scaled. */

import { pointer } from '../../base/errors.js';
import { MOVING_ACTIONS } from '../../changes/node-out.js';
import type { AppliedChange, Finding } from '../../contract/answers.js';
import { finding } from './finding.js';

/** What a change takes out of use, in words; undefined where it takes nothing. */
function lossOf(change: unknown): string | undefined {
  const { node, zone, delete: deleted } = Object(change) as Partial<Record<string, Readonly<Record<string, unknown>>>>;
  if (zone !== undefined && MOVING_ACTIONS.includes(String(zone.action))) return `zone ${zone.name}`;
  if (node !== undefined && MOVING_ACTIONS.includes(String(node.action))) return `node ${node.name}`;
  return deleted?.kind === 'Node' ? `node ${deleted.name}` : undefined;
}

/** The changes of a sweep after which new pods are placed as if a loss were known in advance. */
export function nodesLostBeforeScaling(changes: readonly AppliedChange[]): readonly Finding[] {
  return changes.flatMap(({ change }, index) => {
    const lost = lossOf(change);
    if (lost === undefined) return [];
    const message =
      `Change ${index + 1} takes ${lost} out of use before the workload is scaled, so that no new pod is ` +
      `there. To ask what is left when ${lost} is lost afterwards, put the change into sweep.changesAfter.`;
    return [finding('LOST_BEFORE_SCALING', message, { pointer: pointer('changes', index), lost })];
  });
}
