import { parseAddress, parseCidr } from '../base/address.js';
import type { IpMasq } from '../contract/gen/types.js';
import type { Cluster } from './cluster.js';
import type { Container } from './objects.js';
import { type Flags, flagsOf } from './proxy-command.js';
import type { Assumption, IpMasqSettings, Platform } from './settings.js';
import { yamlValue } from './yaml/documents.js';

/** What a request says of it; the rest is inferred. */
export type IpMasqOverride = IpMasq;

const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'];
/** What `--nomasq-all-reserved-ranges` adds, in the agent's order. */
const RESERVED = [
  '100.64.0.0/10',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '240.0.0.0/4',
];

/** What the boot script excepts, in its order, with the RFC that its comments name. */
export const BOOT_SCRIPT_RANGES: readonly (readonly [cidr: string, rfc: number])[] = [
  ['10.0.0.0/8', 1918],
  ['172.16.0.0/12', 1918],
  ['192.168.0.0/16', 1918],
  ['240.0.0.0/4', 5735],
  ['192.0.2.0/24', 5737],
  ['198.51.100.0/24', 5737],
  ['203.0.113.0/24', 5737],
  ['100.64.0.0/10', 6598],
  ['198.18.0.0/15', 6815],
  ['192.0.0.0/24', 6890],
  ['192.88.99.0/24', 7526],
];

/** More than this and the agent refuses its configuration (`cidrLimit`, which the file itself can raise). */
const CIDR_LIMIT = 64;

const NONE: IpMasqSettings = {
  writer: 'NONE',
  chain: '',
  nonMasqueradeCIDRs: [],
  masqLinkLocal: false,
  masqLinkLocalIPv6: false,
  randomFully: false,
  ipv6: false,
};

/** The rules of the boot script are always the same, and for IPv4 only. */
export const BOOT_SCRIPT: IpMasqSettings = {
  ...NONE,
  writer: 'BOOT_SCRIPT',
  chain: 'IP-MASQ',
  nonMasqueradeCIDRs: BOOT_SCRIPT_RANGES.map(([cidr]) => cidr),
};

/** Names that iptables takes for a chain beside its own and kube-proxy's. */
export function isChainName(name: string): boolean {
  return (
    /^[A-Za-z0-9][\w.-]{0,27}$/.test(name) && !/^(?:KUBE-.*|PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING)$/.test(name)
  );
}

/** What the agent does without a ConfigMap: by its flags, or by those of GKE's manifest (Kubernetes 1.20.2 addons). */
function agentDefaults(platform: Platform, flags: Flags | undefined): IpMasqSettings {
  const on = (name: string, unsaid: boolean) => {
    const value = flags?.get(name)?.toLowerCase();
    return value === undefined ? unsaid : ['true', '1', 't'].includes(value);
  };
  const unseen = flags === undefined && platform === 'gke';
  const chain = flags?.get('masq-chain') ?? '';
  return {
    writer: 'AGENT',
    chain: isChainName(chain) ? chain : unseen ? 'IP-MASQ' : 'IP-MASQ-AGENT',
    nonMasqueradeCIDRs: on('nomasq-all-reserved-ranges', unseen) ? [...PRIVATE, ...RESERVED] : PRIVATE,
    masqLinkLocal: false,
    masqLinkLocalIPv6: false,
    randomFully: on('random-fully', true),
    ipv6: on('enable-ipv6', false),
  };
}

/** Whether the agent takes a CIDR: one that begins at the first address of its network. */
export function isAlignedCidr(text: string): boolean {
  const network = parseCidr(text);
  return network !== undefined && parseAddress(text.slice(0, text.indexOf('/')))?.bits === network.bits;
}

interface AgentFile {
  readonly nonMasqueradeCIDRs?: readonly string[];
  readonly masqLinkLocal?: boolean;
  readonly masqLinkLocalIPv6?: boolean;
}

