import type { Cluster } from '../../cluster/cluster.js';
import type { Pod } from '../../cluster/objects.js';
import type { NodeState } from './node-state.js';

export const MAX_SCORE = 100;

/**
 * One plugin of the default profile, prepared for one kind of pod (pods that the scheduler cannot tell apart). It keeps
 * its counts up to date as pods are placed, so that deciding costs what there are nodes, not what there are pods.
 */
export interface Plugin {
  readonly name: string;
  /** The factor of its score in a node's total (default profile of Kubernetes 1.36). */
  readonly weight?: number;
  /** Why the node cannot take the pod, whatever pods are on it; undefined when it can. Asked once per node. */
  rejectsAlways?(node: NodeState): string | undefined;
  /** Called before {@link Plugin.rejects} is asked of the nodes for one pod. */
  beforeFilter?(): void;
  /** Why the node cannot take the pod now; undefined when it can. */
  rejects?(node: NodeState): string | undefined;
  /** Scores of these nodes, 0 to 100, in their order. Undefined when the plugin takes no part for this pod. */
  score?(feasible: readonly NodeState[]): ArrayLike<number> | undefined;
  /** A pod was placed on a node. */
  podAdded?(pod: Pod, node: NodeState): void;
}

/** What plugins are prepared from. */
export interface SchedulingWorld {
  readonly cluster: Cluster;
  /** All nodes, in byte order of their names. */
  readonly nodes: readonly NodeState[];
}

export type PluginFactory = (pod: Pod, world: SchedulingWorld) => Plugin;

/**
 * Scales raw counts to 0…100 of the highest, turned around with `reverse`. Where all are 0: unchanged, or 100 with
 * `reverse`. Source: scheduler framework `DefaultNormalizeScore`.
 */
export function normalize(counts: ArrayLike<number>, reverse: boolean): number[] {
  let highest = 0;
  for (let i = 0; i < counts.length; i++) highest = Math.max(highest, counts[i] as number);
  const scores: number[] = new Array(counts.length);
  for (let i = 0; i < counts.length; i++) {
    const share = highest === 0 ? 0 : Math.floor((MAX_SCORE * (counts[i] as number)) / highest);
    scores[i] = reverse ? MAX_SCORE - share : share;
  }
  return scores;
}
