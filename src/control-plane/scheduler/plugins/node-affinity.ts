import { matchesRequiredNodeAffinity, matchesTerm } from '../node-affinity.js';
import { normalize, type PluginFactory } from '../plugin.js';
import { schedulingSpec } from '../scheduling-spec.js';

/** nodeSelector and node affinity. Takes part in scoring only for pods with preferred terms. */
export const nodeAffinity: PluginFactory = (pod, { nodes }) => {
  const preferred = schedulingSpec(pod).affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const weights =
    preferred.length === 0
      ? undefined
      : nodes.map(({ node }) =>
          preferred.reduce((sum, term) => sum + (matchesTerm(term.preference, node) ? term.weight : 0), 0),
        );
  return {
    name: 'NodeAffinity',
    weight: 2,
    rejectsAlways: ({ node }) =>
      matchesRequiredNodeAffinity(pod, node) ? undefined : "node(s) didn't match Pod's node affinity/selector",
    score: (feasible) =>
      weights === undefined
        ? undefined
        : normalize(
            feasible.map(({ index }) => weights[index] as number),
            false,
          ),
  };
};
