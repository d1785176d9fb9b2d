/**
 * NodeLocal DNSCache: a pod on the host's network of each node that answers DNS on addresses of its own there. In mode
 * iptables the cluster IP of DNS is one of them: its rules take packets to it out of connection tracking (raw NOTRACK),
 * so that kube-proxy's never translate them. Source: kubernetes.io, "Using NodeLocal DNSCache in Kubernetes Clusters",
 * and kubernetes/dns, cmd/node-cache.
 */
import { addressOf } from '../base/address.js';
import { remember } from '../base/remember.js';
import { runnersOf, type Signs, showsSign } from './agents.js';
import type { Cluster } from './cluster.js';
import { flagsOf } from './proxy-command.js';

const SIGNS: Signs = {
  names: /^(?:node-local-dns|nodelocaldns)$/,
  labels: ['k8s-app=node-local-dns', 'k8s-app=nodelocaldns'],
  images: /\/(?:k8s-dns-)?node-cache[:@]/,
};

export const DNS_PORT = 53;

/** The cluster IPs of the cluster's DNS Services, for which manifests may have a placeholder. */
function dnsAddresses(cluster: Cluster): readonly string[] {
  const found: string[] = [];
  for (const name of ['kube-dns', 'coredns', 'rke2-coredns-rke2-coredns']) {
    const spec = cluster.services.get(`kube-system/${name}`)?.spec;
    found.push(...(spec?.clusterIPs ?? (spec?.clusterIP === undefined ? [] : [spec.clusterIP])));
  }
  return found;
}

const caches = new WeakMap<
  Cluster,
  ReadonlyMap<string, { readonly pod: string; readonly addresses: ReadonlySet<string> }>
>();

/** The DNS caches by node: the pod, and the addresses (canonical texts) that it answers on there. */
export function nodeLocalDns(cluster: Cluster) {
  return remember(caches, cluster, () => {
    const byNode = new Map<string, { readonly pod: string; readonly addresses: ReadonlySet<string> }>();
    for (const runner of runnersOf(cluster)) {
      if (runner.node === undefined || !runner.shown.startsWith('pod ') || !showsSign(runner, SIGNS)) continue;
      const addresses = new Set<string>();
      for (const container of runner.containers) {
        for (const text of (flagsOf(container, 'node-cache')?.get('localip') ?? '').split(',')) {
          const address = addressOf(text.trim());
          if (address !== undefined) addresses.add(address.text);
          else if (/PILLAR__DNS__SERVER/.test(text)) for (const own of dnsAddresses(cluster)) addresses.add(own);
        }
      }
      if (addresses.size > 0) byNode.set(runner.node, { pod: runner.shown, addresses });
    }
    return byNode;
  });
}
