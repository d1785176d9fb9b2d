import type { LoadBalancerName } from '../cluster/load-balancer-settings.js';
import { generic } from './generic.js';
import { gkeExternalPassthrough } from './gke-external-passthrough.js';
import { gkeInternalPassthrough } from './gke-internal-passthrough.js';
import type { Implementation } from './implementation.js';

/** The implementations, in the order in which they are asked whether they take a Service. `generic` takes what is left. */
export const IMPLEMENTATIONS: readonly Implementation[] = [gkeInternalPassthrough, gkeExternalPassthrough, generic];

const BY_NAME: ReadonlyMap<LoadBalancerName, Implementation> = new Map(
  IMPLEMENTATIONS.map((implementation) => [implementation.name, implementation]),
);

export function implementationNamed(name: LoadBalancerName): Implementation {
  return BY_NAME.get(name) ?? generic;
}
