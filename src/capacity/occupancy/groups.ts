/** Pods that are alike, and the loads that are allowed for them. */

/** Pods that are alike: so many of them, each with this share of all connections. */
export interface PodGroup {
  readonly count: number;
  readonly share: number;
  /** What one of them takes; absent: no limit is looked at. */
  readonly capacity?: number | undefined;
}

/** The loads that are allowed for each pod of a group. */
export interface Box extends PodGroup {
  readonly low: number;
  readonly high: number;
}

export function meansOf(connections: number, groups: readonly PodGroup[]): Float64Array {
  return Float64Array.from(groups, ({ share }) => connections * share);
}

export function podsIn(groups: readonly PodGroup[]): number {
  return groups.reduce((sum, { count }) => sum + count, 0);
}

export function boxesOf(groups: readonly PodGroup[], low: number, high: number): readonly Box[] {
  return groups.map((group) => ({ ...group, low, high }));
}
