import type { Cluster } from './cluster.js';
import { type Container, namespacedName, type Pod } from './objects.js';
import {
  cidrsOf,
  commaList,
  DETECT_LOCAL_MODES,
  defined,
  interfaceName,
  known,
  nodePortAddressesOf,
  otherMode,
  PROXY_MODES,
  type ProxyConfiguration,
  refusedOf,
  some,
} from './proxy-configuration.js';
import { unreadFlags } from './proxy-fields.js';

/** A program's flags as its container is given them. Flags without a value have the value `true`. */
export type Flags = ReadonlyMap<string, string>;

/** Splits a shell command into words: quotes join, backslashes escape. GKE starts kube-proxy by `sh -c "…"`. */
function shellWords(line: string): string[] {
  const words: string[] = [];
  for (const [part] of line.matchAll(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/gs)) {
    words.push(
      part.replace(
        /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/gs,
        (_, single, double, escaped) =>
          // Inside double quotes a backslash escapes these four only (POSIX shell, 2.2.3).
          single ?? double?.replace(/\\([$`"\\])/g, '$1') ?? escaped,
      ),
    );
  }
  return words;
}

/** The flags of `program` in a container's command and args; undefined when the container does not run it visibly. */
export function flagsOf(container: Container, program: string): Flags | undefined {
  const words = [...(container.command ?? []), ...(container.args ?? [])].flatMap((word) =>
    /\s/.test(word) && word.includes(program) ? shellWords(word) : [word],
  );
  const start = words.findIndex((word) => word === program || word.endsWith(`/${program}`));
  // Without the program's own name (the image's entry point runs it) the flags are alone.
  if (start < 0 && !words[0]?.startsWith('-')) return undefined;
  const flags = new Map<string, string>();
  for (let i = start + 1; i < words.length; i++) {
    const match = /^--?([a-zA-Z][\w-]*)(?:=(.*))?$/s.exec(words[i] as string);
    if (match === null) continue;
    const next = words[i + 1];
    const separate = match[2] === undefined && next !== undefined && !/^(?:-|[0-9]*>|&|\||;)/.test(next);
    flags.set(match[1] as string, match[2] ?? (separate ? next : 'true'));
  }
  return flags;
}

/** The flags as a configuration (kube-proxy cmd/kube-proxy/app/options.go); empty values mean the default. */
function configurationOfFlags(flags: Flags): ProxyConfiguration {
  const list = (name: string) => commaList(flags.get(name) ?? '');
  const flag = (name: string) => {
    const value = flags.get(name)?.toLowerCase();
    return value === undefined ? undefined : ['true', '1', 't'].includes(value);
  };
  const text = (name: string) => flags.get(name) || undefined;
  const bit = /^\d+$/.test(flags.get('iptables-masquerade-bit') ?? '')
    ? Number(flags.get('iptables-masquerade-bit'))
    : undefined;
  const gates = list('feature-gates').map((entry) => entry.split('=') as [string, string | undefined]);
  return defined<ProxyConfiguration>({
    mode: known(PROXY_MODES, flags.get('proxy-mode')),
    otherMode: otherMode(text('proxy-mode')),
    clusterCIDR: cidrsOf(list('cluster-cidr')),
    detectLocalMode: known(DETECT_LOCAL_MODES, flags.get('detect-local-mode')),
    bridgeInterface: interfaceName(text('pod-bridge-interface')),
    interfaceNamePrefix: interfaceName(text('pod-interface-name-prefix')),
    nodePortAddresses: nodePortAddressesOf(list('nodeport-addresses')),
    masqueradeAll: flag('masquerade-all'),
    nftablesMasqueradeAll: flag('masquerade-all'),
    masqueradeBit: bit !== undefined && bit <= 31 ? bit : undefined,
    localhostNodePorts: flag('iptables-localhost-nodeports'),
    ipvsScheduler: text('ipvs-scheduler'),
    ipvsStrictARP: flag('ipvs-strict-arp'),
    tcpBeLiberal: flag('conntrack-tcp-be-liberal'),
    featureGates:
      gates.length > 0
        ? Object.fromEntries(gates.map(([gate, on]) => [gate, on?.toLowerCase() === 'true']))
        : undefined,
    healthzBindAddress: bindAddress(text('healthz-bind-address'), flags.get('healthz-port'), '0.0.0.0'),
    metricsBindAddress: bindAddress(text('metrics-bind-address'), flags.get('metrics-port'), '127.0.0.1'),
    refused: some(
      refusedOf(
        {
          detectLocalMode: text('detect-local-mode'),
          clusterCIDR: list('cluster-cidr'),
          nodePortAddresses: list('nodeport-addresses'),
        },
        {
          detectLocalMode: '--detect-local-mode',
          clusterCIDR: '--cluster-cidr',
          nodePortAddresses: '--nodeport-addresses',
        },
      ),
    ),
    unread: some(
      unreadFlags(flags, text('proxy-mode') ?? 'iptables').map(([name, value]) => [`--${name}`, value] as const),
    ),
  });
}

/** A bind address with the port of the older flag beside it (`--healthz-port`; 0: kube-proxy does not listen). */
function bindAddress(address: string | undefined, port: string | undefined, usual: string): string | undefined {
  if (port === undefined || !/^\d+$/.test(port)) return address;
  return address === undefined || !address.includes(':') ? `${address ?? usual}:${port}` : address;
}

/** The value of a flag with `$(NAME)` replaced by the container's environment; undefined where that does not tell. */
function resolved(value: string, container: Container, node: string): string | undefined {
  let known = true;
  const text = value.replace(/\$\(([\w.-]+)\)|\$\{?(\w+)\}?/g, (_, name?: string, shell?: string) => {
    const found = environmentOf(container, node).get(name ?? shell ?? '');
    known &&= found !== undefined;
    return found ?? '';
  });
  return known ? text : undefined;
}

function environmentOf(container: Container, node: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const { env } = container as { readonly env?: unknown };
  for (const entry of Array.isArray(env) ? env : []) {
    const { name, value, valueFrom } = Object(entry) as Readonly<Record<string, unknown>>;
    const { fieldPath } = Object((Object(valueFrom) as Readonly<Record<string, unknown>>).fieldRef) as {
      fieldPath?: unknown;
    };
    if (typeof name !== 'string') continue;
    if (typeof value === 'string') found.set(name, value);
    else if (fieldPath === 'spec.nodeName') found.set(name, node);
  }
  return found;
}

/** The node name that the kube-proxy of a node is configured to take for its own. */
export interface OverriddenName {
  readonly pod: string;
  /** As kube-proxy uses it: without blanks at its ends, in lower case. */
  readonly name: string;
}

/** `--hostname-override` of the cluster's kube-proxy pods by node. It counts beside `--config`, unlike other flags. */
export function hostnamesByNode(cluster: Cluster): ReadonlyMap<string, OverriddenName> {
  const names = new Map<string, OverriddenName>();
  for (const pod of cluster.podsIn('kube-system')) {
    const node = pod.spec?.nodeName;
    if (!node || names.has(node) || !isProxyPod(pod)) continue;
    for (const container of pod.spec?.containers ?? []) {
      const given = flagsOf(container, 'kube-proxy')?.get('hostname-override');
      const name = given === undefined ? undefined : resolved(given, container, node)?.trim().toLowerCase();
      if (name) names.set(node, { pod: `kube-system/${pod.metadata.name}`, name });
    }
  }
  return names;
}

/**
 * Where kube-proxy's pods are: OpenShift's operator has a namespace for them, where the network plugin needs
 * kube-proxy.
 */
const PROXY_NAMESPACES = ['kube-system', 'openshift-kube-proxy'];

/**
 * Whether a pod or DaemonSet is a kube-proxy, by the labels that kubeadm, GKE, EKS and others give it or by its name in
 * one of the namespaces of the system.
 */
export function isProxyLike(namespace: string, name: string, labels: Readonly<Record<string, string>> = {}): boolean {
  if (labels['k8s-app'] === 'kube-proxy' || labels.component === 'kube-proxy') return true;
  if (!PROXY_NAMESPACES.includes(namespace)) return false;
  return labels.app === 'kube-proxy' || name === 'kube-proxy' || /^(?:openshift-)?kube-proxy-/.test(name);
}

/** Whether a pod is a kube-proxy. */
function isProxyPod({ metadata: { namespace = 'default', name, labels } }: Pod): boolean {
  return isProxyLike(namespace, name, labels);
}

export interface ProxyCommand {
  /** The pod it was read from, `namespace/name`. */
  readonly pod: string;
  readonly configuration: ProxyConfiguration;
}

/**
 * The command lines of the cluster's kube-proxy pods by node. A kube-proxy with `--config` takes everything from that
 * file, and one without any flag says nothing: neither is listed.
 */
export function commandsByNode(cluster: Cluster): ReadonlyMap<string, ProxyCommand> {
  const commands = new Map<string, ProxyCommand>();
  for (const pod of PROXY_NAMESPACES.flatMap((namespace) => cluster.podsIn(namespace))) {
    const node = pod.spec?.nodeName;
    if (!node || commands.has(node) || !isProxyPod(pod)) continue;
    for (const container of pod.spec?.containers ?? []) {
      const flags = flagsOf(container, 'kube-proxy');
      if (flags === undefined || flags.size === 0 || flags.has('config')) continue;
      commands.set(node, { pod: namespacedName(pod), configuration: configurationOfFlags(flags) });
      break;
    }
  }
  return commands;
}

/** `--cluster-cidr` of a kube-controller-manager in the snapshot: the range that pod CIDRs are cut from. */
export function controllerManagerCIDR(
  cluster: Cluster,
): { readonly pod: string; readonly cidrs: readonly string[] } | undefined {
  for (const pod of cluster.podsIn('kube-system')) {
    const { labels, name } = pod.metadata;
    if (labels?.component !== 'kube-controller-manager' && !name.startsWith('kube-controller-manager')) continue;
    for (const container of pod.spec?.containers ?? []) {
      const cidrs = commaList(flagsOf(container, 'kube-controller-manager')?.get('cluster-cidr') ?? '');
      if (cidrs.length > 0) return { pod: `kube-system/${name}`, cidrs };
    }
  }
  return undefined;
}
