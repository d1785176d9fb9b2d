import type { NodeState } from '../node-state.js';
import { MAX_SCORE, type PluginFactory } from '../plugin.js';
import { podRequests, type Resources } from '../requested-resources.js';

function balance(milliCPU: number, memory: number, allocatable: Resources): number {
  // With one resource, or none, there is nothing out of balance.
  if (allocatable.milliCPU === 0 || allocatable.memory === 0) return MAX_SCORE;
  const cpuShare = Math.min(1, milliCPU / allocatable.milliCPU);
  const memoryShare = Math.min(1, memory / allocatable.memory);
  return Math.trunc((1 - Math.abs((cpuShare - memoryShare) / 2)) * MAX_SCORE);
}

/**
 * Prefers nodes whose use of CPU and memory the pod brings closer together: 75 when it changes nothing, 50 to 100
 * (Kubernetes 1.36; before, the balance alone counted). Takes no part for pods that request neither.
 */
export const nodeResourcesBalancedAllocation: PluginFactory = (pod) => {
  const wanted = podRequests(pod, false);
  const score = ({ allocatable, requested }: NodeState): number => {
    if (allocatable === undefined) return MAX_SCORE;
    const after = balance(requested.milliCPU + wanted.milliCPU, requested.memory + wanted.memory, allocatable);
    const before = balance(requested.milliCPU, requested.memory, allocatable);
    return MAX_SCORE / 2 + Math.trunc((MAX_SCORE / 2 + after - before) / 2);
  };
  return {
    name: 'NodeResourcesBalancedAllocation',
    weight: 1,
    score: (feasible) => (wanted.milliCPU === 0 && wanted.memory === 0 ? undefined : feasible.map(score)),
  };
};
