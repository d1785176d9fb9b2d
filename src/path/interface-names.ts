/**
 * What a node's interfaces are called. Rules that kube-proxy writes hardly ask, but those of a real node do
 * (`-i cali+`, `-o ens5`), and a name that is guessed lets a packet past a rule that would have dropped it.
 */
import { sha1Hex } from '#platform';
import type { Cluster } from '../cluster/cluster.js';
import type { NodeProxySettings, Settings } from '../cluster/settings.js';
import type { Ruleset } from '../netfilter/ruleset.js';
import { type InterfaceKind, interfaceKind, podNetworkOf } from './pod-networks.js';

/** What is known of the name of one kind of interface. */
export interface NameKnowledge {
  /** The names it may have; a trailing `+` stands for any rest. */
  readonly names: readonly string[];
  /** Whether it has one of these names for certain; otherwise any name that no other kind has by custom. */
  readonly complete: boolean;
}

/** What is known of a node's interface names. */
export interface InterfaceNames {
  /** By which packets of this node's pods come in. */
  readonly fromPods: NameKnowledge;
  /** By which packets for this node's pods leave. */
  readonly toPods: NameKnowledge;
  /**
   * The name of the interface of one pod (`namespace/name`), where the pod network makes it of that; else undefined.
   */
  ofPod(pod: string): string | undefined;
  /** Towards other nodes' addresses and the outside. */
  readonly uplink: NameKnowledge;
  /** Towards pods of other nodes. */
  readonly otherPods: NameKnowledge;
  /** What was taken for granted, by setting: the value and the reason. */
  readonly assumed: readonly { readonly field: string; readonly value: string; readonly why: string }[];
}

const known = (...names: readonly string[]): NameKnowledge => ({ names, complete: true });
const UNKNOWN: NameKnowledge = { names: [], complete: false };

/** Whether the rule's pattern holds every interface with the name (which may end in `+`), none of them, or some. */
function relation(pattern: string, name: string): boolean | undefined {
  const [wide, open] = [pattern.endsWith('+'), name.endsWith('+')];
  const [rule, own] = [wide ? pattern.slice(0, -1) : pattern, open ? name.slice(0, -1) : name];
  if (!open) return wide ? own.startsWith(rule) : own === rule;
  if (wide && own.startsWith(rule)) return true;
  return rule.startsWith(own) ? undefined : false;
}

/** Whether an interface of which this is known has the name that a rule gives; undefined when that is not known. */
export function nameHolds(
  pattern: string,
  { names, complete }: NameKnowledge,
  kind: InterfaceKind,
): boolean | undefined {
  if (pattern === '+') return true;
  const results: (boolean | undefined)[] = names.map((name) => relation(pattern, name));
  if (!complete) {
    const custom = interfaceKind(pattern);
    results.push(custom === undefined || custom === kind ? undefined : false);
  }
  if (results.every((result) => result === true)) return results.length === 0 ? undefined : true;
  return results.every((result) => result === false) ? false : undefined;
}

/** The names of interfaces that the rules match on, loopback and `+` aside. */
function namesInRules(ruleset: Ruleset): readonly string[] {
  const names = new Set<string>();
  for (const table of ruleset.tables) {
    for (const chain of table.chains()) {
      for (const rule of chain.rules) for (const name of ruleset.language.interfacesOf(rule)) names.add(name);
    }
  }
  return [...names].filter((name) => name !== '+' && name !== 'lo');
}

/**
 * Pods' interfaces have a name each: the ones that a dump names stand for one pattern (`cali12345678901` for `cali+`).
 */
function patternOf(name: string): string {
  const prefix = /^(?:cali|eni|azv|lxc|gke|veth)/.exec(name)?.[0];
  return prefix === undefined ? name : `${prefix}+`;
}

function named(names: readonly string[], kind: InterfaceKind): readonly string[] {
  const found = names.filter((name) => interfaceKind(name) === kind);
  return [...new Set(kind === 'POD' ? found.map(patternOf) : found)];
}

