/**
 * How network agents show themselves: what translates Services (dataplane.ts) and who enforces policies
 * (policies/enforcer.ts) are read off the same signs, so that an agent which is seen for the one is seen for the other.
 */
import { fieldsOf } from '../base/record.js';
import type { Signs } from './agents.js';
import type { Cluster } from './cluster.js';
import type { Node } from './objects.js';

export const ANETD: Signs = { names: /^anetd$/, labels: ['k8s-app=anetd'] };

export const CILIUM: Signs = {
  names: /^cilium$/,
  labels: ['k8s-app=cilium', 'app.kubernetes.io/name=cilium-agent'],
  images: /(?:^|\/)cilium\/cilium(?:-dev|-ci)?[:@]/,
};

export const CALICO: Signs = {
  names: /^calico-node$|^canal$/,
  labels: ['k8s-app=calico-node', 'k8s-app=canal'],
  images: /(?:^|\/)calico\/node[:@]/,
};

export const KUBE_ROUTER: Signs = {
  names: /^kube-router$/,
  labels: ['k8s-app=kube-router', 'app.kubernetes.io/name=kube-router'],
  images: /\/kube-router[:@]/,
};

export const ANTREA: Signs = {
  names: /^antrea-agent$/,
  labels: ['component=antrea-agent'],
  images: /(?:^|\/)antrea(?:-agent)?(?:-ubuntu|-ubi)?[:@]/,
};

export const OVN_KUBERNETES: Signs = {
  names: /^ovnkube-(?:node|node-dpu-host|db|local)$/,
  labels: ['app=ovnkube-node', 'name=ovnkube-node'],
  images: /(?:^|\/)ovn-kube(?:rnetes)?(?:-[a-z]+)?[:@]/,
};

export const KUBE_OVN: Signs = {
  names: /^(?:kube-ovn-(?:cni|controller)|ovs-ovn)$/,
  labels: ['app=kube-ovn-cni', 'app=kube-ovn-controller'],
  images: /\/kube-ovn[:@]/,
};

export const NSX: Signs = { names: /^nsx-node-agent$/, labels: ['component=nsx-node-agent'] };

export const CONTRAIL: Signs = {
  names: /^contrail-(?:agent|vrouter-agent|vrouter-nodes)$/,
  images: /\/contrail-(?:vrouter|k8s)/,
};

/** The first node that has a sign, in words. */
function nodeWith(cluster: Cluster, has: (node: Node) => string | undefined): string | undefined {
  for (const node of cluster.nodes.values()) {
    const sign = has(node);
    if (sign !== undefined) return `node ${node.metadata.name} has ${sign}`;
  }
  return undefined;
}

/** The first object of a kind with this value in its spec, in words. */
export function resourceWith(
  cluster: Cluster,
  kind: string,
  path: readonly string[],
  wanted: unknown,
): string | undefined {
  for (const resource of cluster.resources.values()) {
    if (resource.kind !== kind) continue;
    const value = path.reduce<unknown>((at, field) => fieldsOf(at)[field], resource.spec);
    if (value === wanted) return `${kind} ${resource.metadata.name} has spec.${path.join('.')} ${String(wanted)}`;
  }
  return undefined;
}

/** What shows Azure CNI powered by Cilium beside its pods. */
export function signOfAzureCilium(cluster: Cluster): string | undefined {
  return nodeWith(cluster, ({ metadata }) =>
    metadata.labels?.['kubernetes.azure.com/ebpf-dataplane'] === 'cilium'
      ? 'label kubernetes.azure.com/ebpf-dataplane=cilium'
      : undefined,
  );
}

/** What shows OVN-Kubernetes beside its pods. */
export function signOfOvnKubernetes(cluster: Cluster): string | undefined {
  return (
    resourceWith(cluster, 'Network', ['defaultNetwork', 'type'], 'OVNKubernetes') ??
    resourceWith(cluster, 'Network', ['networkType'], 'OVNKubernetes') ??
    nodeWith(cluster, ({ metadata }) =>
      metadata.annotations?.['k8s.ovn.org/node-subnets'] === undefined
        ? undefined
        : 'annotation k8s.ovn.org/node-subnets',
    )
  );
}
