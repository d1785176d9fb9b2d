import { parseCidr } from '../base/address.js';
import { QuestionError } from '../base/errors.js';
import type { Cluster } from './cluster.js';
import { shortened } from './infer-versions.js';
import { coveringPodCIDRs } from './pod-cidrs.js';
import { commandsByNode, controllerManagerCIDR, hostnamesByNode } from './proxy-command.js';
import { commaList, configurationOfConfigMap, defined, type ProxyConfiguration } from './proxy-configuration.js';
import type { Assumption, DetectLocalMode, ProxyMode } from './settings.js';
import type { SettingsOverride } from './settings-override.js';

/** A kube-proxy configuration with every field decided, as nodes share it. */
export type ProxyDecision = Required<
  Omit<
    ProxyConfiguration,
    | 'otherMode'
    | 'nftablesMasqueradeAll'
    | 'nftablesMasqueradeBit'
    | 'hostnameOverride'
    | 'healthzBindAddress'
    | 'metricsBindAddress'
    | 'refused'
    | 'unread'
  >
> &
  Pick<ProxyConfiguration, 'healthzBindAddress' | 'metricsBindAddress' | 'hostnameOverride'>;

/** What was found of the kube-proxies of a cluster. */
export interface ProxyInference {
  /** The configuration of one node's kube-proxy; the same object for nodes that share it. */
  of(node: string): ProxyDecision;
  /** The configuration of most nodes. */
  readonly common: ProxyDecision;
  readonly assumptions: readonly Assumption[];
  /** Set when some kube-proxy runs in a mode that is not modelled and the request names none. */
  readonly otherMode: string | undefined;
  /** Why some kube-proxy does not start, in a sentence: what it refuses, and the request says nothing of. */
  readonly refusal: string | undefined;
}

/** Where a group of nodes has its configuration from. */
interface Source {
  readonly configuration: ProxyConfiguration;
  /** Words for `why`; undefined when nothing was found. */
  readonly origin: string | undefined;
}

function overrideConfiguration(override: SettingsOverride): ProxyConfiguration {
  const { kubeProxy, kernel } = override;
  return defined<ProxyConfiguration>({
    mode: kubeProxy?.mode,
    clusterCIDR: kubeProxy?.clusterCIDR === undefined ? undefined : commaList(kubeProxy.clusterCIDR),
    // The check of the request has let only known modes through.
    detectLocalMode: kubeProxy?.detectLocalMode as DetectLocalMode | undefined,
    bridgeInterface: kubeProxy?.detectLocal?.bridgeInterface,
    interfaceNamePrefix: kubeProxy?.detectLocal?.interfaceNamePrefix,
    nodePortAddresses: kubeProxy?.nodePortAddresses,
    hostnameOverride: kubeProxy?.hostnameOverride,
    healthzBindAddress: kubeProxy?.healthzBindAddress,
    metricsBindAddress: kubeProxy?.metricsBindAddress,
    masqueradeAll: kubeProxy?.iptables?.masqueradeAll,
    masqueradeBit: kubeProxy?.iptables?.masqueradeBit,
    nftablesMasqueradeAll: kubeProxy?.nftables?.masqueradeAll,
    nftablesMasqueradeBit: kubeProxy?.nftables?.masqueradeBit,
    localhostNodePorts: kubeProxy?.iptables?.localhostNodePorts,
    ipvsScheduler: kubeProxy?.ipvs?.scheduler,
    ipvsStrictARP: kubeProxy?.ipvs?.strictARP,
    featureGates: kubeProxy?.featureGates,
    tcpBeLiberal: kernel?.tcpBeLiberal,
  });
}

/** The sources by node: its own kube-proxy's command line, else the ConfigMap, else the commonest command line. */
function sourcesOf(cluster: Cluster): ReadonlyMap<string, Source> {
  const commands = commandsByNode(cluster);
  const configMap = configurationOfConfigMap(cluster);
  const shared = new Map<string, Source & { count: number }>();
  const own = new Map<string, Source>();
  for (const [node, { pod, configuration }] of commands) {
    const key = JSON.stringify(configuration);
    const known = shared.get(key) ?? { configuration, origin: `the command line of pod ${pod}`, count: 0 };
    known.count++;
    shared.set(key, known);
    own.set(node, known);
  }
  const fallback: Source = configMap
    ? { configuration: configMap.configuration, origin: `ConfigMap ${configMap.name}` }
    : ([...shared.values()].sort((a, b) => b.count - a.count)[0] ?? { configuration: {}, origin: undefined });
  return new Map([...cluster.nodes.keys()].map((node) => [node, own.get(node) ?? fallback]));
}

