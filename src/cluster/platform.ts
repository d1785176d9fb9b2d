import type { Cluster } from './cluster.js';
import type { Node } from './objects.js';
import type { Assumption, Platform } from './settings.js';

/** What of a node shows the platform, and the words for it. The first that fits counts. */
function platformOf(node: Node): readonly [Platform, string] | undefined {
  const labels = node.metadata.labels ?? {};
  const provider = node.spec?.providerID ?? '';
  const version = node.status?.nodeInfo?.kubeletVersion ?? '';
  if (labels['node.openshift.io/os_id'] !== undefined) return ['openshift', 'label node.openshift.io/os_id'];
  if (labels['cloud.google.com/gke-nodepool'] !== undefined) return ['gke', 'label cloud.google.com/gke-nodepool'];
  if (provider.startsWith('gce://') && version.includes('-gke')) return ['gke', `kubelet version ${version}`];
  if (labels['eks.amazonaws.com/nodegroup'] !== undefined) return ['eks', 'label eks.amazonaws.com/nodegroup'];
  if (provider.startsWith('aws://') && version.includes('-eks')) return ['eks', `kubelet version ${version}`];
  if (provider.startsWith('azure://')) return ['aks', 'a provider ID azure://…'];
  if (provider.startsWith('kind://')) return ['kind', 'a provider ID kind://…'];
  if (provider.startsWith('k3s://')) return ['k3s', 'a provider ID k3s://…'];
  if (version.includes('+k3s')) return ['k3s', `kubelet version ${version}`];
  if (labels['minikube.k8s.io/name'] !== undefined) return ['minikube', 'label minikube.k8s.io/name'];
  return undefined;
}

/** The platform that the nodes show, the first node (in snapshot order) that shows one; `generic` otherwise. */
export function inferPlatform(cluster: Cluster): { readonly platform: Platform; readonly assumption: Assumption } {
  for (const node of cluster.nodes.values()) {
    const found = platformOf(node);
    if (found === undefined) continue;
    const [platform, sign] = found;
    const why = `Node ${node.metadata.name} has ${sign}.`;
    return { platform, assumption: { field: 'settings.platform', value: platform, why } };
  }
  const why = 'No node has a provider ID, label or version that shows a platform.';
  return { platform: 'generic', assumption: { field: 'settings.platform', value: 'generic', why } };
}
