import type { Cluster } from '../cluster/cluster.js';
import type { KubernetesVersion, Settings } from '../cluster/settings.js';
import { NEWEST_VERSION } from '../cluster/versions.js';

function compare(a: KubernetesVersion, b: KubernetesVersion): number {
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch;
}

/**
 * The version of the controllers: that of the newest node, since a control plane is never older than its nodes
 * (Kubernetes version skew policy). The newest known where there are no nodes.
 */
export function controlPlaneVersion(cluster: Cluster, settings: Settings): KubernetesVersion {
  let newest: KubernetesVersion | undefined;
  for (const name of cluster.nodes.keys()) {
    const { version } = settings.proxyOf(name);
    if (newest === undefined || compare(version, newest) > 0) newest = version;
  }
  return newest ?? NEWEST_VERSION;
}

/** Feature gates that were set explicitly: those of kube-proxy, as clusters set a gate on all components alike. */
export function featureGatesOf(cluster: Cluster, settings: Settings): Readonly<Record<string, boolean>> {
  for (const name of cluster.nodes.keys()) return settings.proxyOf(name).featureGates;
  return {};
}
