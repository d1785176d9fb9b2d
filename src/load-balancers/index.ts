import type { LoadBalancerName } from '../cluster/load-balancer-settings.js';
import { ciliumBgp } from './announced/cilium-bgp.js';
import { ciliumL2 } from './announced/cilium-l2.js';
import { keepalived } from './announced/keepalived.js';
import { kubeVip } from './announced/kube-vip.js';
import { awsAlb } from './aws/alb.js';
import { awsClassic } from './aws/classic.js';
import { awsNlb } from './aws/nlb.js';
import { azure } from './azure/azure.js';
import { digitalocean } from './clouds/digitalocean.js';
import { hetzner } from './clouds/hetzner.js';
import { linode } from './clouds/linode.js';
import { octavia } from './clouds/octavia.js';
import { oracle } from './clouds/oracle.js';
import { scaleway } from './clouds/scaleway.js';
import { generic } from './generic.js';
import { gkeContainerNative } from './gke/container-native.js';
import { gkeExternalPassthrough } from './gke/external-passthrough.js';
import { gkeInternalPassthrough } from './gke/internal-passthrough.js';
import type { Implementation } from './implementation.js';
import { k3sServicelb } from './k3s/servicelb.js';
import { metallbBgp } from './metallb/bgp.js';
import { metallbL2 } from './metallb/l2.js';
import { proxy } from './proxy.js';

/**
 * The implementations, in the order in which they are asked whether they take a Service. `generic` takes what is left.
 */
export const IMPLEMENTATIONS: readonly Implementation[] = [
  // What a Service itself shows comes before what its platform usually has.
  metallbBgp,
  metallbL2,
  kubeVip,
  keepalived,
  ciliumL2,
  ciliumBgp,
  gkeContainerNative,
  awsAlb,
  gkeInternalPassthrough,
  gkeExternalPassthrough,
  awsNlb,
  awsClassic,
  azure,
  octavia,
  hetzner,
  digitalocean,
  oracle,
  linode,
  scaleway,
  proxy,
  k3sServicelb,
  generic,
];

const BY_NAME: ReadonlyMap<LoadBalancerName, Implementation> = new Map(
  IMPLEMENTATIONS.map((implementation) => [implementation.name, implementation]),
);

export function implementationNamed(name: LoadBalancerName): Implementation {
  return BY_NAME.get(name) ?? generic;
}
