/** Who enforces network policies in a cluster, as its DaemonSets and pods show it. */
import { remember } from '../base/remember.js';
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
  signOfAzureCilium,
  signOfOvnKubernetes,
} from '../cluster/agent-signs.js';
import {
  environmentOf,
  flagOf,
  imageTagOf,
  isLookedAt,
  type Runner,
  runnersOf,
  type Signs,
  showsAgents,
  showsSign,
} from '../cluster/agents.js';
import type { Cluster } from '../cluster/cluster.js';
import type { OverlayMap } from '../cluster/overlay-map.js';
import type { Resource } from '../cluster/resources.js';

/** A network plugin as policies meet it. */
export interface Enforcer {
  readonly name: string;
  /** Which API of administrators it knows. */
  readonly admin: { readonly anp: boolean; readonly cnp: boolean };
  /** Whom an ipBlock matches by address: everybody, addresses outside alone, or those and nodes. */
  readonly blocks: 'ALL' | 'OUTSIDE' | 'OUTSIDE_AND_NODES';
  /**
   * Policies on incoming connections see what this node masquerades as coming from the gateway of its pods, on the
   * pod's own node too.
   */
  readonly seesMasqueraded?: true;
  /** Policies on outgoing connections see them before kube-proxy translates them. */
  readonly seesServices?: true;
  /**
   * A pod that no policy selects is denied everything but its own node (Cilium's `enable-policy: always`, the AWS
   * agent's strict mode).
   */
  readonly deniesByDefault?: true;
  /** Of the pod's own node only connections of root are let through whatever policies say. */
  readonly rootOnly?: true;
  /** The API group of policies of its own, which are not evaluated. */
  readonly own?: RegExp;
  /** What a client sees of a denied connection. */
  readonly denial: 'DROP' | 'REJECT';
  /** What becomes of an established connection that a new policy denies. */
  readonly established: 'KEPT' | 'CUT' | 'UNKNOWN';
}

/** Whether policies are enforced, and how that is known. */
export interface Enforcement {
  readonly enforced: boolean;
  readonly by: Enforcer | undefined;
  /** For the assumption: what was taken, and why. */
  readonly value: string;
  readonly why: string;
}

interface EnforcerKind extends Enforcer {
  /** One of them is enough. */
  readonly signs: readonly Signs[];
  /** What else shows it: an object, a node; in words. */
  readonly otherSign?: (cluster: Cluster) => string | undefined;
  /** Whether this one enforces at all, by its flags. */
  readonly isOn?: (runner: Runner) => boolean;
  /** What its version, or its flags, make otherwise. */
  readonly fitted?: (runner: Runner) => Partial<Enforcer>;
}

const NO_ADMIN = { anp: false, cnp: false } as const;
const plain = { admin: NO_ADMIN, blocks: 'ALL', denial: 'DROP' } as const;

/** Calico reads AdminNetworkPolicy from 3.29 to 3.31, and ClusterNetworkPolicy instead from 3.32 on. */
function adminOfCalico(runner: Runner): Partial<Enforcer> {
  const tag = imageTagOf(runner, /(?:^|\/)calico\/node$/) ?? imageTagOf(runner, /(?:^|\/)calico-node$/);
  const [, major, minor] = /^v?(\d+)\.(\d+)\b/.exec(tag ?? '') ?? [];
  if (major === undefined || minor === undefined) return {};
  const version = Number(major) * 1000 + Number(minor);
  return { admin: { anp: version >= 3029 && version < 3032, cnp: version >= 3032 } };
}

/** Which flavour of kube-network-policies it is (by the image's tag, before by flags), and whether it is strict. */
function flavourOf(runner: Runner): Partial<Enforcer> {
  const tag = imageTagOf(runner, /kube-network-policies$/) ?? '';
  const flag = (name: string) => flagOf(runner, 'netpol', name);
  const anp = /-npa-v1alpha1\b/.test(tag) || flag('admin-network-policy') === 'true';
  const cnp = /-npa-v1(?:alpha2|beta1)\b/.test(tag);
  const isKnown = /^v\d+\.\d+/.test(tag) || anp || cnp;
  const isOld = /^v0\./.test(tag);
  const strict = flag('strict-mode');
  return {
    ...(isKnown ? { admin: { anp, cnp } } : {}),
    ...((isOld && strict !== 'true') || strict === 'false' ? { established: 'KEPT' } : {}),
  };
}

