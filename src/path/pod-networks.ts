/** Pod networks (CNIs) as a snapshot shows them, and the names that they give to interfaces. */
import type { Cluster } from '../cluster/cluster.js';
import type { Platform } from '../cluster/settings.js';

/** What an interface is for. OTHER: neither pods, nor the network, nor a tunnel between nodes. */
export type InterfaceKind = 'POD' | 'UPLINK' | 'TUNNEL' | 'OTHER';

/**
 * Names by custom: those of the kernel and systemd for network cards, of CNIs for pods and tunnels. The first counts.
 */
const CUSTOMS: readonly (readonly [kind: InterfaceKind, name: RegExp])[] = [
  [
    'OTHER',
    /^(?:lo$|docker|br-[0-9a-f]{12}$|virbr|podman|cni-podman|nodelocaldns$|kube-ipvs0$|dummy|ifb|lxdbr|tailscale)/,
  ],
  [
    'TUNNEL',
    /^(?:flannel|vxlan|tunl0|ip6tnl|ipip|wireguard|wg\d|cilium_(?:vxlan|geneve|wg)|genev|antrea-tun|kilo|tun-)/,
  ],
  [
    'POD',
    /^(?:cali|eni|azv|azure|lxc(?!br)|cilium_(?:host|net)|weave$|vethwe|cni\d|cni\+|cbr\d|veth|gke|kube-bridge$|vlan|antrea-gw|ovn)/,
  ],
  ['UPLINK', /^(?:eth|en[opsx]|em\d|bond|team|wl|p\d+p\d|ib\d|br-ex$|vmbr|venet|ens)/],
];

/** What an interface of this name (or pattern) is for by custom; undefined when its name does not tell. */
export function interfaceKind(name: string): InterfaceKind | undefined {
  return CUSTOMS.find(([, custom]) => custom.test(name))?.[0];
}

/** One pod network: how it shows, and what its interfaces are called. */
interface PodNetwork {
  readonly name: string;
  /** Its agent's pods or DaemonSet, in whatever namespace. */
  readonly agent?: RegExp;
  /** The beginning of annotations that it puts on nodes. */
  readonly annotation?: string;
  readonly platforms?: readonly Platform[];
  /** The names that interfaces of pods may have. */
  readonly pods: readonly string[];
  /** Those by which packets for pods leave, where they are others. */
  readonly toPods?: readonly string[];
  /** The tunnels between nodes that it may use. */
  readonly tunnels?: readonly string[];
}

/** The first that shows counts: what chains onto another network (Calico's policies on EKS) is behind it. */
const NETWORKS: readonly PodNetwork[] = [
  { name: 'the Amazon VPC CNI', agent: /^aws-node$/, pods: ['eni+'] },
  { name: 'the Azure CNI', agent: /^azure-(?:cni|cns)$/, pods: ['azv+'] },
  {
    name: 'Cilium',
    agent: /^(?:cilium|anetd)$/,
    annotation: 'network.cilium.io/',
    pods: ['lxc+'],
    toPods: ['lxc+', 'cilium_host'],
    tunnels: ['cilium_vxlan', 'cilium_geneve'],
  },
  { name: 'Antrea', agent: /^antrea-agent$/, pods: ['antrea-gw0'], tunnels: ['antrea-gw0'] },
  { name: 'kube-router', agent: /^kube-router$/, pods: ['kube-bridge'], tunnels: ['tun-+'] },
  {
    name: 'OVN-Kubernetes',
    agent: /^ovnkube-node$/,
    annotation: 'k8s.ovn.org/',
    pods: ['ovn-k8s-mp0'],
    tunnels: ['ovn-k8s-mp0'],
  },
  { name: 'kube-ovn', agent: /^kube-ovn-cni$/, pods: ['ovn0'], tunnels: ['ovn0'] },
  { name: 'Weave Net', agent: /^weave-net$/, pods: ['weave'], tunnels: ['weave'] },
  { name: 'Canal', agent: /^canal$/, pods: ['cali+'], tunnels: ['flannel.1'] },
  { name: 'Google’s pod network', platforms: ['gke'], pods: ['gke+', 'veth+', 'cbr0'] },
  { name: 'the Azure CNI', platforms: ['aks'], pods: ['azv+', 'cbr0'] },
  { name: 'the Amazon VPC CNI', platforms: ['eks'], pods: ['eni+'] },
  {
    name: 'Calico',
    agent: /^calico-node$/,
    annotation: 'projectcalico.org/',
    pods: ['cali+'],
    tunnels: ['vxlan.calico', 'tunl0', 'wireguard.cali'],
  },
  {
    name: 'Flannel',
    agent: /^kube-flannel(?:-ds.*)?$/,
    annotation: 'flannel.alpha.coreos.com/',
    pods: ['cni0'],
    tunnels: ['flannel.1'],
  },
  { name: 'kindnet', agent: /^kindnet$/, pods: ['veth+'] },
  { name: 'k3s’ Flannel', platforms: ['k3s'], pods: ['cni0'], tunnels: ['flannel.1'] },
];

/** A pod network that a snapshot shows. */
export interface ShownNetwork {
  /** What shows it, the beginning of a sentence. */
  readonly sign: string;
  readonly pods: readonly string[];
  readonly toPods: readonly string[] | undefined;
  readonly tunnels: readonly string[];
}

function agentNames(cluster: Cluster): readonly string[] {
  const names: string[] = [];
  for (const { kind, metadata } of cluster.workloads.values()) if (kind === 'DaemonSet') names.push(metadata.name);
  for (const { metadata } of cluster.pods.values()) {
    // A DaemonSet's pods have its name and five characters more.
    if (metadata.ownerReferences === undefined || metadata.ownerReferences.some(({ kind }) => kind === 'DaemonSet'))
      names.push(metadata.name.replace(/-[a-z0-9]{5}$/, ''));
  }
  return names;
}

/** The pod network that agents, annotations of nodes and pods, or the platform show; undefined when nothing does. */
export function podNetworkOf(cluster: Cluster, platform: Platform, node: string): ShownNetwork | undefined {
  const agents = new Set(agentNames(cluster));
  const annotations = Object.keys(cluster.nodes.get(node)?.metadata.annotations ?? {});
  for (const pod of cluster.podsOn(node)) annotations.push(...Object.keys(pod.metadata.annotations ?? {}));
  for (const network of NETWORKS) {
    const sign = signOf(network, agents, annotations, platform);
    if (sign !== undefined) return { sign, pods: network.pods, toPods: network.toPods, tunnels: network.tunnels ?? [] };
  }
  return undefined;
}

function signOf(
  { name, agent, annotation, platforms }: PodNetwork,
  agents: ReadonlySet<string>,
  annotations: readonly string[],
  platform: Platform,
): string | undefined {
  const seen = agent === undefined ? undefined : [...agents].find((one) => agent.test(one));
  if (seen !== undefined) return `${seen} runs in the cluster: ${name}`;
  // Calico annotates pods with cni.projectcalico.org/podIP, nodes with projectcalico.org/IPv4Address.
  const shown = annotation === undefined ? undefined : annotations.find((key) => key.includes(annotation));
  if (shown !== undefined) return `Annotation ${shown} shows ${name}`;
  return platforms?.includes(platform) === true ? `Platform ${platform} uses ${name}` : undefined;
}
