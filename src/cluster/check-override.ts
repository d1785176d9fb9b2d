import { addressFamily, joinHostPort, networkOf, parseCidr, splitHostPort } from '../base/address.js';
import { MAX_PROBLEMS, type Problem, QuestionError } from '../base/errors.js';
import { ENUMS } from '../contract/gen/types.js';
import type { Cluster } from './cluster.js';
import { BOOT_SCRIPT, type IpMasqOverride, isAlignedCidr, isChainName } from './ip-masq.js';
import type { LoadBalancerOptions, LoadBalancerSettings } from './load-balancer-settings.js';
import { requireNode } from './lookup.js';
import { commaList, DETECT_LOCAL_MODES, IPVS_SCHEDULERS, PROXY_MODES } from './proxy-configuration.js';
import type { SettingsOverride } from './settings-override.js';
import { isSupported, parseVersion, SUPPORTED_RANGE } from './versions.js';

type Report = (pointer: string, detail: string) => void;

const KUBE_PROXY = '/settings/kubeProxy';
const NETWORK = '/settings/network';
const LOAD_BALANCER = '/settings/loadBalancer';

function oneOf(values: readonly string[], value: string | undefined, pointer: string, report: Report): void {
  if (value !== undefined && !values.includes(value)) {
    report(pointer, `${JSON.stringify(value)} is not known; it must be one of ${values.join(', ')}.`);
  }
}

function checkClusterCIDR(text: string | undefined, report: Report): void {
  const pointer = `${KUBE_PROXY}/clusterCIDR`;
  const families = commaList(text ?? '').map((entry) => {
    const cidr = parseCidr(entry);
    if (cidr === undefined) {
      report(
        pointer,
        `${JSON.stringify(entry)} is no CIDR; give one such as 10.244.0.0/16, or one of each family ` +
          'separated by a comma.',
      );
    }
    return cidr?.family;
  });
  if (families.length > 2 || (families[0] !== undefined && families[0] === families[1])) {
    report(pointer, 'There may be one CIDR, or one of each family separated by a comma.');
  }
}

function checkNodePortAddresses(entries: readonly string[], report: Report): void {
  const pointer = `${KUBE_PROXY}/nodePortAddresses`;
  if (entries.length === 1 && entries[0] === 'primary') return;
  for (const [index, entry] of entries.entries()) {
    if (entry === 'primary') report(`${pointer}/${index}`, '"primary" must be alone: it cannot be mixed with CIDRs.');
    else if (parseCidr(entry) === undefined) {
      report(
        `${pointer}/${index}`,
        `${JSON.stringify(entry)} is no CIDR; give CIDRs such as 10.0.0.0/8, or "primary" alone.`,
      );
    }
  }
}

function checkBit(bit: number | undefined, section: string, report: Report): void {
  if (bit !== undefined && !(Number.isInteger(bit) && bit >= 0 && bit <= 31)) {
    report(`${KUBE_PROXY}/${section}/masqueradeBit`, `${bit} is no bit of a mark; it must be an integer from 0 to 31.`);
  }
}

function checkKubeProxy(override: NonNullable<SettingsOverride['kubeProxy']>, report: Report): void {
  oneOf(PROXY_MODES, override.mode, `${KUBE_PROXY}/mode`, report);
  oneOf(DETECT_LOCAL_MODES, override.detectLocalMode, `${KUBE_PROXY}/detectLocalMode`, report);
  checkClusterCIDR(override.clusterCIDR, report);
  checkNodePortAddresses(override.nodePortAddresses ?? [], report);
  checkBit(override.iptables?.masqueradeBit, 'iptables', report);
  checkBit(override.nftables?.masqueradeBit, 'nftables', report);
  oneOf(IPVS_SCHEDULERS, override.ipvs?.scheduler || undefined, `${KUBE_PROXY}/ipvs/scheduler`, report);
}

function checkConnections({ open = [] }: NonNullable<SettingsOverride['connections']>, report: Report): void {
  const seen = new Set<string>();
  for (const [index, { endpoint }] of open.entries()) {
    const pointer = `/settings/connections/open/${index}/endpoint`;
    const split = splitHostPort(endpoint);
    const name = split === undefined ? endpoint : joinHostPort(split.address, split.port);
    if (split === undefined)
      report(pointer, `${JSON.stringify(endpoint)} is not an address and port such as 10.244.1.5:8080.`);
    else if (seen.has(name)) report(pointer, `${name} is given twice.`);
    seen.add(name);
  }
}

function checkIpMasq(override: IpMasqOverride, report: Report): void {
  const pointer = `${NETWORK}/ipMasq`;
  oneOf(ENUMS['IpMasq.writer'], override.writer, `${pointer}/writer`, report);
  if (override.writer === 'BOOT_SCRIPT') {
    for (const [field, value] of Object.entries(override)) {
      const fixed = JSON.stringify(BOOT_SCRIPT[field as keyof IpMasqOverride]);
      if (value === undefined || JSON.stringify(value) === fixed) continue;
      report(
        `${pointer}/${field}`,
        `The rules of the boot script are always the same (${fixed}); use writer "AGENT" for others.`,
      );
    }
    return;
  }
  if (override.chain !== undefined && override.writer !== 'NONE' && !isChainName(override.chain)) {
    report(
      `${pointer}/chain`,
      `${JSON.stringify(override.chain)} is no name for a chain of one's own; write one such as IP-MASQ, of ` +
        "at most 28 characters, that is neither built in nor kube-proxy's.",
    );
  }
  for (const [index, text] of (override.nonMasqueradeCIDRs ?? []).entries()) {
    if (isAlignedCidr(text)) continue;
    const network = parseCidr(text)?.text;
    const like = network === undefined ? 'such as 10.0.0.0/8' : `of the first address of its network: ${network}`;
    report(`${pointer}/nonMasqueradeCIDRs/${index}`, `${JSON.stringify(text)} must be a CIDR ${like}.`);
  }
}

