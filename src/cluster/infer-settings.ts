import { joinHostPort, splitHostPort } from '../base/address.js';
import { remember } from '../base/remember.js';
import { checkOverride } from './check-override.js';
import type { Cluster } from './cluster.js';
import { dataplaneOf } from './dataplane.js';
import { inferKernel, inferNetwork } from './infer-network.js';
import { inferProxy, type ProxyDecision } from './infer-proxy.js';
import { inferVersions, shortened } from './infer-versions.js';
import { requireNode } from './lookup.js';
import { inferPlatform } from './platform.js';
import {
  type Assumption,
  atLeast,
  type ConnectionSettings,
  type KernelSettings,
  type NodeProxySettings,
  type Platform,
  type Settings,
} from './settings.js';
import { mergedOverride, type SettingsOverride } from './settings-override.js';

/** A decision in the words of a request's `kubeProxy`. Only the sections that its mode reads. */
function proxyAsUsed(decision: ProxyDecision): Readonly<Record<string, unknown>> {
  const { mode, masqueradeAll, masqueradeBit, localhostNodePorts, bridgeInterface, interfaceNamePrefix } = decision;
  return {
    mode,
    clusterCIDR: decision.clusterCIDR.join(','),
    detectLocalMode: decision.detectLocalMode,
    ...(decision.detectLocalMode === 'BridgeInterface' ? { detectLocal: { bridgeInterface } } : {}),
    ...(decision.detectLocalMode === 'InterfaceNamePrefix' ? { detectLocal: { interfaceNamePrefix } } : {}),
    nodePortAddresses: decision.nodePortAddresses,
    ...namesAsUsed(decision),
    ...(mode === 'nftables'
      ? { nftables: { masqueradeAll, masqueradeBit } }
      : { iptables: { masqueradeAll, masqueradeBit, localhostNodePorts } }),
    ...(mode === 'ipvs' ? { ipvs: { scheduler: decision.ipvsScheduler, strictARP: decision.ipvsStrictARP } } : {}),
    featureGates: decision.featureGates,
  };
}

/** What is only reported where it is set. */
function namesAsUsed({ hostnameOverride, healthzBindAddress, metricsBindAddress }: ProxyDecision) {
  return {
    ...(hostnameOverride === undefined ? {} : { hostnameOverride }),
    ...(healthzBindAddress === undefined ? {} : { healthzBindAddress }),
    ...(metricsBindAddress === undefined ? {} : { metricsBindAddress }),
  };
}

/** The nodes whose kube-proxy differs from the common one. */
function proxiesThatDiffer(cluster: Cluster, of: (node: string) => ProxyDecision, common: ProxyDecision) {
  const usual = JSON.stringify(proxyAsUsed(common));
  const differing = [...cluster.nodes.keys()]
    .map((node) => [node, proxyAsUsed(of(node))] as const)
    .filter(([, used]) => JSON.stringify(used) !== usual);
  return differing.length === 0 ? {} : { kubeProxyByNode: Object.fromEntries(differing) };
}

function nodeSettings(
  version: NodeProxySettings['version'],
  { tcpBeLiberal, ...decision }: ProxyDecision,
  kernel: KernelSettings,
): NodeProxySettings {
  return { version, ...decision, kernel: { ...kernel, tcpBeLiberal } };
}

/** The version of a node whose `kubeProxyVersion` is kubelet's own, since no kube-proxy runs there. */
function withoutProxy(assumption: Assumption): Assumption {
  return { ...assumption, why: assumption.why.replaceAll('kube-proxy version', 'version') };
}

function connectionsOf({ connections = {} }: SettingsOverride): ConnectionSettings {
  const { pattern = 'BALANCED', open } = connections;
  if (open === undefined) return { pattern };
  const counts = open.map(({ endpoint, active, inactive = 0 }) => {
    const { address = '', port = 0 } = splitHostPort(endpoint) ?? {};
    return [joinHostPort(address, port), { active, inactive }] as const;
  });
  return { pattern, open: new Map(counts) };
}

const ASKED_FOR = {
  EBPF:
    'The request says that eBPF programs translate Services (settings.dataplane): what they do inside a node ' +
    'is not modelled.',
  OTHER:
    'The request says that something else than kube-proxy translates Services (settings.dataplane): what it ' +
    'does inside a node is not modelled.',
} as const;

/** The first minor version that accepts nodePortAddresses `primary`. */
const PRIMARY_SINCE = 31;

/**
 * Settles everything that answers rest on beside the objects: the request's settings first, then what the snapshot
 * shows (node versions, the kube-proxy ConfigMap or command lines, platform), then documented defaults. Whatever the
 * request did not say is listed under `assumptions`.
 *
 * Throws QuestionError INVALID_REQUEST, UNSUPPORTED (a version outside the modelled range, if the request names it) or
 * NOT_FOUND. A node's own version outside the range is UNSUPPORTED when the node is asked for.
 */