/**
 * What the interfaces of a node are called whose real rules are given: by the settings, else the detector of its
 * kube-proxy, else the pod network that the snapshot shows, else the rules themselves. What none of them tells is not
 * known.
 */
export function interfaceNames(
  cluster: Cluster,
  settings: Settings,
  proxy: NodeProxySettings,
  node: string,
  ruleset: Ruleset,
): InterfaceNames {
  const inRules = namesInRules(ruleset);
  const assumed: { field: string; value: string; why: string }[] = [];
  const assume = (field: string, names: readonly string[], why: string) => {
    if (inRules.length > 0) assumed.push({ field: `settings.network.${field}`, value: names.join(','), why });
  };
  const { network } = settings;
  const shown = podNetworkOf(cluster, settings.platform, node);
  let pods: NameKnowledge = UNKNOWN;
  let toPods: NameKnowledge | undefined;
  const podNames = named(inRules, 'POD');
  if (network.podInterface !== undefined) {
    pods = known(network.podInterface);
  } else if (proxy.detectLocalMode === 'BridgeInterface' || proxy.detectLocalMode === 'InterfaceNamePrefix') {
    pods = known(proxy.detectLocalMode === 'BridgeInterface' ? proxy.bridgeInterface : `${proxy.interfaceNamePrefix}+`);
  } else if (shown !== undefined) {
    const narrowed = shown.pods.filter((name) => podNames.includes(name));
    pods = known(...(narrowed.length > 0 ? narrowed : shown.pods));
    if (shown.toPods !== undefined) toPods = known(...shown.toPods);
    assume('podInterface', pods.names, `${shown.sign}, whose pods have such interfaces.`);
  } else if (podNames.length > 0) {
    pods = known(...podNames);
    const why =
      `The rules given for ${node} name no other interface that pods have; the snapshot does not show the pod ` +
      'network.';
    assume('podInterface', podNames, why);
  }
  const uplinks = named(inRules, 'UPLINK');
  let uplink: NameKnowledge = UNKNOWN;
  if (network.uplinkInterface !== undefined) uplink = known(network.uplinkInterface);
  else if (uplinks.length > 0) {
    uplink = known(...uplinks);
    assume('uplinkInterface', uplinks, `The rules given for ${node} name no other interface towards the network.`);
  }
  const otherPods = tunnelNames(uplink, inRules, shown?.tunnels, network.tunnelInterface);
  return { fromPods: pods, toPods: toPods ?? pods, ofPod: (pod) => namedAfter(pod, pods), uplink, otherPods, assumed };
}

/** Prefixes of pod networks that name an interface after its pod: Calico, and the Amazon VPC CNI. */
const NAMED_AFTER_PODS = ['cali', 'eni'];

/**
 * Calico (`VethNameForWorkload`) and the Amazon VPC CNI (`generateHostVethName`) put the beginning of the SHA-1 of
 * `namespace.name` behind their prefix.
 */
function namedAfter(pod: string, { names, complete }: NameKnowledge): string | undefined {
  const [only, ...others] = names;
  const prefix = only?.endsWith('+') === true ? only.slice(0, -1) : undefined;
  if (!complete || others.length > 0 || prefix === undefined || !NAMED_AFTER_PODS.includes(prefix)) return undefined;
  const digest = sha1Hex(pod.replace('/', '.'));
  return `${prefix}${digest.slice(0, 11)}`;
}

/**
 * How pods of other nodes are reached: by the tunnel that is given, by one of those that may be there, or by the
 * uplink.
 */
function tunnelNames(
  uplink: NameKnowledge,
  inRules: readonly string[],
  shown: readonly string[] | undefined,
  given: string | undefined,
): NameKnowledge {
  if (given === 'none') return uplink;
  if (given !== undefined) return known(given);
  const tunnels = [...new Set([...named(inRules, 'TUNNEL'), ...(shown ?? [])])];
  // A pod network that is not shown may have a tunnel that no rule names, but then no rule matches on it either.
  return { names: [...uplink.names, ...tunnels], complete: uplink.complete };
}
