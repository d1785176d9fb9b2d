/** Pods that a change asks for and that run nowhere. */
import type { AppliedChange, Finding } from '../../contract/answers.js';
import { sentence } from '../summaries/sentence-parts.js';
import { finding } from './finding.js';

/** Says that pods have no place. `about`: what asks for them; `evidence`: more of it. */
export function notPlaced(
  about: string,
  pods: number,
  reasons: readonly string[],
  evidence: Readonly<Record<string, unknown>>,
): Finding {
  const few = pods === 1 ? '1 pod does' : `${pods} pods do`;
  const [reason] = reasons;
  const why = reason === undefined ? '' : ` ${sentence(reason)}`;
  return finding('PODS_NOT_PLACED', `${about}: ${few} not run.${why}`, {
    ...evidence,
    pods,
    reasons,
  });
}

/** The changes of a request after which pods have no node. `place`: where the list of changes is in the request. */
export function podsNotPlaced(changes: readonly AppliedChange[], place = '/changes'): readonly Finding[] {
  return changes.flatMap(({ change, consequences }, index) => {
    const [kind = ''] = Object.keys(Object(change));
    const failed = consequences.filter((consequence) => consequence.kind === 'POD_NOT_PLACED');
    if (failed.length === 0) return [];
    const pods = new Set(failed.map(({ object }) => object)).size;
    const reasons = [...new Set(failed.map(({ detail }) => detail))];
    const evidence = { pointer: `${place}/${index}`, change: kind };
    return [notPlaced(`Change ${index + 1} (${kind})`, pods, reasons.slice(0, 3), evidence)];
  });
}
