import type { Cluster } from '../../cluster/cluster.js';
import { workloadKey } from '../../cluster/cluster.js';
import { matchesSelector } from '../../cluster/labels.js';
import type { LabelSelector, Pod } from '../../cluster/objects.js';
import { type Labels, matchesServiceSelector } from '../labels.js';
import { controllerOf } from '../pods.js';
import { selectingServices } from '../services-in.js';
import { type SpreadConstraintSpec, schedulingSpec } from './scheduling-spec.js';

export const HOSTNAME_LABEL = 'kubernetes.io/hostname';

/** A topology spread constraint with its selector ready to ask. */
export interface SpreadConstraint {
  readonly maxSkew: number;
  readonly topologyKey: string;
  readonly minDomains: number;
  /** Whether nodes outside the pod's node affinity, or with taints it does not tolerate, are left out of the counts. */
  readonly honorsNodeAffinity: boolean;
  readonly honorsTaints: boolean;
  matches(labels: Labels | undefined): boolean;
}

function readConstraint(spec: SpreadConstraintSpec, podLabels: Labels | undefined): SpreadConstraint {
  const same = (spec.matchLabelKeys ?? []).filter((key) => podLabels?.[key] !== undefined);
  return {
    maxSkew: spec.maxSkew,
    topologyKey: spec.topologyKey,
    minDomains: spec.minDomains ?? 1,
    honorsNodeAffinity: spec.nodeAffinityPolicy !== 'Ignore',
    honorsTaints: spec.nodeTaintsPolicy === 'Honor',
    matches: (labels) =>
      matchesSelector(labels, spec.labelSelector ?? undefined) &&
      same.every((key) => labels?.[key] === podLabels?.[key]),
  };
}

/** The pod's own constraints, hard (DoNotSchedule) or soft (ScheduleAnyway). */
export function ownConstraints(pod: Pod, whenUnsatisfiable: 'DoNotSchedule' | 'ScheduleAnyway'): SpreadConstraint[] {
  return (schedulingSpec(pod).topologySpreadConstraints ?? [])
    .filter((spec) => spec.whenUnsatisfiable === whenUnsatisfiable)
    .map((spec) => readConstraint(spec, pod.metadata.labels));
}

/**
 * The soft constraints that a pod without any of its own gets: over hosts (maxSkew 3) and zones (5). They count the
 * pods that the selectors of its Services and of its ReplicaSet or StatefulSet have in common; a pod with neither gets
 * none. Source: scheduler `systemDefaultConstraints`, helper `DefaultSelector`.
 */
export function defaultConstraints(pod: Pod, cluster: Cluster): SpreadConstraint[] {
  const namespace = pod.metadata.namespace ?? 'default';
  const merged: Record<string, string> = {};
  for (const service of selectingServices(cluster, namespace)) {
    const selector = service.spec?.selector;
    if (matchesServiceSelector(selector, pod.metadata.labels)) Object.assign(merged, selector);
  }
  const owner = controllerOf(pod);
  const workload =
    owner?.kind === 'ReplicaSet' || owner?.kind === 'StatefulSet'
      ? cluster.workloads.get(workloadKey(owner.kind, namespace, owner.name))
      : undefined;
  const selectors: LabelSelector[] = [];
  if (Object.keys(merged).length > 0) selectors.push({ matchLabels: merged });
  if (workload?.spec?.selector !== undefined && !isEmpty(workload.spec.selector))
    selectors.push(workload.spec.selector);
  if (selectors.length === 0) return [];
  const constraint = (topologyKey: string, maxSkew: number): SpreadConstraint => ({
    maxSkew,
    topologyKey,
    minDomains: 1,
    honorsNodeAffinity: true,
    honorsTaints: false,
    matches: (labels) => selectors.every((selector) => matchesSelector(labels, selector)),
  });
  return [constraint(HOSTNAME_LABEL, 3), constraint('topology.kubernetes.io/zone', 5)];
}

function isEmpty(selector: LabelSelector): boolean {
  return Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0;
}
