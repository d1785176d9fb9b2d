import type { KubernetesObject } from './objects.js';

/** An object that was kept, and where it is. `base` and `index` make its pointer, which is seldom needed. */
export interface Placed<T = KubernetesObject> {
  readonly object: T;
  readonly base: string;
  readonly index: number;
  readonly file: string | undefined;
}

/** The JSON Pointer of a kept object in the snapshot. */
export function placeOf(placed: Placed<unknown>): string {
  return placed.index < 0 ? placed.base : `${placed.base}/${placed.index}`;
}