export function inferSettings(cluster: Cluster, override: SettingsOverride | undefined): Settings {
  const given = override ?? {};
  checkOverride(cluster, given);
  const versions = inferVersions(cluster, given.kubernetesVersion);
  const inferred = inferPlatform(cluster);
  // The check of the request has let only known platforms through.
  const platform = (given.platform as Platform | undefined) ?? inferred.platform;
  const proxy = inferProxy(cluster, given);
  const kernel = inferKernel(given, proxy.common.tcpBeLiberal);
  const network = inferNetwork(cluster, platform, given);
  const kubelet = given.kubelet ?? true;
  const clusterDomain = given.clusterDomain ?? 'cluster.local';
  const facts = given.dataplane === undefined ? dataplaneOf(cluster) : { beside: [] };
  const shown = facts.replaced;
  // What no kube-proxy of the cluster reads is no part of the answer.
  const isReplaced = shown !== undefined || given.dataplane === 'EBPF' || given.dataplane === 'OTHER';
  const dataplane =
    (given.dataplane === 'EBPF' || given.dataplane === 'OTHER' ? ASKED_FOR[given.dataplane] : shown?.why) ??
    (proxy.otherMode && `kube-proxy runs in mode ${proxy.otherMode}, which is not modelled.`) ??
    proxy.refusal;
  const assumptions: Assumption[] = [
    ...(isReplaced ? versions.assumptions.map(withoutProxy) : versions.assumptions),
    ...(given.platform === undefined ? [inferred.assumption] : []),
    ...(isReplaced ? [] : [...proxy.assumptions, ...kernel.assumptions]),
    ...network.assumptions,
  ];
  const early = [...cluster.nodes.values()]
    .filter((node) => proxy.of(node.metadata.name).nodePortAddresses[0] === 'primary')
    .filter((node) => !atLeast(versions.of(node), PRIMARY_SINCE))
    .map(({ metadata }) => metadata.name);
  if (early.length > 0) {
    assumptions.push({
      field: 'settings.kubeProxy.nodePortAddresses',
      value: [],
      why:
        `"primary" is accepted since 1.${PRIMARY_SINCE}: an older kube-proxy (${shortened(early)}) does not ` +
        'start with it. It is taken as not set there.',
    });
  }
  if (shown !== undefined) assumptions.push({ field: 'settings.dataplane', value: shown.dataplane, why: shown.why });
  if (facts.assumption !== undefined) assumptions.push(facts.assumption);
  if (given.kubelet === undefined && !isReplaced) {
    assumptions.push({
      field: 'settings.kubelet',
      value: true,
      why: 'Every node runs kubelet, whose chains the walk needs.',
    });
  }
  if (given.clusterDomain === undefined) {
    assumptions.push({
      field: 'settings.clusterDomain',
      value: clusterDomain,
      why: 'The default of Kubernetes installers.',
    });
  }
  const unknown = Object.keys(given.loadBalancer?.services ?? {}).filter((key) => !cluster.services.has(key));
  if (unknown.length > 0) {
    assumptions.push({
      field: 'settings.loadBalancer.services',
      value: unknown,
      why: 'The snapshot has no such Services: what is said of them counts only where a change adds them.',
    });
  }
  const settled = new Map<string, NodeProxySettings>();
  const alike = new Map<string, NodeProxySettings>();
  return {
    platform,
    proxyOf(name) {
      // Asked for every node again and again.
      let known = settled.get(name);
      if (known === undefined) {
        const node = requireNode(cluster, name, '');
        const own = nodeSettings(versions.of(node), proxy.of(name), kernel.settings);
        // One object for nodes that are alike, so that what rests on settings is made once for all of them.
        known = remember(alike, JSON.stringify(own), () => own);
        settled.set(name, known);
      }
      return known;
    },
    network: network.settings,
    connections: connectionsOf(given),
    ipMasqKnown: network.ipMasqKnown,
    kubelet,
    ...(dataplane ? { unsupportedDataplane: dataplane } : {}),
    beside: facts.beside,
    clusterDomain,
    loadBalancer: given.loadBalancer ?? {},
    assumptions,
    forCluster: (other) => inferSettings(other, given),
    overriddenBy: (more) => inferSettings(cluster, mergedOverride(given, more)),
    asUsed: {
      kubernetesVersion: versions.asUsed,
      platform,
      ...(given.dataplane === undefined && shown === undefined
        ? {}
        : { dataplane: given.dataplane ?? shown?.dataplane }),
      ...(isReplaced
        ? {}
        : {
            kubeProxy: proxyAsUsed(proxy.common),
            ...proxiesThatDiffer(cluster, proxy.of, proxy.common),
            kernel: kernel.settings,
          }),
      network: network.settings,
      ...(isReplaced ? {} : { kubelet }),
      clusterDomain,
      ...(given.connections === undefined ? {} : { connections: given.connections }),
      ...(given.loadBalancer === undefined ? {} : { loadBalancer: given.loadBalancer }),
    },
  };
}