/** Kind 0.24, of which the image of kindnet has this date, is the first that enforces policies. */
const KINDNET_ENFORCES = 20240813;

/** Network plugins that enforce policies; the first one that the snapshot shows counts. */
const ENFORCERS: readonly EnforcerKind[] = [
  {
    ...plain,
    name: 'Calico',
    signs: [CALICO],
    admin: { anp: true, cnp: true },
    fitted: adminOfCalico,
    own: /^(?:crd\.)?projectcalico\.org\//,
    established: 'KEPT',
  },
  {
    ...plain,
    name: 'Cilium',
    signs: [CILIUM, ANETD],
    otherSign: signOfAzureCilium,
    blocks: 'OUTSIDE',
    own: /^cilium\.io\/|^networking\.gke\.io\//,
    established: 'CUT',
  },
  {
    ...plain,
    name: 'kube-router',
    signs: [KUBE_ROUTER],
    isOn: (runner) => flagOf(runner, 'kube-router', 'run-firewall') !== 'false',
    denial: 'REJECT',
    established: 'KEPT',
  },
  {
    ...plain,
    name: 'kube-network-policies',
    signs: [{ names: /^kube-network-policies$/, images: /kube-network-policies[:@-]/ }],
    admin: { anp: true, cnp: true },
    fitted: flavourOf,
    established: 'CUT',
    rootOnly: true,
  },
  {
    ...plain,
    name: 'kindnet',
    signs: [{ names: /^kindnet$/, labels: ['k8s-app=kindnet'] }],
    isOn: (runner) => {
      const [, date] = /^v(\d{8})-/.exec(imageTagOf(runner, /(?:^|\/)kindnetd$/) ?? '') ?? [];
      return date === undefined || Number(date) >= KINDNET_ENFORCES;
    },
    established: 'CUT',
    rootOnly: true,
  },
  {
    ...plain,
    name: 'OVN-Kubernetes',
    signs: [OVN_KUBERNETES],
    otherSign: signOfOvnKubernetes,
    admin: { anp: true, cnp: false },
    own: /^k8s\.ovn\.org\//,
    established: 'CUT',
  },
  {
    ...plain,
    name: 'Antrea',
    signs: [ANTREA],
    admin: { anp: true, cnp: false },
    own: /^crd\.antrea\.io\//,
    established: 'KEPT',
    seesMasqueraded: true,
  },
  {
    ...plain,
    name: 'Azure NPM',
    signs: [{ names: /^azure-npm$/, labels: ['k8s-app=azure-npm'] }],
    established: 'UNKNOWN',
  },
  {
    ...plain,
    name: 'the AWS network policy agent',
    signs: [{ names: /^aws-node$/, labels: ['k8s-app=aws-node'] }],
    isOn: ({ containers }) =>
      containers.some(({ args }) => (args ?? []).some((text) => text === '--enable-network-policy=true')),
    // Strict: a pod starts with everything denied, and only policies that select it let anything through.
    fitted: (runner) =>
      environmentOf(runner, 'NETWORK_POLICY_ENFORCING_MODE') === 'strict' ? { deniesByDefault: true } : {},
    own: /^networking\.k8s\.aws\//,
    established: 'KEPT',
    seesServices: true,
  },
  {
    ...plain,
    name: 'Weave Net',
    signs: [{ names: /^weave-net$/, labels: ['name=weave-net'] }],
    established: 'UNKNOWN',
  },
  // Of these nothing is verified: they are taken to enforce what is documented.
  { ...plain, name: 'Kube-OVN', signs: [KUBE_OVN], established: 'UNKNOWN' },
  { ...plain, name: 'the NSX Container Plugin', signs: [NSX], established: 'UNKNOWN' },
  { ...plain, name: 'Contrail', signs: [CONTRAIL], established: 'UNKNOWN' },
];

