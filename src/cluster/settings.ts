import { ENUMS, type Family, type KubeProxySettings } from '../contract/gen/types.js';
import type { Cluster } from './cluster.js';
import type { LoadBalancerSettings } from './load-balancer-settings.js';
import type { SettingsOverride } from './settings-override.js';

/** An agent that takes some packets of Services before kube-proxy's rules see them. */
export interface Beside {
  readonly part: 'POD_CLUSTER_IPS' | 'POD_SERVICES';
  /** One sentence. */
  readonly why: string;
}

/**
 * Who masquerades what pods send out of the cluster, after kube-proxy's own POSTROUTING rules: the ip-masq-agent
 * (kubernetes-sigs/ip-masq-agent), or what the boot script of a GCE node writes once (Kubernetes 1.20.2,
 * cluster/gce/gci/configure-helper.sh). Both lead all that is not for the node itself to one chain of table nat.
 */
export interface IpMasqSettings {
  readonly writer: 'AGENT' | 'BOOT_SCRIPT' | 'NONE';
  readonly chain: string;
  /** Destinations that keep the pod's address, in the order of their rules, of either family. */
  readonly nonMasqueradeCIDRs: readonly string[];
  /** Whether 169.254.0.0/16 (fe80::/10) is masqueraded too. */
  readonly masqLinkLocal: boolean;
  readonly masqLinkLocalIPv6: boolean;
  /** `--random-fully` at the MASQUERADE rule. */
  readonly randomFully: boolean;
  /** Whether there is such a chain for IPv6 as well (the agent's `--enable-ipv6`). */
  readonly ipv6: boolean;
}

/** What an answer rests on without the snapshot or the request saying it. Field names are those of `settings`. */
export interface Assumption {
  /** Dotted path in the request's words, e.g. `settings.kubeProxy.clusterCIDR` or `kubelet`. */
  readonly field: string;
  /** The value used, as it would be written in a request (JSON). */
  readonly value: unknown;
  /** One sentence: where the value comes from. */
  readonly why: string;
}

export type ProxyMode = NonNullable<KubeProxySettings['mode']>;
export type DetectLocalMode = NonNullable<KubeProxySettings['detectLocalMode']>;
export type Platform = NonNullable<SettingsOverride['platform']>;
export type Dataplane = NonNullable<SettingsOverride['dataplane']>;

export interface KubernetesVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/** `1.30.5` */
export function formatVersion(version: KubernetesVersion): string {
  return `${version.major}.${version.minor}.${version.patch}`;
}

/** Whether the version is at least 1.minor[.patch]. */
export function atLeast(version: KubernetesVersion, minor: number, patch = 0): boolean {
  return version.minor !== minor ? version.minor > minor : version.patch >= patch;
}

/** The configuration of the kube-proxy of one node, every field decided. Names follow KubeProxyConfiguration. */
export interface NodeProxySettings {
  readonly version: KubernetesVersion;
  readonly mode: ProxyMode;
  /** All CIDRs given, of either family; a proxier takes the first of its own. Empty: detector not implemented. */
  readonly clusterCIDR: readonly string[];
  readonly detectLocalMode: DetectLocalMode;
  readonly bridgeInterface: string;
  readonly interfaceNamePrefix: string;
  /** CIDRs, or the single word `primary`. Empty: every address of the node. */
  readonly nodePortAddresses: readonly string[];
  readonly masqueradeAll: boolean;
  /** Bit number, 0 to 31: mark 0x4000 is bit 14. */
  readonly masqueradeBit: number;
  readonly localhostNodePorts: boolean;
  /**
   * Where kube-proxy serves /healthz and /metrics, `ADDRESS:PORT`. Absent: its defaults, all of :10256 and
   * 127.0.0.1:10249.
   */
  readonly healthzBindAddress?: string;
  readonly metricsBindAddress?: string;
  /** The node name that kube-proxy takes for its own, where that is not the node's. */
  readonly hostnameOverride?: string;
  readonly ipvsScheduler: string;
  readonly ipvsStrictARP: boolean;
  /** Gates set explicitly; a gate's default is a matter of the version. */
  readonly featureGates: Readonly<Record<string, boolean>>;
  readonly kernel: KernelSettings;
}

