/** Workloads as they are before and after a change, with the pods of them that policies may tell apart. */
import type { Cluster } from '../../cluster/cluster.js';
import { namespacedName, type Pod } from '../../cluster/objects.js';
import { runningWorkloads } from '../../cluster/running-workloads.js';
import { isPoliced } from '../../policies/flow.js';
import { podClass } from '../../policies/pod-class.js';
import { sourceName } from './pair-changes.js';

export interface WorkloadOnBothSides {
  /** As pairs name it. */
  readonly name: string;
  /** A pod after the change with what it was before: one for all that are alike on both sides. */
  readonly pods: readonly { readonly was: Pod; readonly is: Pod }[];
}

/**
 * The workloads after a change that were there before it; a new pod is compared with the first of its workload. Pods
 * are alike that policies treat alike, and of which `apart` says the same.
 */
export function workloadsOnBothSides(
  before: Cluster,
  after: Cluster,
  apart: (is: Pod) => string = () => '',
): readonly WorkloadOnBothSides[] {
  const earlier = new Map(runningWorkloads(before).map((one) => [sourceName(one), one.pods[0]]));
  return runningWorkloads(after).map((workload) => {
    const name = sourceName(workload);
    const found = new Map<string, { readonly was: Pod; readonly is: Pod }>();
    for (const is of workload.pods.filter(isPoliced)) {
      const was = before.pods.get(namespacedName(is)) ?? earlier.get(name);
      if (was === undefined) continue;
      const alike = JSON.stringify([podClass(before, was), podClass(after, is), apart(is)]);
      if (!found.has(alike)) found.set(alike, { was, is });
    }
    return { name, pods: [...found.values()] };
  });
}
