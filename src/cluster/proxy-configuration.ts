import { parseCidr } from '../base/address.js';
import { fieldsOf } from '../base/record.js';
import { ENUMS } from '../contract/gen/types.js';
import type { Cluster } from './cluster.js';
import { unreadFields } from './proxy-fields.js';
import type { DetectLocalMode, ProxyMode } from './settings.js';
import { yamlValue } from './yaml/documents.js';

/**
 * What a source (ConfigMap, command line, request) says of kube-proxy. Fields that it leaves at their zero value are
 * absent: for KubeProxyConfiguration an empty value means the default.
 */
export interface ProxyConfiguration {
  readonly mode?: ProxyMode;
  /** A mode that is given but not modelled (userspace, which went with 1.26; kernelspace). */
  readonly otherMode?: string;
  readonly clusterCIDR?: readonly string[];
  readonly detectLocalMode?: DetectLocalMode;
  readonly bridgeInterface?: string;
  readonly interfaceNamePrefix?: string;
  readonly nodePortAddresses?: readonly string[];
  readonly masqueradeAll?: boolean;
  readonly masqueradeBit?: number;
  readonly nftablesMasqueradeAll?: boolean;
  readonly nftablesMasqueradeBit?: number;
  readonly localhostNodePorts?: boolean;
  readonly ipvsScheduler?: string;
  readonly ipvsStrictARP?: boolean;
  readonly tcpBeLiberal?: boolean;
  readonly featureGates?: Readonly<Record<string, boolean>>;
  /** As written; a flag may refer to variables of the container's environment (`$(NODE_NAME)`). */
  readonly hostnameOverride?: string;
  readonly healthzBindAddress?: string;
  readonly metricsBindAddress?: string;
  /** Values with which kube-proxy does not start (ValidateKubeProxyConfiguration, getDetectLocalMode). */
  readonly refused?: readonly RefusedValue[];
  /** What is set and may change an answer, but is not modelled. */
  readonly unread?: readonly (readonly [name: string, value: unknown])[];
}

/** A value that kube-proxy refuses, by the name that its source gives it. */
export interface RefusedValue {
  /** Where a request says this itself, the refused value does not count. */
  readonly key: 'mode' | 'detectLocalMode' | 'clusterCIDR' | 'nodePortAddresses';
  readonly name: string;
  readonly value: string;
}

/** The schedulers of IPVS that kube-proxy accepts. */
export const IPVS_SCHEDULERS = ['rr', 'wrr', 'lc', 'wlc', 'sed', 'nq', 'lblc', 'lblcr', 'dh', 'sh', 'mh'] as const;

export const PROXY_MODES: readonly ProxyMode[] = ENUMS['KubeProxySettings.mode'];
export const DETECT_LOCAL_MODES: readonly DetectLocalMode[] = ENUMS['KubeProxySettings.detectLocalMode'];

/** A value that a source spells but that kube-proxy does not know counts as not given. */
export function known<T extends string>(values: readonly T[], value: unknown): T | undefined {
  return values.find((candidate) => candidate === value);
}

/** The mode as it is spelled when it is not one of those modelled. */
export function otherMode(mode: string | undefined): string | undefined {
  return mode === undefined || known(PROXY_MODES, mode) !== undefined ? undefined : mode;
}

/** Splits `10.0.0.0/8, fd00::/64`. */
export function commaList(text: string): string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

/** The CIDRs of a list; undefined when there is none. kube-proxy would not start with anything else in it. */
export function cidrsOf(entries: readonly string[]): readonly string[] | undefined {
  const cidrs = entries.filter((entry) => parseCidr(entry) !== undefined);
  return cidrs.length > 0 ? cidrs : undefined;
}

/** Node port addresses: CIDRs, or `primary` alone (1.29 and later). */
export function nodePortAddressesOf(entries: readonly string[]): readonly string[] | undefined {
  return entries.length === 1 && entries[0] === 'primary' ? entries : cidrsOf(entries);
}

/** What kube-proxy refuses of what a source says; `names`: what the source calls the fields. */
export function refusedOf(
  given: {
    readonly detectLocalMode: string | undefined;
    readonly clusterCIDR: readonly string[];
    readonly nodePortAddresses: readonly string[];
  },
  names: Readonly<Record<Exclude<RefusedValue['key'], 'mode'>, string>>,
): readonly RefusedValue[] {
  const { detectLocalMode: mode, clusterCIDR, nodePortAddresses } = given;
  const one = (key: keyof typeof names, value: string): RefusedValue => ({ key, name: names[key], value });
  // What a variable of the container's environment stands for is not known here.
  const isBad = (entry: string) => parseCidr(entry) === undefined && !entry.includes('$');
  const isPrimary = nodePortAddresses.length === 1 && nodePortAddresses[0] === 'primary';
  return [
    ...(mode === undefined || known(DETECT_LOCAL_MODES, mode) !== undefined ? [] : [one('detectLocalMode', mode)]),
    ...(clusterCIDR.some(isBad) || clusterCIDR.length > 2 ? [one('clusterCIDR', clusterCIDR.join(','))] : []),
    ...(isPrimary ? [] : nodePortAddresses.filter(isBad).map((entry) => one('nodePortAddresses', entry))),
  ];
}

