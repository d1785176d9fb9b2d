import type { LoadBalancerName } from '../cluster/load-balancer-settings.js';
import { awsClassic } from './aws-classic.js';
import { awsNlb } from './aws-nlb.js';
import { azure } from './azure.js';
import { generic } from './generic.js';
import { gkeContainerNative } from './gke-container-native.js';
import { gkeExternalPassthrough } from './gke-external-passthrough.js';
import { gkeInternalPassthrough } from './gke-internal-passthrough.js';
import type { Implementation } from './implementation.js';
import { k3sServicelb } from './k3s-servicelb.js';
import { metallbBgp } from './metallb-bgp.js';
import { metallbL2 } from './metallb-l2.js';
import { proxy } from './proxy.js';

/** The implementations, in the order in which they are asked whether they take a Service. `generic` takes what is left. */
export const IMPLEMENTATIONS: readonly Implementation[] = [
  // What a Service itself shows comes before what its platform usually has.
  metallbL2,
  metallbBgp,
  proxy,
  gkeContainerNative,
  gkeInternalPassthrough,
  gkeExternalPassthrough,
  awsNlb,
  awsClassic,
  azure,
  k3sServicelb,
  generic,
];

const BY_NAME: ReadonlyMap<LoadBalancerName, Implementation> = new Map(
  IMPLEMENTATIONS.map((implementation) => [implementation.name, implementation]),
);

export function implementationNamed(name: LoadBalancerName): Implementation {
  return BY_NAME.get(name) ?? generic;
}