/** Reads the agent's configuration (YAML or JSON) as it does itself; a string is why it refuses the file. */
export function parseAgentFile(text: string): AgentFile | string {
  let fields: unknown;
  try {
    fields = yamlValue(text);
  } catch {
    return 'it is neither YAML nor JSON';
  }
  if (fields === null || fields === undefined) return {};
  if (typeof fields !== 'object' || Array.isArray(fields)) return 'it is not a map of fields';
  const { nonMasqueradeCIDRs, cidrLimit, masqLinkLocal, masqLinkLocalIPv6 } = fields as Record<string, unknown>;
  const file: { -readonly [K in keyof AgentFile]: AgentFile[K] } = {};
  if (Array.isArray(nonMasqueradeCIDRs)) {
    const limit = typeof cidrLimit === 'number' ? cidrLimit : CIDR_LIMIT;
    if (nonMasqueradeCIDRs.length > limit) return `it lists more than ${limit} CIDRs`;
    const wrong = nonMasqueradeCIDRs.findIndex((entry) => typeof entry !== 'string' || !isAlignedCidr(entry));
    if (wrong >= 0) return `its nonMasqueradeCIDRs[${wrong}] is not the first address of a network with its length`;
    file.nonMasqueradeCIDRs = nonMasqueradeCIDRs as string[];
  } else if (nonMasqueradeCIDRs !== undefined && nonMasqueradeCIDRs !== null) {
    return 'its nonMasqueradeCIDRs is not a list';
  }
  if (typeof masqLinkLocal === 'boolean') file.masqLinkLocal = masqLinkLocal;
  if (typeof masqLinkLocalIPv6 === 'boolean') file.masqLinkLocalIPv6 = masqLinkLocalIPv6;
  return file;
}

/** The agent's container, where the snapshot shows its DaemonSet or one of its pods. */
function agentContainers(cluster: Cluster): readonly Container[] | undefined {
  const daemonSet = cluster.workloads.get('DaemonSet/kube-system/ip-masq-agent');
  if (daemonSet !== undefined) return daemonSet.spec?.template?.spec?.containers ?? [];
  const pod = cluster.podsIn('kube-system').find(({ metadata }) => metadata.name.startsWith('ip-masq-agent-'));
  return pod === undefined ? undefined : (pod.spec?.containers ?? []);
}

interface InferredIpMasq {
  readonly settings: IpMasqSettings;
  /** Whether the snapshot shows it, rather than a platform's custom being taken. */
  readonly known: boolean;
  readonly why: string;
}

const CONFIG_MAP = 'kube-system/ip-masq-agent';
const UNKNOWABLE =
  'whether the cluster was made with --disable-default-snat, and which version of the agent runs, a snapshot ' +
  'does not tell.';

function inferAgent(cluster: Cluster, platform: Platform): InferredIpMasq | undefined {
  const containers = agentContainers(cluster);
  const data = cluster.configMaps.get(CONFIG_MAP)?.data;
  if (containers === undefined && data === undefined) return undefined;
  const flags = containers?.map((container) => flagsOf(container, 'ip-masq-agent')).find((read) => read !== undefined);
  const defaults = agentDefaults(platform, flags);
  const seen =
    flags === undefined
      ? 'the flags of the ip-masq-agent are not in the snapshot: those of its usual manifest'
      : 'flags of the ip-masq-agent in kube-system';
  if (data === undefined) return { settings: defaults, known: true, why: `No ConfigMap ${CONFIG_MAP}; ${seen}.` };
  // The usual manifest mounts the key `config`; a ConfigMap that is mounted whole has the file's own name.
  const text = data.config ?? data['ip-masq-agent'] ?? Object.values(data)[0] ?? '';
  const file = parseAgentFile(text);
  if (typeof file === 'string') {
    const why = `The ip-masq-agent refuses ConfigMap ${CONFIG_MAP}: ${file}. It writes no rules until that is fixed.`;
    return { settings: NONE, known: true, why };
  }
  const settings = { ...defaults, ...file };
  const ipv6 = settings.ipv6 || settings.nonMasqueradeCIDRs.some((cidr) => cidr.includes(':'));
  return { settings: { ...settings, ipv6 }, known: true, why: `Read from ConfigMap ${CONFIG_MAP}; ${seen}.` };
}

/**
 * AKS's agent reads every file of a folder into which both of these are mounted: the user's and the one that AKS keeps.
 */
const AZURE_CONFIG_MAPS = ['azure-ip-masq-agent-config', 'azure-ip-masq-agent-config-reconciled'];

/**
 * AKS's ip-masq-agent-v2, which joins its files: every CIDR of any, and a switch that any has on
 * (Azure/ip-masq-agent-v2 cmd/ip-masq-agent). Undefined where the snapshot shows neither its DaemonSet nor its
 * ConfigMaps.
 */