/** The object without the fields that are undefined. */
export function defined<T extends object>(fields: { readonly [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

/** The list, undefined when it is empty. */
export function some<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length > 0 ? list : undefined;
}

type Fields = Readonly<Record<string, unknown>>;

const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
const flag = (value: unknown) => (typeof value === 'boolean' ? value : undefined);
const bit = (value: unknown) =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 31 ? value : undefined;

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}

function gates(value: unknown): Readonly<Record<string, boolean>> | undefined {
  const set = Object.entries(fieldsOf(value)).filter(
    (entry): entry is [string, boolean] => typeof entry[1] === 'boolean',
  );
  return set.length > 0 ? Object.fromEntries(set) : undefined;
}

/** A name as Linux has for interfaces, of characters that need no quotes in a rule; undefined for any other. */
export function interfaceName(value: string | undefined): string | undefined {
  return value !== undefined && /^[\w.@-]{1,15}$/.test(value) ? value : undefined;
}

/** A KubeProxyConfiguration (kubeproxy.config.k8s.io/v1alpha1) in YAML or JSON; undefined for any other text. */
function parseProxyConfiguration(yaml: string): ProxyConfiguration | undefined {
  let fields: Fields;
  try {
    fields = fieldsOf(yamlValue(yaml));
  } catch {
    return undefined;
  }
  if (fields.kind !== 'KubeProxyConfiguration') return undefined;
  const iptables = fieldsOf(fields.iptables);
  const nftables = fieldsOf(fields.nftables);
  const ipvs = fieldsOf(fields.ipvs);
  const detectLocal = fieldsOf(fields.detectLocal);
  return defined<ProxyConfiguration>({
    mode: known(PROXY_MODES, fields.mode),
    otherMode: otherMode(text(fields.mode)),
    clusterCIDR: cidrsOf(commaList(text(fields.clusterCIDR) ?? '')),
    detectLocalMode: known(DETECT_LOCAL_MODES, fields.detectLocalMode),
    bridgeInterface: interfaceName(text(detectLocal.bridgeInterface)),
    interfaceNamePrefix: interfaceName(text(detectLocal.interfaceNamePrefix)),
    nodePortAddresses: nodePortAddressesOf(strings(fields.nodePortAddresses)),
    masqueradeAll: flag(iptables.masqueradeAll),
    masqueradeBit: bit(iptables.masqueradeBit),
    nftablesMasqueradeAll: flag(nftables.masqueradeAll),
    nftablesMasqueradeBit: bit(nftables.masqueradeBit),
    localhostNodePorts: flag(iptables.localhostNodePorts),
    ipvsScheduler: text(ipvs.scheduler),
    ipvsStrictARP: flag(ipvs.strictARP),
    tcpBeLiberal: flag(fieldsOf(fields.conntrack).tcpBeLiberal),
    featureGates: gates(fields.featureGates),
    hostnameOverride: text(fields.hostnameOverride),
    healthzBindAddress: text(fields.healthzBindAddress),
    metricsBindAddress: text(fields.metricsBindAddress),
    refused: some(
      refusedOf(
        {
          detectLocalMode: text(fields.detectLocalMode),
          clusterCIDR: commaList(text(fields.clusterCIDR) ?? ''),
          nodePortAddresses: strings(fields.nodePortAddresses),
        },
        { detectLocalMode: 'detectLocalMode', clusterCIDR: 'clusterCIDR', nodePortAddresses: 'nodePortAddresses' },
      ),
    ),
    unread: some(unreadFields(fields, text(fields.mode) ?? 'iptables')),
  });
}

function isYaml(text: string): boolean {
  try {
    yamlValue(text);
    return true;
  } catch {
    return false;
  }
}

/** kubeadm and kind name it kube-proxy; on EKS that one holds a kubeconfig and kube-proxy-config the configuration. */
const CONFIG_MAPS = ['kube-system/kube-proxy', 'kube-system/kube-proxy-config'];

/** What the cluster's kube-proxy ConfigMap says, and its name; undefined without one that holds a configuration. */
export function configurationOfConfigMap(
  cluster: Cluster,
): { readonly name: string; readonly configuration: ProxyConfiguration } | undefined {
  for (const name of CONFIG_MAPS) {
    const data = cluster.configMaps.get(name)?.data ?? {};
    const keys = Object.keys(data).sort(
      (a, b) => Number(b === 'config.conf') - Number(a === 'config.conf') || (a < b ? -1 : 1),
    );
    for (const key of keys) {
      const configuration = parseProxyConfiguration(data[key] as string);
      if (configuration !== undefined) return { name, configuration };
    }
    const file = data['config.conf'];
    if (file !== undefined && !isYaml(file))
      return { name, configuration: { refused: [{ key: 'mode', name: 'config.conf', value: file.slice(0, 40) }] } };
  }
  return undefined;
}