function checkNetwork(override: NonNullable<SettingsOverride['network']>, report: Report): void {
  oneOf(ENUMS['Settings.network.podNetwork'], override.podNetwork, `${NETWORK}/podNetwork`, report);
  oneOf(ENUMS['Settings.network.policies'], override.policies, `${NETWORK}/policies`, report);
  oneOf(ENUMS['Settings.network.forwardPolicy'], override.forwardPolicy, `${NETWORK}/forwardPolicy`, report);
  if (override.bridgeAddress && addressFamily(override.bridgeAddress) === undefined) {
    report(`${NETWORK}/bridgeAddress`, `${JSON.stringify(override.bridgeAddress)} is no IP address.`);
  }
  for (const field of ['podInterface', 'uplinkInterface', 'tunnelInterface'] as const) {
    const name = override[field];
    if (name !== undefined && !/^(?:[^\s/+]{1,15}|[^\s/+]{1,14}\+)?$/.test(name)) {
      report(
        `${NETWORK}/${field}`,
        `${JSON.stringify(name)} is no interface name; write one of at most 15 characters such as eth0, or ` +
          'cali+ for all that begin so.',
      );
    }
  }
  if (override.ipMasq !== undefined) checkIpMasq(override.ipMasq, report);
  const network = (text: string, pointer: string) => {
    if (networkOf(text) === undefined) report(pointer, `${JSON.stringify(text)} is no CIDR such as 10.0.0.0/8.`);
  };
  for (const [index, { source, exceptDestinations }] of (override.podMasquerade ?? []).entries()) {
    const pointer = `${NETWORK}/podMasquerade/${index}`;
    network(source, `${pointer}/source`);
    for (const [at, text] of (exceptDestinations ?? []).entries()) network(text, `${pointer}/exceptDestinations/${at}`);
  }
  for (const [index, { destination, via }] of (override.routes ?? []).entries()) {
    network(destination, `${NETWORK}/routes/${index}/destination`);
    if (!/^(?:node\/.+|outside|unreachable)$/.test(via)) {
      report(
        `${NETWORK}/routes/${index}/via`,
        `${JSON.stringify(via)} is no way; it must be "node/NAME", "outside" or "unreachable".`,
      );
    }
  }
}

/** The addresses and nodes that options of load balancers name. Throws NOT_FOUND for a node that is not there. */
function checkLoadBalancers(cluster: Cluster, settings: LoadBalancerSettings, report: Report): void {
  const choices: [string, LoadBalancerOptions | undefined][] = [
    [LOAD_BALANCER, settings.options],
    ...Object.entries(settings.services ?? {}).map(([key, { options }]): [string, LoadBalancerOptions | undefined] => [
      `${LOAD_BALANCER}/services/${key.replace('/', '~1')}`,
      options,
    ]),
  ];
  for (const [at, { proxyAddress, announcingNodes = [], leader } = {}] of choices) {
    if (proxyAddress !== undefined && addressFamily(proxyAddress) === undefined) {
      report(`${at}/options/proxyAddress`, `${JSON.stringify(proxyAddress)} is no IP address.`);
    }
    for (const [index, node] of announcingNodes.entries()) {
      requireNode(cluster, node, `${at}/options/announcingNodes/${index}`);
    }
    if (leader !== undefined) requireNode(cluster, leader, `${at}/options/leader`);
  }
}

/**
 * Checks the values of a request's settings. Throws QuestionError INVALID_REQUEST with every problem found, UNSUPPORTED
 * for a Kubernetes version outside the modelled range, NOT_FOUND for a node that is not there.
 */
export function checkOverride(cluster: Cluster, override: SettingsOverride): void {
  const problems: Problem[] = [];
  const report: Report = (pointer, detail) => problems.push({ pointer, in: 'request', detail });
  const { kubernetesVersion } = override;
  const version = kubernetesVersion === undefined ? undefined : parseVersion(kubernetesVersion);
  if (kubernetesVersion !== undefined && version === undefined) {
    report(
      '/settings/kubernetesVersion',
      `${JSON.stringify(kubernetesVersion)} is no version; write "1.30" or "1.30.5".`,
    );
  }
  oneOf(ENUMS['Settings.platform'], override.platform, '/settings/platform', report);
  oneOf(ENUMS['Settings.dataplane'], override.dataplane, '/settings/dataplane', report);
  if (override.kubeProxy !== undefined) checkKubeProxy(override.kubeProxy, report);
  if (override.connections !== undefined) checkConnections(override.connections, report);
  if (override.network !== undefined) checkNetwork(override.network, report);
  if (override.loadBalancer !== undefined) checkLoadBalancers(cluster, override.loadBalancer, report);
  const [first] = problems;
  if (first !== undefined) {
    const message = problems.length === 1 ? first.detail : `The settings have ${problems.length} problems.`;
    throw new QuestionError('INVALID_REQUEST', message, problems.slice(0, MAX_PROBLEMS));
  }
  if (version !== undefined && !isSupported(version)) {
    const detail = `Kubernetes ${kubernetesVersion} is not modelled; versions ${SUPPORTED_RANGE} are.`;
    throw new QuestionError('UNSUPPORTED', detail, [{ pointer: '/settings/kubernetesVersion', in: 'request', detail }]);
  }
  for (const [index, { via }] of (override.network?.routes ?? []).entries()) {
    if (via.startsWith('node/')) requireNode(cluster, via.slice('node/'.length), `${NETWORK}/routes/${index}/via`);
  }
}
