import { matchesSelector } from '../../cluster/labels.js';
import type { Pod } from '../../cluster/objects.js';
import type { NodeState } from './node-state.js';
import { type PodAffinityTerm, type PodAffinityTerms, schedulingSpec } from './scheduling-spec.js';

/** A term about other pods, ready to ask. */
interface AffinityTerm {
  readonly topologyKey: string;
  readonly weight: number;
  matches(pod: Pod): boolean;
}

/** The terms of one pod. */
export interface PodTerms {
  readonly requiredAffinity: readonly AffinityTerm[];
  readonly requiredAntiAffinity: readonly AffinityTerm[];
  readonly preferredAffinity: readonly AffinityTerm[];
  readonly preferredAntiAffinity: readonly AffinityTerm[];
}

function readTerm(pod: Pod, term: PodAffinityTerm, weight: number): AffinityTerm {
  const ownNamespace = pod.metadata.namespace ?? 'default';
  const named = term.namespaces ?? [];
  const namespaces = named.length === 0 && !term.namespaceSelector ? [ownNamespace] : named;
  const labels = pod.metadata.labels ?? {};
  const same = (term.matchLabelKeys ?? []).filter((key) => labels[key] !== undefined);
  const different = (term.mismatchLabelKeys ?? []).filter((key) => labels[key] !== undefined);
  return {
    topologyKey: term.topologyKey,
    weight,
    matches: (other) => {
      const namespace = other.metadata.namespace ?? 'default';
      // Namespaces are not part of a snapshot; the one label that every namespace carries is its name.
      const inNamespace =
        namespaces.includes(namespace) ||
        matchesSelector({ 'kubernetes.io/metadata.name': namespace }, term.namespaceSelector ?? undefined);
      const theirs = other.metadata.labels ?? {};
      return (
        inNamespace &&
        matchesSelector(theirs, term.labelSelector ?? undefined) &&
        same.every((key) => theirs[key] === labels[key]) &&
        different.every((key) => theirs[key] !== labels[key])
      );
    },
  };
}

function required(pod: Pod, terms: PodAffinityTerms | undefined): AffinityTerm[] {
  return (terms?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map((term) => readTerm(pod, term, 1));
}

function preferred(pod: Pod, terms: PodAffinityTerms | undefined): AffinityTerm[] {
  return (terms?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((one) =>
    readTerm(pod, one.podAffinityTerm, one.weight),
  );
}

/** Reads a pod's affinity and anti-affinity to other pods. */
export function podTerms(pod: Pod): PodTerms {
  const affinity = schedulingSpec(pod).affinity;
  return {
    requiredAffinity: required(pod, affinity?.podAffinity),
    requiredAntiAffinity: required(pod, affinity?.podAntiAffinity),
    preferredAffinity: preferred(pod, affinity?.podAffinity),
    preferredAntiAffinity: preferred(pod, affinity?.podAntiAffinity),
  };
}

/** Numbers by topology label and its value. */
export class TopologyPairs {
  readonly #byKey = new Map<string, Map<string, number>>();

  /** Whether any pair was ever counted. */
  get isEmpty(): boolean {
    return this.#byKey.size === 0;
  }

  /** Adds to the pair that the node has for the key; nothing when it lacks the label. */
  add(node: NodeState, key: string, amount: number): void {
    const value = node.labels[key];
    if (value === undefined) return;
    let values = this.#byKey.get(key);
    if (values === undefined) {
      values = new Map();
      this.#byKey.set(key, values);
    }
    values.set(value, (values.get(value) ?? 0) + amount);
  }

  get(node: NodeState, key: string): number {
    const value = node.labels[key];
    return value === undefined ? 0 : (this.#byKey.get(key)?.get(value) ?? 0);
  }

  /** Sum over all keys of what the node's own pairs hold. */
  sumFor(node: NodeState): number {
    let sum = 0;
    for (const [key, values] of this.#byKey) {
      const value = node.labels[key];
      if (value !== undefined) sum += values.get(value) ?? 0;
    }
    return sum;
  }

  /** Whether any pair that the node has holds more than 0. */
  anyFor(node: NodeState): boolean {
    for (const [key, values] of this.#byKey) {
      const value = node.labels[key];
      if (value !== undefined && (values.get(value) ?? 0) > 0) return true;
    }
    return false;
  }
}
