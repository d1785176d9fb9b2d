/**
 * What the Deployment controller decides at one moment of a rolling update, in numbers. Source: Kubernetes 1.36
 * pkg/controller/deployment/rolling.go (`reconcileNewReplicaSet`, `reconcileOldReplicaSets`,
 * `cleanupUnhealthyReplicas`, `scaleDownOldReplicaSetsForRollingUpdate`) and util/deployment_util.go
 * (`ResolveFenceposts`, `NewRSNewReplicas`).
 */

/** A number of pods, or a share of them such as `25%`. */
export type IntOrPercent = number | string;

/** How many pods there may be too many and too few. */
export interface Fenceposts {
  readonly maxSurge: number;
  readonly maxUnavailable: number;
}

/** A ReplicaSet of the update: its size, and how many of its pods are available. */
export interface SetState {
  readonly size: number;
  readonly available: number;
}

/** A number of pods or a percentage of `whole`; undefined for text that is neither. */
export function scaledValue(value: IntOrPercent, whole: number, up: boolean): number | undefined {
  if (typeof value === 'number') return value;
  const percent = /^(\d{1,7})%$/.exec(value);
  if (percent === null) return undefined;
  const exact = whole * Number(percent[1]);
  return up ? Math.ceil(exact / 100) : Math.floor(exact / 100);
}

/**
 * The bounds of a rolling update in pods: percentages of surge are rounded up, those of unavailable pods down; where
 * both come to nothing one pod may be unavailable, as nothing could ever be replaced otherwise.
 */
export function fenceposts(maxSurge: IntOrPercent, maxUnavailable: IntOrPercent, desired: number): Fenceposts {
  const surge = scaledValue(maxSurge, desired, true) ?? 0;
  const unavailable = scaledValue(maxUnavailable, desired, false) ?? 0;
  const least = surge === 0 && unavailable === 0 ? 1 : unavailable;
  return { maxSurge: surge, maxUnavailable: Math.min(least, desired) };
}

/** The size that the new ReplicaSet gets now. */
export function newSetSize(desired: number, posts: Fenceposts, own: SetState, old: readonly SetState[]): number {
  if (own.size >= desired) return desired;
  const total = old.reduce((sum, { size }) => sum + size, own.size);
  const room = desired + posts.maxSurge - total;
  return room <= 0 ? own.size : own.size + Math.min(room, desired - own.size);
}

/**
 * The sizes that the old ReplicaSets, oldest first, get now: unhealthy pods go first, then as many as may be missed.
 */
export function oldSetSizes(
  desired: number,
  posts: Fenceposts,
  own: SetState,
  old: readonly SetState[],
): readonly number[] {
  const sizes = old.map(({ size }) => size);
  const total = sizes.reduce((sum, size) => sum + size, own.size);
  const minAvailable = desired - posts.maxUnavailable;
  let unhealthy = total - minAvailable - (own.size - own.available);
  if (unhealthy <= 0) return sizes;
  for (const [index, { size, available }] of old.entries()) {
    const count = Math.max(0, Math.min(unhealthy, size - available));
    sizes[index] = size - count;
    unhealthy -= count;
  }
  let spare = old.reduce((sum, { available }) => sum + available, own.available) - minAvailable;
  for (const [index, size] of sizes.entries()) {
    const count = Math.max(0, Math.min(size, spare));
    sizes[index] = size - count;
    spare -= count;
  }
  return sizes;
}
