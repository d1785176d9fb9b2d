import type { NodeState } from '../node-state.js';
import { MAX_SCORE, type PluginFactory } from '../plugin.js';
import { podRequests } from '../requested-resources.js';

function freeShare(requested: number, capacity: number): number {
  return requested > capacity ? 0 : Math.floor(((capacity - requested) * MAX_SCORE) / capacity);
}

/**
 * Refuses nodes without room for the pod's requests or without a free place for a pod; prefers the emptier ones
 * (strategy LeastAllocated over CPU and memory, weight 1 each; containers without requests count with defaults).
 */
export const nodeResourcesFit: PluginFactory = (pod) => {
  const wanted = podRequests(pod, false);
  const counted = podRequests(pod, true);
  const rejects = (node: NodeState): string | undefined => {
    if (node.podCount + 1 > node.maxPods) return 'Too many pods';
    const { allocatable, requested } = node;
    if (allocatable === undefined) return undefined;
    if (wanted.milliCPU > 0 && wanted.milliCPU > allocatable.milliCPU - requested.milliCPU) return 'Insufficient cpu';
    if (wanted.memory > 0 && wanted.memory > allocatable.memory - requested.memory) return 'Insufficient memory';
    if (
      wanted.ephemeralStorage > 0 &&
      wanted.ephemeralStorage > allocatable.ephemeralStorage - requested.ephemeralStorage
    ) {
      return 'Insufficient ephemeral-storage';
    }
    for (const [name, amount] of wanted.scalars) {
      const free = (allocatable.scalars.get(name) ?? 0) - (requested.scalars.get(name) ?? 0);
      if (amount > 0 && amount > free) return `Insufficient ${name}`;
    }
    return undefined;
  };
  const score = ({ allocatable, nonZeroRequested }: NodeState): number => {
    let sum = 0;
    let resources = 0;
    if (allocatable !== undefined && allocatable.milliCPU > 0) {
      sum += freeShare(nonZeroRequested.milliCPU + counted.milliCPU, allocatable.milliCPU);
      resources++;
    }
    if (allocatable !== undefined && allocatable.memory > 0) {
      sum += freeShare(nonZeroRequested.memory + counted.memory, allocatable.memory);
      resources++;
    }
    return resources === 0 ? 0 : Math.floor(sum / resources);
  };
  return { name: 'NodeResourcesFit', weight: 1, rejects, score: (feasible) => feasible.map(score) };
};
