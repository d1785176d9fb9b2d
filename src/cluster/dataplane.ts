import type { Cluster } from './cluster.js';
import type { Pod } from './objects.js';
import { isProxyPod } from './proxy-command.js';
import type { Platform } from './settings.js';

/** Agents of dataplanes that can do without kube-proxy, by the name of their DaemonSet or the start of their pods'. */
function agentOf(name: string, labels: Readonly<Record<string, string>> | undefined): string | undefined {
  const app = labels?.['k8s-app'];
  if (name === 'anetd' || name.startsWith('anetd-')) return 'GKE Dataplane V2 (anetd)';
  if (app === 'cilium' || name === 'cilium' || /^cilium-[a-z0-9]{5}$/.test(name)) return 'Cilium';
  return undefined;
}

/** Whether Cilium, Calico or the like connect pods by routes instead of a bridge: the agent's name, if one is seen. */
export function routedNetworkAgent(cluster: Cluster): string | undefined {
  const agents = /^(?:cilium|anetd|calico-node|aws-node|azure-cni|kube-router)(?:-[a-z0-9]{5})?$/;
  for (const daemonSet of cluster.workloads.values()) {
    if (daemonSet.kind === 'DaemonSet' && agents.test(daemonSet.metadata.name)) return daemonSet.metadata.name;
  }
  for (const pod of cluster.podsIn('kube-system')) {
    if (agents.test(pod.metadata.name)) return pod.metadata.name;
  }
  return undefined;
}

function runsOnWindows(cluster: Cluster, pod: Pod): boolean {
  const node = cluster.nodes.get(pod.spec?.nodeName ?? '');
  return node?.status?.nodeInfo?.operatingSystem === 'windows';
}

/**
 * Where something else than kube-proxy moves Service packets, a sentence that says so: an agent that can replace it
 * runs, and no kube-proxy does. Not claimed when the snapshot has no pods of kube-system, since kube-proxy's would be
 * among them, nor for k3s, whose kube-proxy is part of its own process.
 */
export function unsupportedDataplane(cluster: Cluster, platform: Platform): string | undefined {
  const pods = cluster.podsIn('kube-system').filter((pod) => !runsOnWindows(cluster, pod));
  if (pods.length === 0 || platform === 'k3s') return undefined;
  if (pods.some(isProxyPod) || cluster.workloads.has('DaemonSet/kube-system/kube-proxy')) return undefined;
  let agent: string | undefined;
  for (const pod of pods) agent ??= agentOf(pod.metadata.name, pod.metadata.labels);
  for (const { kind, metadata } of cluster.workloads.values()) {
    if (kind === 'DaemonSet' && metadata.namespace === 'kube-system') agent ??= agentOf(metadata.name, metadata.labels);
  }
  if (agent === undefined) return undefined;
  return `${agent} runs in kube-system and no kube-proxy does: Services are translated by eBPF programs, not by kube-proxy's rules.`;
}
