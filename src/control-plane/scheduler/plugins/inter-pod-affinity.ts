import type { Pod } from '../../../cluster/objects.js';
import { podTerms, TopologyPairs } from '../affinity-terms.js';
import { type NodeState, podsWithAffinity } from '../node-state.js';
import { MAX_SCORE, type PluginFactory } from '../plugin.js';
import { hasPodAffinity } from '../scheduling-spec.js';

/** What a required affinity term of a placed pod counts when a new pod matches it. */
const HARD_AFFINITY_WEIGHT = 1;

/** Affinity and anti-affinity to other pods: those of the new pod, and those that placed pods have to it. */
export const interPodAffinity: PluginFactory = (pod, { cluster, nodes }) => {
  const own = podTerms(pod);
  const required = own.requiredAffinity;
  const affinityPairs = new TopologyPairs();
  const antiAffinityPairs = new TopologyPairs();
  const theirAntiAffinityPairs = new TopologyPairs();
  const preferences = new TopologyPairs();
  const matchesItself = required.length > 0 && required.every((term) => term.matches(pod));
  const looksAtAll =
    required.length +
      own.requiredAntiAffinity.length +
      own.preferredAffinity.length +
      own.preferredAntiAffinity.length >
    0;

  const podAdded = (other: Pod, node: NodeState): void => {
    if (looksAtAll) {
      if (required.length > 0 && required.every((term) => term.matches(other))) {
        for (const term of required) affinityPairs.add(node, term.topologyKey, 1);
      }
      for (const term of own.requiredAntiAffinity) {
        if (term.matches(other)) antiAffinityPairs.add(node, term.topologyKey, 1);
      }
      for (const term of own.preferredAffinity) {
        if (term.matches(other)) preferences.add(node, term.topologyKey, term.weight);
      }
      for (const term of own.preferredAntiAffinity) {
        if (term.matches(other)) preferences.add(node, term.topologyKey, -term.weight);
      }
    }
    if (!hasPodAffinity(other)) return;
    const theirs = podTerms(other);
    for (const term of theirs.requiredAntiAffinity) {
      if (term.matches(pod)) theirAntiAffinityPairs.add(node, term.topologyKey, 1);
    }
    for (const term of theirs.requiredAffinity) {
      if (term.matches(pod)) preferences.add(node, term.topologyKey, HARD_AFFINITY_WEIGHT);
    }
    for (const term of theirs.preferredAffinity) {
      if (term.matches(pod)) preferences.add(node, term.topologyKey, term.weight);
    }
    for (const term of theirs.preferredAntiAffinity) {
      if (term.matches(pod)) preferences.add(node, term.topologyKey, -term.weight);
    }
  };
  for (const node of nodes) {
    const others = looksAtAll ? [...node.basePods, ...node.addedPods] : podsWithAffinity(cluster, node);
    for (const other of others) podAdded(other, node);
  }

  const affinitySatisfied = (node: NodeState): boolean => {
    if (required.some((term) => node.labels[term.topologyKey] === undefined)) return false;
    if (required.every((term) => affinityPairs.get(node, term.topologyKey) > 0)) return true;
    // The first of a series of pods that want to be together.
    return affinityPairs.isEmpty && matchesItself;
  };
  const rejects = (node: NodeState): string | undefined => {
    if (required.length > 0 && !affinitySatisfied(node)) return "node(s) didn't match pod affinity rules";
    if (own.requiredAntiAffinity.some((term) => antiAffinityPairs.get(node, term.topologyKey) > 0)) {
      return "node(s) didn't match pod anti-affinity rules";
    }
    if (theirAntiAffinityPairs.anyFor(node)) return "node(s) didn't satisfy existing pods anti-affinity rules";
    return undefined;
  };
  const score = (feasible: readonly NodeState[]): number[] | undefined => {
    if (preferences.isEmpty) return undefined;
    const sums = feasible.map((node) => preferences.sumFor(node));
    let lowest = Number.POSITIVE_INFINITY;
    let highest = Number.NEGATIVE_INFINITY;
    for (const sum of sums) {
      lowest = Math.min(lowest, sum);
      highest = Math.max(highest, sum);
    }
    const width = highest - lowest;
    return sums.map((sum) => (width > 0 ? Math.trunc(MAX_SCORE * ((sum - lowest) / width)) : 0));
  };
  return { name: 'InterPodAffinity', weight: 2, rejects, score, podAdded };
};
