import type { Workload } from '../cluster/objects.js';

export const REVISION_ANNOTATION = 'deployment.kubernetes.io/revision';
const MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas';

/** A ReplicaSet of a Deployment and how many replicas it has now. */
export interface SizedReplicaSet {
  readonly replicaSet: Workload;
  readonly size: number;
}

/** The revision of a ReplicaSet; 0 where it has none. */
export function revisionOf(replicaSet: Workload): number {
  const revision = Number(replicaSet.metadata.annotations?.[REVISION_ANNOTATION]);
  return Number.isSafeInteger(revision) ? revision : 0;
}

function createdAt(replicaSet: Workload): number {
  const time = Date.parse(replicaSet.metadata.creationTimestamp ?? '');
  return Number.isNaN(time) ? 0 : time;
}

/** Newest first: by revision, then by age, then by name. */
export function newestFirst(a: Workload, b: Workload): number {
  const order = revisionOf(b) - revisionOf(a) || createdAt(b) - createdAt(a);
  return order !== 0 ? order : a.metadata.name < b.metadata.name ? -1 : 1;
}

/** `maxSurge` of a rolling update, in pods: default 25 %, percentages rounded up. */
function maxSurgeOf(deployment: Workload, replicas: number): number {
  const strategy = deployment.spec?.strategy as
    | { readonly type?: unknown; readonly rollingUpdate?: { readonly maxSurge?: unknown } | null }
    | null
    | undefined;
  if (strategy?.type === 'Recreate') return 0;
  const surge = strategy?.rollingUpdate?.maxSurge ?? '25%';
  if (typeof surge === 'number') return surge;
  const percent = typeof surge === 'string' ? /^(\d+)%$/.exec(surge) : null;
  return percent === null ? 0 : Math.ceil((replicas * Number(percent[1])) / 100);
}

function roundHalfAway(value: number): number {
  return value < 0 ? -Math.round(-value) : Math.round(value);
}

/**
 * How many replicas each ReplicaSet of a Deployment gets when the Deployment is scaled. With one active ReplicaSet, or
 * none, the newest (active) one gets all. While a rolling update is under way, several share the difference in
 * proportion to their size, up to `replicas` plus the surge; what rounding leaves over goes to the largest. With
 * strategy Recreate the newest gets all. Source: Kubernetes 1.36 pkg/controller/deployment `scale`, util
 * `GetReplicaSetProportion`.
 */
export function scaleReplicaSets(
  deployment: Workload,
  replicas: number,
  sets: readonly SizedReplicaSet[],
): ReadonlyMap<Workload, number> {
  const sorted = [...sets].sort((a, b) => newestFirst(a.replicaSet, b.replicaSet));
  const active = sorted.filter(({ size }) => size > 0);
  const result = new Map<Workload, number>();
  const target = active.length === 1 ? active[0] : sorted[0];
  const recreates = (deployment.spec?.strategy as { readonly type?: unknown } | null | undefined)?.type === 'Recreate';
  if (active.length < 2 || recreates) {
    if (recreates) for (const { replicaSet } of active) result.set(replicaSet, 0);
    const newest = recreates ? sorted[0] : target;
    if (newest !== undefined) result.set(newest.replicaSet, replicas);
    return result;
  }
  const before = deployment.spec?.replicas;
  if (before === replicas) {
    for (const { replicaSet, size } of active) result.set(replicaSet, size);
    return result;
  }
  const allowed = replicas > 0 ? replicas + maxSurgeOf(deployment, replicas) : 0;
  const total = active.reduce((sum, { size }) => sum + size, 0);
  const toAdd = allowed - total;
  const growing = toAdd > 0;
  const bySize = [...active].sort(
    (a, b) =>
      b.size - a.size || (growing ? newestFirst(a.replicaSet, b.replicaSet) : newestFirst(b.replicaSet, a.replicaSet)),
  );
  let added = 0;
  for (const { replicaSet, size } of bySize) {
    let proportion = 0;
    if (toAdd !== 0 && added !== toAdd) {
      const annotated = Number(replicaSet.metadata.annotations?.[MAX_REPLICAS]);
      const maxBefore =
        Number.isSafeInteger(annotated) && annotated > 0 ? annotated : (deployment.status?.replicas ?? total);
      const share = replicas === 0 ? -size : roundHalfAway((size * allowed) / maxBefore) - size;
      proportion = growing ? Math.min(share, toAdd - added) : Math.max(share, toAdd - added);
    }
    result.set(replicaSet, size + proportion);
    added += proportion;
  }
  const largest = bySize[0] as SizedReplicaSet;
  result.set(largest.replicaSet, Math.max(0, (result.get(largest.replicaSet) as number) + toAdd - added));
  return result;
}
