import { normalize, type PluginFactory } from '../plugin.js';
import { untolerated } from '../tolerations.js';

/** Refuses nodes with taints that the pod does not tolerate; prefers those with fewer PreferNoSchedule ones. */
export const taintToleration: PluginFactory = (pod, { nodes }) => {
  const soft = (pod.spec?.tolerations ?? []).filter((one) => !one.effect || one.effect === 'PreferNoSchedule');
  const counts = nodes.map(({ node }) => untolerated(node.spec?.taints, soft, ['PreferNoSchedule']).length);
  return {
    name: 'TaintToleration',
    weight: 3,
    rejectsAlways: ({ node }) =>
      untolerated(node.spec?.taints, pod.spec?.tolerations, ['NoSchedule', 'NoExecute']).length > 0
        ? 'node(s) had untolerated taint(s)'
        : undefined,
    score: (feasible) =>
      normalize(
        feasible.map(({ index }) => counts[index] as number),
        true,
      ),
  };
};