function inferAzureAgent(cluster: Cluster, platform: Platform): InferredIpMasq | undefined {
  const present = AZURE_CONFIG_MAPS.filter((name) => cluster.configMaps.has(`kube-system/${name}`));
  const daemonSet = cluster.workloads.get('DaemonSet/kube-system/azure-ip-masq-agent');
  if (present.length === 0 && daemonSet === undefined) return undefined;
  const defaults = agentDefaults(platform, undefined);
  if (present.length === 0) {
    const why =
      'DaemonSet kube-system/azure-ip-masq-agent is in the snapshot and none of its ConfigMaps: the agent’s ' +
      'own defaults.';
    return { settings: defaults, known: false, why };
  }
  const cidrs: string[] = [];
  let [masqLinkLocal, masqLinkLocalIPv6] = [false, false];
  for (const name of present) {
    for (const text of Object.values(cluster.configMaps.get(`kube-system/${name}`)?.data ?? {})) {
      const file = parseAgentFile(text);
      if (typeof file === 'string') {
        const why =
          `The azure-ip-masq-agent refuses ConfigMap kube-system/${name}: ${file}. It writes no rules until ` +
          'that is fixed.';
        return { settings: NONE, known: true, why };
      }
      cidrs.push(...(file.nonMasqueradeCIDRs ?? []));
      masqLinkLocal ||= file.masqLinkLocal ?? false;
      masqLinkLocalIPv6 ||= file.masqLinkLocalIPv6 ?? false;
    }
  }
  const nonMasqueradeCIDRs = cidrs.length > 0 ? [...new Set(cidrs)] : defaults.nonMasqueradeCIDRs;
  const ipv6 = nonMasqueradeCIDRs.some((cidr) => cidr.includes(':'));
  const settings = { ...defaults, nonMasqueradeCIDRs, masqLinkLocal, masqLinkLocalIPv6, ipv6 };
  return { settings, known: true, why: `Read from ConfigMaps ${present.join(' and ')} of kube-system.` };
}

/** What masquerades pod traffic by an IP-MASQ chain, as far as the snapshot shows or the platform has it by default. */
function inferIpMasq(cluster: Cluster, platform: Platform): InferredIpMasq {
  const agent = inferAgent(cluster, platform) ?? inferAzureAgent(cluster, platform);
  if (agent !== undefined) return agent;
  if (platform === 'gke') {
    return {
      settings: BOOT_SCRIPT,
      known: false,
      why: `No ip-masq-agent is in the snapshot: the rules that the boot script of GCE nodes writes; ${UNKNOWABLE}`,
    };
  }
  return { settings: NONE, known: false, why: 'No ip-masq-agent is in the snapshot.' };
}

/** The request's words over what was inferred. A writer named without more has that writer's own defaults. */
export function settleIpMasq(
  cluster: Cluster,
  platform: Platform,
  override: IpMasqOverride | undefined,
): { readonly settings: IpMasqSettings; readonly known: boolean; readonly assumptions: readonly Assumption[] } {
  const inferred = inferIpMasq(cluster, platform);
  const field = 'settings.network.ipMasq';
  if (override === undefined) {
    const { settings, known, why } = inferred;
    // Nothing at all goes with what else the network is taken not to do.
    if (settings.writer === 'NONE' && !known) return { settings, known, assumptions: [] };
    return { settings, known, assumptions: [{ field, value: settings, why }] };
  }
  const given = Object.fromEntries(Object.entries(override).filter(([, value]) => value !== undefined));
  // Only the agent can be configured.
  const writer = override.writer ?? (Object.keys(given).length > 0 ? 'AGENT' : inferred.settings.writer);
  const own =
    writer === inferred.settings.writer
      ? inferred.settings
      : writer === 'AGENT'
        ? agentDefaults(platform, undefined)
        : writer === 'BOOT_SCRIPT'
          ? BOOT_SCRIPT
          : NONE;
  const settings: IpMasqSettings = {
    ...own,
    ...(override.nonMasqueradeCIDRs?.some((cidr) => cidr.includes(':')) ? { ipv6: true } : {}),
    ...given,
    writer,
  };
  const assumed = Object.entries(settings).filter(([key]) => !(key in given));
  const why = 'What the request does not say of it: the defaults of its writer.';
  return {
    settings,
    known: true,
    assumptions: assumed.length === 0 || writer === 'NONE' ? [] : [{ field, value: Object.fromEntries(assumed), why }],
  };
}
