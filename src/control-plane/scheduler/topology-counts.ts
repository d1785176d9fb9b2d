import type { Pod } from '../../cluster/objects.js';
import { isTerminal, isTerminating } from '../pods.js';
import { matchesRequiredNodeAffinity } from './node-affinity.js';
import type { NodeState } from './node-state.js';
import type { SchedulingWorld } from './plugin.js';
import type { SpreadConstraint } from './spread-constraints.js';
import { untolerated } from './tolerations.js';

/** How the pods that a spread constraint matches lie over nodes and domains; kept up to date as pods are placed. */
export class TopologyCounts {
  readonly constraint: SpreadConstraint;
  /** The domain of each node by node index; -1 for a node without the label. */
  readonly domainOf: Int32Array;
  /** Matching pods per node. */
  readonly onNode: Int32Array;
  /** Matching pods per domain, on nodes that count. */
  readonly inDomain: number[] = [];
  /** Whether a domain has a node that counts. */
  readonly counted: boolean[] = [];
  readonly #included: Uint8Array;
  readonly #namespace: string;

  /** `sharedKeys`: labels that a node must have, all of them, to count. */
  constructor(constraint: SpreadConstraint, pod: Pod, world: SchedulingWorld, sharedKeys: readonly string[]) {
    const { nodes, cluster } = world;
    this.constraint = constraint;
    this.domainOf = new Int32Array(nodes.length);
    this.onNode = new Int32Array(nodes.length);
    this.#included = new Uint8Array(nodes.length);
    this.#namespace = pod.metadata.namespace ?? 'default';
    const domains = new Map<string, number>();
    const byName = new Map<string, NodeState>();
    for (const state of nodes) {
      byName.set(state.name, state);
      const value = state.labels[constraint.topologyKey];
      if (value === undefined) this.domainOf[state.index] = -1;
      else {
        if (!domains.has(value)) {
          domains.set(value, domains.size);
          this.inDomain.push(0);
          this.counted.push(false);
        }
        this.domainOf[state.index] = domains.get(value) as number;
      }
      const includes =
        sharedKeys.every((key) => state.labels[key] !== undefined) &&
        (!constraint.honorsNodeAffinity || matchesRequiredNodeAffinity(pod, state.node)) &&
        (!constraint.honorsTaints ||
          untolerated(state.node.spec?.taints, pod.spec?.tolerations, ['NoSchedule', 'NoExecute']).length === 0);
      this.#included[state.index] = includes ? 1 : 0;
      const domain = this.domainOf[state.index] as number;
      if (includes && domain >= 0) this.counted[domain] = true;
    }
    for (const other of cluster.podsIn(this.#namespace)) {
      const state = byName.get(other.spec?.nodeName ?? '');
      if (state !== undefined && !isTerminal(other)) this.podAdded(other, state);
    }
    for (const state of nodes) for (const other of state.addedPods) this.podAdded(other, state);
  }

  podAdded(pod: Pod, { index }: NodeState): void {
    if ((pod.metadata.namespace ?? 'default') !== this.#namespace || isTerminating(pod)) return;
    if (!this.constraint.matches(pod.metadata.labels)) return;
    this.onNode[index] = (this.onNode[index] as number) + 1;
    const domain = this.domainOf[index] as number;
    if (domain >= 0 && this.#included[index] === 1) this.inDomain[domain] = (this.inDomain[domain] as number) + 1;
  }
}