/** What Cilium's ConfigMap says of policies; undefined where it is not there. */
function ciliumConfig(cluster: Cluster): Readonly<Record<string, string>> | undefined {
  for (const { metadata, data } of cluster.configMaps.values())
    if (metadata.name === 'cilium-config') return data ?? {};
  return undefined;
}

/** Cilium as its ConfigMap sets it up. */
function ciliumEnforcement(cluster: Cluster, kind: EnforcerKind, shown: string): Enforcement | undefined {
  const config = ciliumConfig(cluster);
  if (config === undefined || kind.name !== 'Cilium') return undefined;
  const off =
    config['enable-policy'] === 'never'
      ? 'enable-policy is never'
      : config['policy-audit-mode'] === 'true'
        ? 'policy-audit-mode is true'
        : undefined;
  if (off !== undefined) {
    const why = `Cilium is there (seen: ${shown}), and does not enforce policies: ${off} in ConfigMap cilium-config.`;
    return { enforced: false, by: undefined, value: 'IGNORED', why };
  }
  const blocks = /\bnodes\b/.test(config['policy-cidr-match-mode'] ?? '') ? 'OUTSIDE_AND_NODES' : 'OUTSIDE';
  const always = config['enable-policy'] === 'always';
  const why = `Cilium enforces them (seen: ${shown}). They are evaluated after DNAT and before SNAT of the same node.`;
  return {
    enforced: true,
    by: { ...kind, blocks, ...(always ? { deniesByDefault: true as const } : {}) },
    value: 'ENFORCED',
    why,
  };
}

const standing = new WeakMap<object, object>();

/** Stands for all variants of a part of a cluster that show the same: its base, where no replacement shows anything. */
function standingFor<V>(part: OverlayMap<V>, shows: (one: V) => boolean): object {
  return remember(standing, part, () => {
    for (const [key, is] of part.replacements) {
      const was = part.base.get(key);
      if ((is !== undefined && shows(is)) || (was !== undefined && shows(was))) return part;
    }
    return part.base;
  });
}

/** Resources of the kinds that {@link signOfOvnKubernetes} and {@link DEFINITIONS} look for. */
const isSign = ({ kind }: Resource) => kind === 'Network' || kind === 'CustomResourceDefinition';

/** What agents show, by all that is looked at of a cluster: one WeakMap in another for each. */
const found = new WeakMap<object, unknown>();

/** What agents show of a cluster, looked for once; undefined where the snapshot has none. */
function seenOnce(cluster: Cluster): Enforcement | undefined {
  const { configMaps, workloads, nodes } = cluster;
  let at = found;
  for (const part of [configMaps, workloads, nodes, standingFor(cluster.pods, isLookedAt)]) {
    at = remember(at, part, () => new WeakMap<object, unknown>()) as WeakMap<object, unknown>;
  }
  const resources = standingFor(cluster.resources, isSign);
  const known = remember(at, resources, () => ({ seen: seen(cluster) })) as { readonly seen: Enforcement | undefined };
  return known.seen;
}

/** The part of kube-router that k3s has built in. */
const K3S: Enforcer = { ...plain, name: "k3s' controller", denial: 'REJECT', established: 'KEPT' };

/**
 * What k3s does, which no pod shows; undefined where no node is one of k3s. Its nodes carry what they were started
 * with.
 */
function enforcementOfK3s(cluster: Cluster): Enforcement | undefined {
  const nodes = [...cluster.nodes.values()].filter(({ status }) => status?.nodeInfo?.kubeletVersion?.includes('+k3s'));
  const [first] = nodes;
  if (first === undefined) return undefined;
  const started = nodes.map(({ metadata }) => metadata.annotations?.['k3s.io/node-args'] ?? '');
  const off = started.find((text) => /--disable-network-policy(?![\w-])(?!",\s*"false|=false)/.test(text));
  if (off !== undefined) {
    const why = `k3s does not enforce them: --disable-network-policy is set (seen: node ${first.metadata.name}).`;
    return { enforced: false, by: undefined, value: 'IGNORED', why };
  }
  const why =
    `k3s has a controller built in that enforces them (seen: node ${first.metadata.name}), unless it is switched ` +
    'off. They are evaluated after DNAT and before SNAT of the same node.';
  return { enforced: true, by: K3S, value: 'ENFORCED', why };
}