const DETECTION_OFF: Readonly<Record<string, string>> = {
  BridgeInterface: 'bridgeInterface',
  InterfaceNamePrefix: 'interfaceNamePrefix',
};

/** Decides fields one by one: the request's value, the source's, or a default, noting the latter two. */
class Decider {
  readonly assumptions: Assumption[] = [];
  readonly #override: ProxyConfiguration;
  readonly #source: Source;
  readonly #where: string;

  constructor(override: ProxyConfiguration, source: Source, where: string) {
    this.#override = override;
    this.#source = source;
    this.#where = where;
  }

  note(field: string, value: unknown, why: string): void {
    // A request spells cluster CIDRs as one text, as the flag does.
    const spelled = field === 'clusterCIDR' && Array.isArray(value) ? value.join(',') : value;
    this.assumptions.push({ field: `settings.kubeProxy.${field}`, value: spelled, why: `${why}${this.#where}.` });
  }

  /** `field` is its name in a request; undefined keeps a field that the mode does not read out of the assumptions. */
  decide<K extends keyof ProxyConfiguration>(
    key: K,
    field: string | undefined,
    fallback: NonNullable<ProxyConfiguration[K]>,
    why: string,
  ): NonNullable<ProxyConfiguration[K]> {
    const { origin, configuration } = this.#source;
    const given = this.#override[key];
    if (given !== undefined) return given;
    const found = configuration[key];
    if (field !== undefined) {
      if (found !== undefined) this.note(field, found, `Read from ${origin}`);
      else this.note(field, fallback, origin === undefined ? why : `${why}; ${origin} does not set it`);
    }
    return found ?? fallback;
  }