export interface KernelSettings {
  /** iptables knows --random-fully (1.6.2 and later). */
  readonly randomFully: boolean;
  /** sysctl net.netfilter.nf_conntrack_tcp_be_liberal is not 0. */
  readonly tcpBeLiberal: boolean;
  /** The nfacct counters can be created. */
  readonly nfacct: boolean;
}

/** What a snapshot cannot tell of the pod network. */
export interface NetworkSettings {
  /** BRIDGE: pods hang on a Linux bridge that has an address in the node's pod CIDR. ROUTED: one route per pod. */
  readonly podNetwork: 'BRIDGE' | 'ROUTED';
  /** The bridge's address; empty: the first address of the node's pod CIDR. */
  readonly bridgeAddress: string;
  /** Whether the bridge ports (or the routed interfaces) let a packet out where it came in. */
  readonly hairpin: boolean;
  readonly forwardPolicy: 'ACCEPT' | 'DROP';
  /** What the CNI masquerades of pod traffic to outside: one rule per entry. */
  readonly podMasquerade: readonly PodMasquerade[];
  /**
   * The chain that masquerades pod traffic after kube-proxy's own rules, as the ip-masq-agent or GKE's nodes have it.
   */
  readonly ipMasq: IpMasqSettings;
  readonly routes: readonly Route[];
  /** Whether network policies are enforced, where the request says it. */
  readonly policies?: 'ENFORCED' | 'IGNORED';
  /**
   * What interfaces are called, for the rules of a real node: those of pods, the one towards the network, and the one
   * towards pods of other nodes (`none`: as the network). A trailing `+` stands for any rest. Absent: not said.
   */
  readonly podInterface?: string;
  readonly uplinkInterface?: string;
  readonly tunnelInterface?: string;
}

/** Pod traffic that the CNI gives the node's address: from `source` to anything outside `exceptDestinations`. */
interface PodMasquerade {
  readonly source: string;
  readonly exceptDestinations: readonly string[];
}

/** A route of every node beside what the model knows (its own addresses, its pods, other nodes and their pod CIDRs). */
interface Route {
  readonly destination: string;
  /** `node/NAME`, `outside`, or `unreachable`. */
  readonly via: string;
}

/** How many connections there are, as far as a request says. */
export interface ConnectionSettings {
  readonly pattern: 'BALANCED' | 'ONE_AT_A_TIME';
  /** By canonical `address:port`; absent: not known. */
  readonly open?: ReadonlyMap<string, { readonly active: number; readonly inactive: number }>;
}

/** Settings as decided for a whole request: the same for all nodes, or by node where snapshots differ. */
export interface Settings {
  readonly platform: Platform;
  /** The proxy of one node. Throws QuestionError NOT_FOUND for an unknown node. */
  proxyOf(node: string): NodeProxySettings;
  readonly network: NetworkSettings;
  readonly connections: ConnectionSettings;
  /** Whether the request or the snapshot says who masquerades pod traffic, rather than the platform's custom. */
  readonly ipMasqKnown: boolean;
  /** Whether kubelet's own chains are there for the walk. */
  readonly kubelet: boolean;
  /** Where this cluster's kube-proxy is not what moves Service packets (Dataplane V2, a CNI without it): why. */
  readonly unsupportedDataplane?: string;
  /** Agents beside kube-proxy that take some packets of pods before its rules see them. */
  readonly beside: readonly Beside[];
  readonly clusterDomain: string;
  /** What the request says of load balancers; what it does not say, the snapshot shows. */
  readonly loadBalancer: LoadBalancerSettings;
  readonly assumptions: readonly Assumption[];
  /**
   * The settings of the same cluster where a request also says `more`, which wins over what it said before, field by
   * field. Throws as `inferSettings` does, with pointers that begin with `/settings`.
   */
  overriddenBy(more: SettingsOverride): Settings;
  /**
   * The settings that the same request gives for another cluster: one in which a change replaced what settings are read
   * from (the kube-proxy ConfigMap, command lines, nodes). Throws as `inferSettings` does.
   */
  forCluster(cluster: Cluster): Settings;
  /** The settings as used, in the shape of a request's `settings`, for the answer. */
  readonly asUsed: Readonly<Record<string, unknown>>;
}

/** IPv4 first: the order in which families are answered everywhere. */
export const FAMILIES: readonly Family[] = ENUMS.Family;
