import type { NodeState } from '../node-state.js';
import { MAX_SCORE, type PluginFactory } from '../plugin.js';
import { schedulingSpec } from '../scheduling-spec.js';
import { defaultConstraints, HOSTNAME_LABEL, ownConstraints } from '../spread-constraints.js';
import { TopologyCounts } from '../topology-counts.js';

const MISMATCH = "node(s) didn't match pod topology spread constraints";

/** Distinct domains of the nodes; nodes without the label are one more, as their empty value counts as one. */
function domainCount(counts: TopologyCounts, nodes: readonly NodeState[]): number {
  const seen = new Set<number>();
  for (const { index } of nodes) seen.add(counts.domainOf[index] as number);
  return seen.size;
}

/** Fewest matching pods of a domain that counts; infinite without any, which no skew exceeds. */
function leastOf(counts: TopologyCounts): number {
  let least = Number.POSITIVE_INFINITY;
  let domains = 0;
  for (const [domain, counted] of counts.counted.entries()) {
    if (!counted) continue;
    domains++;
    least = Math.min(least, counts.inDomain[domain] as number);
  }
  return domains < counts.constraint.minDomains ? 0 : least;
}

/**
 * Topology spread: hard constraints of the pod refuse nodes; soft ones, or the default ones over hosts and zones,
 * prefer nodes and zones with fewer matching pods. A node without a topology label is refused, or not preferred, for
 * the pod's own constraints; for the default ones the label just does not count.
 */
export const podTopologySpread: PluginFactory = (pod, world) => {
  const hasOwn = (schedulingSpec(pod).topologySpreadConstraints ?? []).length > 0;
  const hardConstraints = ownConstraints(pod, 'DoNotSchedule');
  const softConstraints = hasOwn ? ownConstraints(pod, 'ScheduleAnyway') : defaultConstraints(pod, world.cluster);
  const hardKeys = hardConstraints.map((constraint) => constraint.topologyKey);
  const softKeys = hasOwn ? softConstraints.map((constraint) => constraint.topologyKey) : [];
  const hard = hardConstraints.map((constraint) => new TopologyCounts(constraint, pod, world, hardKeys));
  const soft = softConstraints.map((constraint) => new TopologyCounts(constraint, pod, world, softKeys));
  const itself = hard.map(({ constraint }) => (constraint.matches(pod.metadata.labels) ? 1 : 0));
  let least: number[] = [];

  const rejects = ({ index }: NodeState): string | undefined => {
    for (const [i, counts] of hard.entries()) {
      const domain = counts.domainOf[index] as number;
      if (domain < 0) return `${MISMATCH} (missing required label)`;
      // Pods in a domain without a node that counts are not counted either.
      const matching = counts.counted[domain] ? (counts.inDomain[domain] as number) : 0;
      if (matching + (itself[i] as number) - (least[i] as number) > counts.constraint.maxSkew) return MISMATCH;
    }
    return undefined;
  };

  const score = (feasible: readonly NodeState[]): number[] | undefined => {
    if (soft.length === 0) return undefined;
    const lacksLabel = ({ labels }: NodeState) => softKeys.some((key) => labels[key] === undefined);
    const scored = softKeys.length === 0 ? feasible : feasible.filter((node) => !lacksLabel(node));
    const weights = soft.map((counts) =>
      Math.log((counts.constraint.topologyKey === HOSTNAME_LABEL ? scored.length : domainCount(counts, scored)) + 2),
    );
    let lowest = Number.POSITIVE_INFINITY;
    let highest = 0;
    const raw = feasible.map((node) => {
      if (softKeys.length > 0 && lacksLabel(node)) return -1;
      let sum = 0;
      for (let i = 0; i < soft.length; i++) {
        const { constraint, domainOf, onNode, inDomain } = soft[i] as TopologyCounts;
        const domain = domainOf[node.index] as number;
        if (domain < 0) continue;
        const matching = constraint.topologyKey === HOSTNAME_LABEL ? onNode[node.index] : inDomain[domain];
        sum += (matching as number) * (weights[i] as number) + (constraint.maxSkew - 1);
      }
      const rounded = Math.round(sum);
      lowest = Math.min(lowest, rounded);
      highest = Math.max(highest, rounded);
      return rounded;
    });
    return raw.map((value) => {
      if (value < 0) return 0;
      return highest === 0 ? MAX_SCORE : Math.floor((MAX_SCORE * (highest + lowest - value)) / highest);
    });
  };

  return {
    name: 'PodTopologySpread',
    weight: 2,
    beforeFilter: () => {
      least = hard.map(leastOf);
    },
    ...(hard.length > 0 ? { rejects } : {}),
    score,
    podAdded: (other, node) => {
      for (const counts of hard) counts.podAdded(other, node);
      for (const counts of soft) counts.podAdded(other, node);
    },
  };
};
