/** What moves the packets of Services: kube-proxy, an agent in its place, or an agent beside it. */

import { parse } from 'yaml';
import { fieldsOf } from '../base/record.js';
import {
  ANETD,
  ANTREA,
  CALICO,
  CILIUM,
  CONTRAIL,
  KUBE_OVN,
  KUBE_ROUTER,
  NSX,
  OVN_KUBERNETES,
  resourceWith,
  signOfAzureCilium,
  signOfOvnKubernetes,
} from './agent-signs.js';
import { environmentOf, flagOf, type Runner, runnersOf, type Signs, showsSign, systemPodsOf } from './agents.js';
import type { Cluster } from './cluster.js';
import { matchesLabels } from './labels.js';
import type { Node } from './objects.js';
import { isProxyLike } from './proxy-command.js';

import type { Assumption, Beside, Dataplane } from './settings.js';

/**
 * What an agent takes of kube-proxy's work. ALL: it is in its place. POD_CLUSTER_IPS: it balances what pods send to
 * cluster IPs, the rest is kube-proxy's. POD_SERVICES: what pods send to cluster IPs, external and load balancer
 * addresses.
 */
type Part = 'ALL' | 'POD_CLUSTER_IPS' | 'POD_SERVICES' | 'NONE';

/**
 * What an agent does by its own configuration; IF_ALONE: all of it where no kube-proxy is there, else POD_CLUSTER_IPS.
 */
type Taken = Part | 'IF_ALONE';

interface Seen {
  readonly cluster: Cluster;
  /** The agent's pods and DaemonSets. */
  readonly runners: readonly Runner[];
}

interface Agent {
  readonly name: string;
  readonly dataplane: Exclude<Dataplane, 'KUBE_PROXY'>;
  readonly signs: Signs;
  /** What else shows it: an object, a node; in words. */
  readonly otherSign?: (cluster: Cluster, runners: readonly Runner[]) => string | undefined;
  /** What it takes, as its flags, ConfigMaps and custom resources have it. */
  readonly takes: (seen: Seen) => Taken;
  /** Where this is documented. */
  readonly source: string;
}

/** A key of a ConfigMap, which is looked for in every namespace. */
function configOf(cluster: Cluster, map: RegExp, key: string): string | undefined {
  for (const { metadata, data } of cluster.configMaps.values()) {
    if (map.test(metadata.name) && data?.[key] !== undefined) return data[key];
  }
  return undefined;
}

/** Cilium's kube-proxy-replacement: by flag, else by ConfigMap, else by environment. */
function ciliumReplacement({ cluster, runners }: Seen): string | undefined {
  const flag = runners.map((runner) => flagOf(runner, 'cilium-agent', 'kube-proxy-replacement')).find(Boolean);
  return flag ?? configOf(cluster, /^cilium-config$/, 'kube-proxy-replacement');
}

function antreaConfig({ cluster }: Seen) {
  let fields: Readonly<Record<string, unknown>> = {};
  try {
    fields = fieldsOf(parse(configOf(cluster, /^antrea-config/, 'antrea-agent.conf') ?? '', { logLevel: 'silent' }));
  } catch {
    // A configuration that is no YAML: Antrea would not start; its defaults are taken.
  }
  return { proxy: fieldsOf(fields.antreaProxy), gates: fieldsOf(fields.featureGates) };
}

const isFalse = (text: string | undefined) => text !== undefined && /^(?:false|f|0)$/i.test(text);

/**
 * The agents that translate Services in place of kube-proxy, or beside it. The first that fits names the cluster's data
 * plane.
 */