  /** A field of which only what the request or the source says counts: its default needs no word. */
  found<K extends 'hostnameOverride' | 'healthzBindAddress' | 'metricsBindAddress'>(
    key: K,
  ): Pick<ProxyConfiguration, K> {
    const given = this.#override[key] ?? this.#source.configuration[key];
    if (given === undefined) return {} as Pick<ProxyConfiguration, K>;
    // A name is noted with the nodes for which it differs.
    if (this.#override[key] === undefined && key !== 'hostnameOverride')
      this.note(key, given, `Read from ${this.#source.origin}`);
    return { [key]: given } as Pick<ProxyConfiguration, K>;
  }

  /** What the source sets and what is not modelled. */
  noteUnread(): void {
    for (const [name, value] of this.#source.configuration.unread ?? []) {
      const why = `${this.#source.origin} sets it, but it is not modelled: answers are as if it were not set`;
      this.note(name, value, why);
    }
  }
}

/**
 * Where no configuration is seen at all: the pod range of the controller manager, or one that covers the nodes' own.
 */
function inferClusterCIDR(cluster: Cluster): { readonly cidrs: readonly string[]; readonly why: string } {
  const manager = controllerManagerCIDR(cluster);
  if (manager?.cidrs.every((text) => parseCidr(text) !== undefined)) {
    return {
      cidrs: manager.cidrs,
      why: `--cluster-cidr of pod ${manager.pod}; the configuration of kube-proxy is not in the snapshot`,
    };
  }
  const cidrs = coveringPodCIDRs(cluster);
  return cidrs.length > 0
    ? {
        cidrs,
        why:
          'The configuration of kube-proxy is not in the snapshot: the smallest CIDR that covers the pod ' +
          'CIDRs of all nodes ' +
          '(and is no narrower than a /16, or a /48 for IPv6), since most installers set one',
      }
    : {
        cidrs: [],
        why:
          'Neither the configuration of kube-proxy nor pod CIDRs of nodes are in the snapshot: detection of ' +
          'local traffic is off',
      };
}

function decideClusterCIDR(
  cluster: Cluster,
  decider: Decider,
  override: ProxyConfiguration,
  source: Source,
  mode: DetectLocalMode,
) {
  const given = override.clusterCIDR;
  if (given !== undefined || mode !== 'ClusterCIDR') return given ?? source.configuration.clusterCIDR ?? [];
  if (source.origin !== undefined) {
    return decider.decide(
      'clusterCIDR',
      'clusterCIDR',
      [],
      "kube-proxy's default, by which detection of local traffic is off",
    );
  }
  const { cidrs, why } = inferClusterCIDR(cluster);
  decider.note('clusterCIDR', cidrs, why);
  return cidrs;
}

function decideMasquerade(decider: Decider, mode: ProxyMode) {
  const [all, bit, section] =
    mode === 'nftables'
      ? (['nftablesMasqueradeAll', 'nftablesMasqueradeBit', 'nftables'] as const)
      : (['masqueradeAll', 'masqueradeBit', 'iptables'] as const);
  return {
    masqueradeAll: decider.decide(all, `${section}.masqueradeAll`, false, "kube-proxy's default"),
    masqueradeBit: decider.decide(bit, `${section}.masqueradeBit`, 14, "kube-proxy's default"),
  };
}

/** The interface that the detector needs; without one in the request's own mode an error, else detection is off. */
function decideInterface(decider: Decider, mode: DetectLocalMode, override: ProxyConfiguration) {
  const bridge = mode === 'BridgeInterface';
  const prefix = mode === 'InterfaceNamePrefix';
  const absent = 'Not set, so that detection of local traffic is off';
  const names = {
    bridgeInterface: decider.decide('bridgeInterface', bridge ? 'detectLocal.bridgeInterface' : undefined, '', absent),
    interfaceNamePrefix: decider.decide(
      'interfaceNamePrefix',
      prefix ? 'detectLocal.interfaceNamePrefix' : undefined,
      '',
      absent,
    ),
  };
  const missing = (bridge && names.bridgeInterface === '') || (prefix && names.interfaceNamePrefix === '');
  if (missing && override.detectLocalMode !== undefined) {
    const field = DETECTION_OFF[mode] as string;
    const detail =
      `detectLocalMode ${mode} needs detectLocal.${field}, which ` + 'neither the request nor the snapshot gives.';
    const pointer = `/settings/kubeProxy/detectLocal/${field}`;
    throw new QuestionError('INVALID_REQUEST', detail, [{ pointer, in: 'request', detail }]);
  }
  return { ...names, missing };
}

function decide(cluster: Cluster, override: ProxyConfiguration, source: Source, where: string) {
  const decider = new Decider(override, source, where);
  const mode = decider.decide('mode', 'mode', 'iptables', "kube-proxy's default on Linux");
  const asked = decider.decide('detectLocalMode', 'detectLocalMode', 'ClusterCIDR', "kube-proxy's default");
  const clusterCIDR = decideClusterCIDR(cluster, decider, override, source, asked);
  const { missing, ...interfaces } = decideInterface(decider, asked, override);
  const ipvs = (field: string) => (mode === 'ipvs' ? `ipvs.${field}` : undefined);
  const decision: ProxyDecision = {
    mode,
    clusterCIDR,
    // kube-proxy goes on without a detector then (cmd/kube-proxy/app/server_linux.go, getLocalDetector).
    detectLocalMode: missing ? 'None' : asked,
    ...interfaces,
    nodePortAddresses: decider.decide(
      'nodePortAddresses',
      'nodePortAddresses',
      [],
      "kube-proxy's default for its mode and version",
    ),
    ...decideMasquerade(decider, mode),
    localhostNodePorts: decider.decide(
      'localhostNodePorts',
      mode === 'iptables' ? 'iptables.localhostNodePorts' : undefined,
      true,
      "kube-proxy's default",
    ),
    ipvsScheduler: decider.decide('ipvsScheduler', ipvs('scheduler'), 'rr', "kube-proxy's default"),
    ipvsStrictARP: decider.decide('ipvsStrictARP', ipvs('strictARP'), false, "kube-proxy's default"),
    featureGates: decider.decide('featureGates', 'featureGates', {}, "Every gate has its version's default"),
    tcpBeLiberal: decider.decide('tcpBeLiberal', undefined, false, ''),
    ...decider.found('healthzBindAddress'),
    ...decider.found('metricsBindAddress'),
    ...decider.found('hostnameOverride'),
  };
  decider.noteUnread();
  return { decision, assumptions: decider.assumptions };
}

/**
 * The names that kube-proxies take for their nodes' own, where they are others: by the request, their command line
 * (which counts beside a configuration file, `processHostnameOverrideFlag`) or the configuration that they share.
 */
function namesOf(
  cluster: Cluster,
  given: string | undefined,
  sources: ReadonlyMap<string, Source>,
): { readonly byNode: ReadonlyMap<string, string>; readonly assumptions: readonly Assumption[] } {
  const names = hostnamesByNode(cluster);
  const byNode = new Map<string, string>();
  const noted = new Map<string, { readonly name: string; readonly origin: string; readonly nodes: string[] }>();
  for (const [node, source] of sources) {
    const own = names.get(node);
    const shared = source.configuration.hostnameOverride;
    const written = given ?? own?.name ?? (shared?.includes('$') === true ? undefined : shared);
    const name = written?.trim().toLowerCase();
    if (!name || name === node) continue;
    byNode.set(node, name);
    if (given !== undefined) continue;
    const origin = own === undefined ? (source.origin ?? '') : `the command line of pod ${own.pod}`;
    const known = noted.get(`${name} ${origin}`) ?? { name, origin, nodes: [] };
    noted.set(`${name} ${origin}`, known);
    known.nodes.push(node);
  }
  const assumptions = [...noted.values()].map(({ name, origin, nodes }) => ({
    field: 'settings.kubeProxy.hostnameOverride',
    value: name,
    why:
      `Read from ${origin} (${shortened(nodes)}): kube-proxy takes the endpoints of node ${name}, and no ` +
      'others, for local.',
  }));
  return { byNode, assumptions };
}

/** The first value of a source that kube-proxy refuses and that the request does not replace. */
function refusalOf({ configuration, origin }: Source, given: ProxyConfiguration): string | undefined {
  const refused = configuration.refused?.find(({ key }) => given[key] === undefined);
  if (refused === undefined) return undefined;
  return (
    `${origin} sets ${refused.name} to ${JSON.stringify(refused.value)}, with which kube-proxy does not start: the ` +
    'rules of its nodes are not known.'
  );
}

/** Settles the kube-proxy configuration of every node. Throws QuestionError INVALID_REQUEST. */
export function inferProxy(cluster: Cluster, override: SettingsOverride): ProxyInference {
  const given = overrideConfiguration(override);
  const sources = sourcesOf(cluster);
  const groups = new Map<Source, string[]>();
  for (const [node, source] of sources) groups.set(source, [...(groups.get(source) ?? []), node]);
  if (groups.size === 0) groups.set({ configuration: {}, origin: undefined }, []);
  const decided = [...groups].map(([source, nodes]) => ({
    source,
    nodes,
    ...decide(cluster, given, source, groups.size > 1 ? ` (${shortened(nodes)})` : ''),
  }));
  const names = namesOf(
    cluster,
    given.hostnameOverride,
    new Map(decided.flatMap(({ source, nodes }) => nodes.map((node) => [node, source] as const))),
  );
  const byNode = new Map(
    decided.flatMap(({ nodes, decision: { hostnameOverride: _, ...decision } }) =>
      nodes.map((node): readonly [string, ProxyDecision] => {
        const name = names.byNode.get(node);
        return [node, name === undefined ? decision : { ...decision, hostnameOverride: name }];
      }),
    ),
  );
  const common = decided.reduce((most, group) => (group.nodes.length > most.nodes.length ? group : most)).decision;
  const otherMode =
    given.mode === undefined ? decided.find(({ source }) => source.configuration.otherMode)?.source : undefined;
  return {
    of: (node) => byNode.get(node) ?? common,
    common,
    assumptions: [...decided.flatMap(({ assumptions }) => assumptions), ...names.assumptions],
    otherMode: otherMode?.configuration.otherMode,
    refusal: decided.map(({ source }) => refusalOf(source, given)).find((why) => why !== undefined),
  };
}
