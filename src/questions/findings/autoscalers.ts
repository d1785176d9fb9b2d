/** Replicas that a change sets and a HorizontalPodAutoscaler sets otherwise. */
import { pointer } from '../../base/errors.js';
import type { Cluster } from '../../cluster/cluster.js';
import type { AppliedChange, Finding } from '../../contract/answers.js';
import { autoscalersOf } from '../../control-plane/autoscaler.js';
import { finding } from './finding.js';

/**
 * The workload of an autoscaler (`HorizontalPodAutoscaler default/web`) as consequences name it: `Deployment
 * default/web`.
 */
function workloadsOf(cluster: Cluster): ReadonlyMap<string, string> {
  return new Map(
    autoscalersOf(cluster).map(({ namespace, name, target }) => [
      `HorizontalPodAutoscaler ${namespace}/${name}`,
      `${target.kind} ${namespace}/${target.name}`,
    ]),
  );
}

/**
 * What autoscalers do after the changes of a request: replicas in manifests and patches that they undo, and scalings
 * that may not last.
 */
export function replicasOfAutoscalers(changes: readonly AppliedChange[], after: Cluster): readonly Finding[] {
  const workloads = workloadsOf(after);
  return changes.flatMap(({ change, consequences }, index) =>
    consequences
      .filter(({ kind }) => kind === 'AUTOSCALER_ACTS' || kind === 'AUTOSCALER_MAY_ACT')
      .map(({ kind, object, detail }) => {
        const [of = ''] = Object.keys(Object(change));
        const evidence = { pointer: pointer('changes', index), change: of, object };
        // A new workload has no replicas yet that would be lost.
        const isNew = consequences.some((one) => one.kind === 'OBJECT_CREATED' && one.object === workloads.get(object));
        const severity = kind === 'AUTOSCALER_ACTS' && !isNew ? 'WARNING' : 'INFO';
        return finding('REPLICAS_OF_AUTOSCALER', `${object} ${detail}.`, evidence, severity);
      }),
  );
}
