import type { Container, LabelSelector, Pod, PodSpec } from '../../cluster/objects.js';
import { checkSchedulingFields } from './pod-spec-check.js';

/** The fields of a pod's spec that only the scheduler reads, as the API spells them. */
export interface SchedulingSpec extends Omit<PodSpec, 'affinity' | 'topologySpreadConstraints'> {
  readonly affinity?: Affinity | null;
  readonly topologySpreadConstraints?: readonly SpreadConstraintSpec[] | null;
  readonly overhead?: Readonly<Record<string, string>>;
  /** Pod-level resources. */
  readonly resources?: Container['resources'];
}

interface Affinity {
  readonly nodeAffinity?: {
    readonly requiredDuringSchedulingIgnoredDuringExecution?: {
      readonly nodeSelectorTerms?: readonly NodeSelectorTerm[];
    };
    readonly preferredDuringSchedulingIgnoredDuringExecution?: readonly {
      readonly weight: number;
      readonly preference: NodeSelectorTerm;
    }[];
  };
  readonly podAffinity?: PodAffinityTerms;
  readonly podAntiAffinity?: PodAffinityTerms;
}

interface NodeSelectorRequirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[] | null;
}

export interface NodeSelectorTerm {
  readonly matchExpressions?: readonly NodeSelectorRequirement[];
  readonly matchFields?: readonly NodeSelectorRequirement[];
}

export interface PodAffinityTerms {
  readonly requiredDuringSchedulingIgnoredDuringExecution?: readonly PodAffinityTerm[];
  readonly preferredDuringSchedulingIgnoredDuringExecution?: readonly {
    readonly weight: number;
    readonly podAffinityTerm: PodAffinityTerm;
  }[];
}

export interface PodAffinityTerm {
  readonly labelSelector?: LabelSelector;
  readonly namespaces?: readonly string[];
  readonly namespaceSelector?: LabelSelector;
  readonly topologyKey: string;
  readonly matchLabelKeys?: readonly string[];
  readonly mismatchLabelKeys?: readonly string[];
}

export interface SpreadConstraintSpec {
  readonly maxSkew: number;
  readonly topologyKey: string;
  readonly whenUnsatisfiable: string;
  readonly labelSelector?: LabelSelector;
  readonly minDomains?: number;
  readonly nodeAffinityPolicy?: string;
  readonly nodeTaintsPolicy?: string;
  readonly matchLabelKeys?: readonly string[];
}

const EMPTY: SchedulingSpec = {};
const checked = new WeakSet<PodSpec>();

/**
 * The pod's spec with the scheduler's fields. Throws QuestionError INVALID_SNAPSHOT where they are of the wrong kind.
 */
export function schedulingSpec(pod: Pod): SchedulingSpec {
  const spec = pod.spec as SchedulingSpec | undefined;
  if (spec === undefined) return EMPTY;
  const { affinity, topologySpreadConstraints, overhead, resources } = spec;
  const hasOwnFields = affinity ?? topologySpreadConstraints ?? overhead ?? resources;
  if (hasOwnFields !== undefined && hasOwnFields !== null && !checked.has(spec as PodSpec)) {
    checkSchedulingFields(pod);
    checked.add(spec as PodSpec);
  }
  return spec;
}

/** Whether the pod has terms about other pods, required or preferred. */
export function hasPodAffinity(pod: Pod): boolean {
  const affinity = schedulingSpec(pod).affinity;
  return Boolean(affinity?.podAffinity ?? affinity?.podAntiAffinity);
}