/** Whether policies of a kind that is not evaluated count: those of other plugins than the one that enforces do not. */
export function countsForeign(by: Enforcer | undefined, { apiVersion }: { readonly apiVersion: string }): boolean {
  return by === undefined || by.own?.test(apiVersion) === true;
}

/** What agents show; undefined where the snapshot has none. */
function seen(cluster: Cluster): Enforcement | undefined {
  const runners = runnersOf(cluster);
  for (const kind of ENFORCERS) {
    const runner = runners.find(
      (one) => kind.signs.some((signs) => showsSign(one, signs)) && (kind.isOn?.(one) ?? true),
    );
    const shown = runner?.shown ?? kind.otherSign?.(cluster);
    if (shown === undefined) continue;
    const cilium = ciliumEnforcement(cluster, kind, shown);
    if (cilium !== undefined) return cilium;
    const place =
      kind.seesServices === true
        ? 'Those of outgoing connections are evaluated before DNAT, those of incoming ones before SNAT of the ' +
          'same node.'
        : kind.seesMasqueraded === true
          ? 'They are evaluated after DNAT and after SNAT of the same node.'
          : 'They are evaluated after DNAT and before SNAT of the same node.';
    const why = `${kind.name} enforces them (seen: ${shown}). ${place}`;
    return { enforced: true, by: { ...kind, ...(runner && kind.fitted?.(runner)) }, value: 'ENFORCED', why };
  }
  const k3s = enforcementOfK3s(cluster);
  if (k3s !== undefined) return k3s;
  if (showsAgents(cluster, runners)) {
    const why = 'The snapshot shows nobody who enforces network policies: they are probably ignored.';
    return { enforced: false, by: undefined, value: 'IGNORED', why };
  }
  return undefined;
}

/** Custom resources of plugins, by the name of their definition. */
const DEFINITIONS: readonly (readonly [name: string, definition: RegExp])[] = [
  ['Calico', /\.crd\.projectcalico\.org$/],
  ['the AWS network policy agent', /^policyendpoints\.networking\.k8s\.aws$/],
];

const unseen = new WeakMap<object, Enforcement>();

/**
 * Where no agents are shown: definitions of a plugin's custom resources say which one there probably is. They stay
 * where a plugin is taken away, and EKS has those of its agent whether it is switched on or not.
 */
function notSeen(cluster: Cluster): Enforcement {
  return remember(unseen, standingFor(cluster.resources, isSign), () => {
    const nobody =
      'The snapshot shows no pods of kube-system and no DaemonSets, hence not who enforces network policies';
    for (const [name, definition] of DEFINITIONS) {
      const by = ENFORCERS.find((one) => one.name === name);
      for (const { kind, metadata } of cluster.resources.values()) {
        if (kind !== 'CustomResourceDefinition' || !definition.test(metadata.name)) continue;
        const why = `${nobody}: probably ${name} does (seen: CustomResourceDefinition ${metadata.name}).`;
        return { enforced: true, by, value: 'ENFORCED', why };
      }
    }
    return { enforced: true, by: undefined, value: 'ENFORCED', why: `${nobody}: as if somebody did, as documented.` };
  });
}

const shownBy = new WeakMap<Cluster, Enforcement>();

/** Whether network policies are enforced; `stated` is what the request says. */
export function enforcementOf(cluster: Cluster, stated: 'ENFORCED' | 'IGNORED' | undefined): Enforcement {
  // Asked for every packet.
  const shown = remember(shownBy, cluster, () => seenOnce(cluster) ?? notSeen(cluster));
  if (stated === undefined) return shown;
  const enforced = stated === 'ENFORCED';
  return { enforced, by: enforced ? shown.by : undefined, value: stated, why: 'The request says so.' };
}
