import type { IpMasqOverride } from './ip-masq.js';
import { type LoadBalancerSettings, mergedLoadBalancers } from './load-balancer-settings.js';
import type { Dataplane } from './settings.js';

/** `settings` of a request: every field optional, each one wins over what the snapshot shows. */
export interface SettingsOverride {
  /** `1.30` or `1.30.5`, with or without a leading v. */
  readonly kubernetesVersion?: string;
  readonly platform?: string;
  /** What moves Service packets on the nodes: kube-proxy's rules, or eBPF programs (GKE Dataplane V2, Cilium). */
  readonly dataplane?: Dataplane;
  readonly kubeProxy?: {
    readonly mode?: 'iptables' | 'nftables' | 'ipvs';
    /** One CIDR or a comma-separated pair, as the flag takes it. */
    readonly clusterCIDR?: string;
    readonly detectLocalMode?: string;
    readonly detectLocal?: { readonly bridgeInterface?: string; readonly interfaceNamePrefix?: string };
    readonly nodePortAddresses?: readonly string[];
    readonly hostnameOverride?: string;
    readonly healthzBindAddress?: string;
    readonly metricsBindAddress?: string;
    readonly iptables?: {
      readonly masqueradeAll?: boolean;
      readonly masqueradeBit?: number;
      readonly localhostNodePorts?: boolean;
    };
    readonly nftables?: { readonly masqueradeAll?: boolean; readonly masqueradeBit?: number };
    readonly ipvs?: { readonly scheduler?: string; readonly strictARP?: boolean };
    readonly featureGates?: Readonly<Record<string, boolean>>;
  };
  readonly kernel?: { readonly randomFully?: boolean; readonly tcpBeLiberal?: boolean; readonly nfacct?: boolean };
  readonly network?: {
    readonly podNetwork?: 'BRIDGE' | 'ROUTED';
    readonly bridgeAddress?: string;
    readonly hairpin?: boolean;
    readonly forwardPolicy?: 'ACCEPT' | 'DROP';
    readonly podMasquerade?: readonly { readonly source: string; readonly exceptDestinations?: readonly string[] }[];
    readonly ipMasq?: IpMasqOverride;
    readonly routes?: readonly { readonly destination: string; readonly via: string }[];
    readonly podInterface?: string;
    readonly uplinkInterface?: string;
    readonly tunnelInterface?: string;
  };
  readonly kubelet?: boolean;
  readonly clusterDomain?: string;
  readonly loadBalancer?: LoadBalancerSettings;
}

/** One override laid over another: its fields win, one by one; of both, lists and single values are taken whole. */
export function mergedOverride(under: SettingsOverride, over: SettingsOverride): SettingsOverride {
  const { kubeProxy: proxyUnder, ...below } = under;
  const { kubeProxy: proxyOver, ...above } = over;
  const kubeProxy = {
    ...proxyUnder,
    ...proxyOver,
    detectLocal: { ...proxyUnder?.detectLocal, ...proxyOver?.detectLocal },
    iptables: { ...proxyUnder?.iptables, ...proxyOver?.iptables },
    nftables: { ...proxyUnder?.nftables, ...proxyOver?.nftables },
    ipvs: { ...proxyUnder?.ipvs, ...proxyOver?.ipvs },
    ...(proxyUnder?.featureGates === undefined && proxyOver?.featureGates === undefined
      ? {}
      : { featureGates: { ...proxyUnder?.featureGates, ...proxyOver?.featureGates } }),
  };
  return {
    ...below,
    ...above,
    kernel: { ...below.kernel, ...above.kernel },
    network: {
      ...below.network,
      ...above.network,
      // Of two writers nothing is mixed.
      ...(below.network?.ipMasq !== undefined &&
      above.network?.ipMasq !== undefined &&
      above.network.ipMasq.writer === undefined
        ? { ipMasq: { ...below.network.ipMasq, ...above.network.ipMasq } }
        : {}),
    },
    kubeProxy,
    ...(under.loadBalancer === undefined && over.loadBalancer === undefined
      ? {}
      : { loadBalancer: mergedLoadBalancers(under.loadBalancer ?? {}, over.loadBalancer ?? {}) }),
  };
}