const AGENTS: readonly Agent[] = [
  {
    name: 'GKE Dataplane V2 (anetd)',
    dataplane: 'EBPF',
    signs: ANETD,
    takes: () => 'IF_ALONE',
    source: 'https://cloud.google.com/kubernetes-engine/docs/concepts/dataplane-v2',
  },
  {
    name: 'Azure CNI powered by Cilium',
    dataplane: 'EBPF',
    signs: {},
    otherSign: signOfAzureCilium,
    takes: () => 'ALL',
    source: 'https://learn.microsoft.com/azure/aks/azure-cni-powered-by-cilium',
  },
  {
    name: 'Cilium',
    dataplane: 'EBPF',
    signs: CILIUM,
    takes: (seen) => {
      const value = ciliumReplacement(seen);
      if (value === 'true' || value === 'strict') return 'ALL';
      // Node ports can be Cilium's whatever the rest is.
      if (configOf(seen.cluster, /^cilium-config$/, 'enable-node-port') === 'true') return 'ALL';
      // partial and probe take what flags and the kernel let them: never less than the cluster IPs of pods.
      return 'IF_ALONE';
    },
    source: 'https://docs.cilium.io/en/stable/network/kubernetes/kubeproxy-free/',
  },
  {
    name: 'OVN-Kubernetes',
    dataplane: 'OTHER',
    signs: OVN_KUBERNETES,
    otherSign: signOfOvnKubernetes,
    takes: () => 'ALL',
    source:
      'https://ovn-kubernetes.io/design/architecture/ (load balancers of OVN; the cluster network operator ' +
      'runs no kube-proxy)',
  },
  {
    name: 'Calico in eBPF mode',
    dataplane: 'EBPF',
    signs: {},
    otherSign: (cluster, runners) =>
      resourceWith(cluster, 'FelixConfiguration', ['bpfEnabled'], true) ??
      resourceWith(cluster, 'Installation', ['calicoNetwork', 'linuxDataplane'], 'BPF') ??
      runners
        .filter((runner) => showsSign(runner, CALICO))
        .filter((runner) => /^(?:true|1|t|yes)$/i.test(environmentOf(runner, 'FELIX_BPFENABLED') ?? ''))
        .map(({ shown }) => `${shown} has FELIX_BPFENABLED`)[0],
    takes: () => 'ALL',
    source: 'https://docs.tigera.io/calico/latest/operations/ebpf/enabling-ebpf',
  },
  {
    name: 'Calico with VPP',
    dataplane: 'OTHER',
    signs: { names: /^calico-vpp-node$/, labels: ['k8s-app=calico-vpp-node'], images: /calicovpp\// },
    otherSign: (cluster) => resourceWith(cluster, 'Installation', ['calicoNetwork', 'linuxDataplane'], 'VPP'),
    takes: () => 'ALL',
    source: 'https://docs.tigera.io/calico/latest/getting-started/kubernetes/vpp/getting-started',
  },
  {
    name: 'kube-router with its service proxy',
    dataplane: 'OTHER',
    signs: KUBE_ROUTER,
    // The flag is on unless it is given.
    takes: ({ runners }) =>
      runners.some((runner) => isFalse(flagOf(runner, 'kube-router', 'run-service-proxy'))) ? 'NONE' : 'ALL',
    source: 'https://github.com/cloudnativelabs/kube-router/blob/master/docs/user-guide.md (--run-service-proxy)',
  },
  {
    name: 'Antrea',
    dataplane: 'OTHER',
    signs: ANTREA,
    takes: (seen) => {
      const { proxy, gates } = antreaConfig(seen);
      if (proxy.enable === false || gates.AntreaProxy === false) return 'NONE';
      if (proxy.proxyAll === true) return 'ALL';
      return proxy.proxyLoadBalancerIPs === false ? 'POD_CLUSTER_IPS' : 'POD_SERVICES';
    },
    source: 'https://antrea.io/docs/main/docs/antrea-proxy/',
  },
  {
    name: 'kube-ovn',
    dataplane: 'OTHER',
    signs: KUBE_OVN,
    takes: ({ runners }) =>
      runners.some(
        (runner) =>
          isFalse(flagOf(runner, 'start-controller.sh', 'enable-lb')) ||
          isFalse(flagOf(runner, 'kube-ovn-controller', 'enable-lb')),
      )
        ? 'NONE'
        : 'IF_ALONE',
    source: 'https://kubeovn.github.io/docs/stable/en/advance/performance-tuning/ (--enable-lb)',
  },
  {
    name: 'NSX Container Plugin',
    dataplane: 'OTHER',
    signs: NSX,
    takes: () => 'ALL',
    source: 'https://techdocs.broadcom.com/ (NCP: container nsx-kube-proxy of pod nsx-node-agent)',
  },
  {
    name: 'Contrail',
    dataplane: 'OTHER',
    signs: CONTRAIL,
    takes: () => 'ALL',
    source: 'https://www.juniper.net/documentation/ (Contrail: the vRouter balances Services)',
  },
];

/** Distributions and platforms whose kube-proxy is no pod. */
const EMBEDDED: readonly { readonly where: string; readonly sign: (node: Node) => boolean }[] = [
  {
    where: 'k3s runs kube-proxy in its own process',
    sign: ({ spec, status }) =>
      (spec?.providerID ?? '').startsWith('k3s://') || (status?.nodeInfo?.kubeletVersion ?? '').includes('+k3s'),
  },
  {
    where: 'RKE2 runs kube-proxy as a static pod, which may be missing in a snapshot',
    sign: ({ status }) => (status?.nodeInfo?.kubeletVersion ?? '').includes('+rke2'),
  },
  {
    where: 'MicroK8s runs kube-proxy in its own process',
    sign: ({ metadata }) => metadata.labels?.['microk8s.io/cluster'] === 'true',
  },
  {
    where: 'RKE runs kube-proxy as a container beside Kubernetes',
    sign: ({ metadata }) => metadata.annotations?.['rke.cattle.io/internal-ip'] !== undefined,
  },
  {
    where: 'EKS Auto Mode runs kube-proxy as a process of the node',
    sign: ({ metadata }) => metadata.labels?.['eks.amazonaws.com/compute-type'] === 'auto',
  },
  {
    where: 'IBM Cloud runs kube-proxy as a process of the node',
    sign: ({ metadata }) => metadata.labels?.['ibm-cloud.kubernetes.io/worker-id'] !== undefined,
  },
  {
    where: 'Charmed Kubernetes runs kube-proxy as a process of the node',
    sign: ({ metadata }) => Object.keys(metadata.labels ?? {}).some((label) => label.startsWith('juju.')),
  },
];

/** OpenShift SDN has kube-proxy's code in its own agent. */
const OPENSHIFT_SDN: Signs = { names: /^sdn$/, labels: ['app=sdn'] };

export interface DataplaneFacts {
  /** The agent in the place of kube-proxy, and a sentence that says so. */
  readonly replaced?: { readonly dataplane: Dataplane; readonly why: string };
  readonly beside: readonly Beside[];
  /** Reported where no kube-proxy is seen and nothing explains it. */
  readonly assumption?: Assumption;
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

/** What moves Service packets, by the table of agents. */
export function dataplaneOf(cluster: Cluster): DataplaneFacts {
  const runners = runnersOf(cluster);
  const system = systemPodsOf(cluster);
  const hasProxy = runners.some(
    ({ namespace, name, labels, shown, nodeSelector }) =>
      isProxyLike(namespace, name, labels) && (shown.startsWith('pod ') || runsSomewhere(cluster, nodeSelector)),
  );
  const embedded = embeddedProxy(cluster, runners);
  const beside: Beside[] = [];
  const explained = hasProxy || embedded !== undefined;
  for (const agent of AGENTS) {
    const own = runners.filter((runner) => showsSign(runner, agent.signs));
    const other = own.length === 0 ? agent.otherSign?.(cluster, runners) : undefined;
    const pod = own.find(({ shown }) => shown.startsWith('pod ')) ?? own[0];
    if (pod === undefined && other === undefined) continue;
    const taken = agent.takes({ cluster, runners: own });
    // Without any pod of the system nobody can say that kube-proxy's are missing.
    const alone = !explained && system + own.filter(({ shown }) => shown.startsWith('pod ')).length > 0;
    const part: Part =
      taken === 'IF_ALONE' || ((taken === 'POD_CLUSTER_IPS' || taken === 'POD_SERVICES') && alone)
        ? alone
          ? 'ALL'
          : taken === 'IF_ALONE'
            ? 'POD_CLUSTER_IPS'
            : taken
        : taken;
    const sign = other === undefined ? (pod?.shown ?? '') : other;
    if (part === 'ALL') {
      const lone =
        taken === 'ALL' ? 'is set up to translate Services itself' : `runs in ${pod?.namespace} and no kube-proxy does`;
      const why = `${agent.name} ${lone} (${sign}): what it does with the packets of Services is not modelled.`;
      return { replaced: { dataplane: agent.dataplane, why }, beside: [] };
    }
    if (part === 'NONE') continue;
    const what =
      part === 'POD_CLUSTER_IPS' ? 'cluster IPs' : 'cluster IPs, external addresses and load balancers of Services';
    // Only where it is seen at work: a DaemonSet of a snapshot without pods says little.
    if (pod !== undefined && (pod.shown.startsWith('pod ') || system > 0 || taken !== 'IF_ALONE')) {
      beside.push({
        part,
        why:
          `${agent.name} runs beside kube-proxy (${sign}) and balances itself what pods send to ${what}, which ` +
          'is not modelled.',
      });
    }
  }
  if (explained || system === 0) return { beside };
  const why =
    `The snapshot holds ${system} pods of the system and no kube-proxy among them, and nothing in it explains why: ` +
    'it is taken to run all the same, as a process of the nodes.';
  return { beside, assumption: { field: 'settings.dataplane', value: 'KUBE_PROXY', why } };
}

/** Whether a DaemonSet has a node: kube-proxy is often switched off by a selector that matches none. */
function runsSomewhere(cluster: Cluster, nodeSelector: Readonly<Record<string, string>>): boolean {
  for (const { metadata } of cluster.nodes.values()) if (matchesLabels(metadata.labels, nodeSelector)) return true;
  return false;
}

/** Why no pod is kube-proxy's though it runs, in a sentence; undefined where nothing says so. */
function embeddedProxy(cluster: Cluster, runners: readonly Runner[]): string | undefined {
  for (const node of cluster.nodes.values()) {
    const found = EMBEDDED.find(({ sign }) => sign(node));
    if (found !== undefined) return found.where;
  }
  const sdn = runners.find((runner) => showsSign(runner, OPENSHIFT_SDN) && runner.namespace === 'openshift-sdn');
  return sdn === undefined ? undefined : `OpenShift SDN has kube-proxy in its own agent (${sdn.shown})`;
}
