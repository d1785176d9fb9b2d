/** Replicas that a change sets and a HorizontalPodAutoscaler sets otherwise. */
import { pointer } from '../../base/errors.js';
import type { AppliedChange, Finding } from '../../contract/answers.js';
import { finding } from './finding.js';

/**
 * What autoscalers do after the changes of a request: replicas in manifests and patches that they undo, and scalings
 * that may not last.
 */
export function replicasOfAutoscalers(changes: readonly AppliedChange[]): readonly Finding[] {
  return changes.flatMap(({ change, consequences }, index) =>
    consequences
      .filter(({ kind }) => kind === 'AUTOSCALER_ACTS' || kind === 'AUTOSCALER_MAY_ACT')
      .map(({ kind, object, detail }) => {
        const [of = ''] = Object.keys(Object(change));
        const evidence = { pointer: pointer('changes', index), change: of, object };
        // A new workload has no replicas yet that would be lost.
        const isNew = consequences.some(
          (one) => one.kind === 'OBJECT_CREATED' && detail.startsWith(`sets ${one.object} to `),
        );
        const severity = kind === 'AUTOSCALER_ACTS' && !isNew ? 'WARNING' : 'INFO';
        return finding('REPLICAS_OF_AUTOSCALER', `${object} ${detail}.`, evidence, severity);
      }),
  );
}
