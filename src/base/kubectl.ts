/** How a user makes a snapshot: the one place that lists the kinds. */

/** The kinds of objects that answers are made from, as kubectl names them. Secrets are never among them. */
export const SNAPSHOT_KINDS = [
  'nodes',
  'namespaces',
  'pods',
  'services',
  'endpointslices',
  'deployments',
  'replicasets',
  'statefulsets',
  'daemonsets',
  'networkpolicies',
  'horizontalpodautoscalers',
] as const;

/**
 * Kinds of policies that only some clusters have: kubectl fails as a whole where one is asked for that is not there.
 */
export const POLICY_KINDS = [
  'adminnetworkpolicies.policy.networking.k8s.io',
  'baselineadminnetworkpolicies.policy.networking.k8s.io',
  'clusternetworkpolicies.policy.networking.k8s.io',
  'ciliumnetworkpolicies.cilium.io',
  'ciliumclusterwidenetworkpolicies.cilium.io',
  'networkpolicies.crd.projectcalico.org',
  'globalnetworkpolicies.crd.projectcalico.org',
  'applicationnetworkpolicies.networking.k8s.aws',
  'clusternetworkpolicies.networking.k8s.aws',
  'fqdnnetworkpolicies.networking.gke.io',
  'egressfirewalls.k8s.ovn.org',
  'networkpolicies.crd.antrea.io',
  'clusternetworkpolicies.crd.antrea.io',
] as const;

/**
 * Kinds that say which load balancers there are and how they balance, of which each cluster has some: Ingresses of
 * AWS's controllers, objects of MetalLB and Cilium.
 */
export const BALANCER_KINDS = [
  'ingresses.networking.k8s.io',
  'ingressclasses.networking.k8s.io',
  'ingressclassparams.elbv2.k8s.aws',
  'targetgroupbindings.elbv2.k8s.aws',
  'ipaddresspools.metallb.io',
  'l2advertisements.metallb.io',
  'bgpadvertisements.metallb.io',
  'bgppeers.metallb.io',
  'servicel2statuses.metallb.io',
  'ciliuml2announcementpolicies.cilium.io',
  'ciliumloadbalancerippools.cilium.io',
  'ciliumbgpclusterconfigs.cilium.io',
  'ciliumbgpadvertisements.cilium.io',
  'ciliumbgppeeringpolicies.cilium.io',
] as const;

/** API groups of those of {@link SNAPSHOT_KINDS} that are not of the core group. */
export const SNAPSHOT_GROUPS: Readonly<Partial<Record<(typeof SNAPSHOT_KINDS)[number], string>>> = {
  endpointslices: 'discovery.k8s.io',
  deployments: 'apps',
  replicasets: 'apps',
  statefulsets: 'apps',
  daemonsets: 'apps',
  networkpolicies: 'networking.k8s.io',
  horizontalpodautoscalers: 'autoscaling',
};

/**
 * ConfigMaps of kube-system that say how kube-proxy, the ip-masq-agent and NodeLocal DNSCache are set up. EKS names
 * kube-proxy's kube-proxy-config.
 */
export const SYSTEM_CONFIG_MAPS = [
  'kube-proxy',
  'kube-proxy-config',
  'ip-masq-agent',
  'azure-ip-masq-agent-config',
  'azure-ip-masq-agent-config-reconciled',
  'node-local-dns',
] as const;

/** ConfigMaps of data planes, as they are called in kube-system. */
export const DATAPLANE_CONFIG_MAPS = ['cilium-config', 'antrea-config'] as const;

/** The command that prints a snapshot. */
export const KUBECTL_GET = `kubectl get ${SNAPSHOT_KINDS.join(',')} -A -o json`;

/** The same, into a file. */
export const KUBECTL_COMMAND = `${KUBECTL_GET} > cluster.json`;

/** Further snapshot files, where administrators' policies or those of a network plugin are there. */
export const KUBECTL_POLICIES_COMMAND = `kubectl get ${POLICY_KINDS[0]} -o json > admin-policies.json`;

/** Further snapshot files, where an Ingress has a load balancer of its own. */
export const KUBECTL_INGRESSES_COMMAND = 'kubectl get ingresses,ingressclasses -A -o json > ingresses.json';

/** A second snapshot file, where kube-proxy is configured by a ConfigMap. */
export const KUBECTL_CONFIG_COMMAND = 'kubectl get configmap kube-proxy -n kube-system -o json > kube-proxy.json';
