import { isRecord } from '../base/record.js';
import type { Settings } from './settings.js';

/** Settings given by node are the new one's too. */
function alsoBy(value: unknown, node: string, like: string): unknown {
  return isRecord(value) && Object.hasOwn(value, like) ? { ...value, [node]: value[like] } : value;
}

/**
 * The settings of a cluster that got a node more, whose version and kube-proxy are those of another node. What the
 * nodes showed together (the cluster CIDR, say) stays as it was: a new node does not change the configuration of
 * others.
 */
export function withNodeLike(settings: Settings, node: string, like: string): Settings {
  const { kubernetesVersion, kubeProxyByNode } = settings.asUsed;
  return {
    ...settings,
    proxyOf: (name) => settings.proxyOf(name === node ? like : name),
    forCluster: (cluster) => withNodeLike(settings.forCluster(cluster), node, like),
    overriddenBy: (more) => withNodeLike(settings.overriddenBy(more), node, like),
    asUsed: {
      ...settings.asUsed,
      kubernetesVersion: alsoBy(kubernetesVersion, node, like),
      ...(kubeProxyByNode === undefined ? {} : { kubeProxyByNode: alsoBy(kubeProxyByNode, node, like) }),
    },
  };
}
