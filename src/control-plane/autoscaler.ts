/** HorizontalPodAutoscalers: which workload one owns, and how many replicas it leaves it. */
import { fieldsOf } from '../base/record.js';
import { remember } from '../base/remember.js';
import type { Cluster } from '../cluster/cluster.js';
import { type Fields, type Resource, resourceRole } from '../cluster/resources.js';
import { resourcesOfKind } from '../cluster/resources-of-kind.js';

/** What is read of a HorizontalPodAutoscaler. */
export interface Autoscaler {
  readonly namespace: string;
  readonly name: string;
  /** The workload that it scales. */
  readonly target: { readonly kind: string; readonly name: string };
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /** The object's spec: its metrics and its behavior. */
  readonly spec: Fields;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function read({ metadata, spec }: Resource): Autoscaler | undefined {
  const fields = fieldsOf(spec);
  const { scaleTargetRef, minReplicas = 1, maxReplicas } = fields;
  const target: Fields = fieldsOf(scaleTargetRef);
  const { kind, name } = target;
  if (typeof kind !== 'string' || typeof name !== 'string') return undefined;
  if (!isCount(minReplicas) || !isCount(maxReplicas) || maxReplicas < minReplicas) return undefined;
  return {
    namespace: metadata.namespace ?? 'default',
    name: metadata.name,
    target: { kind, name },
    minReplicas,
    maxReplicas,
    spec: fields,
  };
}

/**
 * The HorizontalPodAutoscalers of a cluster, in the order of the snapshot; one whose spec is not valid scales nothing.
 */
export function autoscalersOf(cluster: Cluster): readonly Autoscaler[] {
  return remember(known, cluster.resources, () =>
    resourcesOfKind(cluster, 'HorizontalPodAutoscaler')
      .filter(({ kind, apiVersion }) => resourceRole(kind, apiVersion) === 'AUTOSCALER')
      .flatMap((resource) => read(resource) ?? []),
  );
}

const known = new WeakMap<Cluster['resources'], readonly Autoscaler[]>();

/** A number of replicas within the bounds of an autoscaler. */
export function withinBounds({ minReplicas, maxReplicas }: Autoscaler, replicas: number): number {
  return Math.min(Math.max(replicas, minReplicas), maxReplicas);
}

/**
 * Whether an autoscaler leaves a workload alone: with 0 replicas it is switched off, unless its own least number is 0
 * (Horizontal Pod Autoscaling, "Implicit maintenance-mode deactivation").
 */
export function isSwitchedOff({ minReplicas }: Autoscaler, replicas: number): boolean {
  return replicas === 0 && minReplicas !== 0;
}
