import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { IPFamily } from '../../src/base/address.js';
import type { Cluster } from '../../src/cluster/cluster.js';
import type { KubernetesObject } from '../../src/cluster/objects.js';
import type { DetectLocalMode, KubernetesVersion, NodeProxySettings, ProxyMode } from '../../src/cluster/settings.js';
import { clusterOf } from './cluster-of.js';

/** The patch of each minor version that the recordings were made with. */
const PATCHES: Readonly<Record<number, number>> = {
  20: 2,
  21: 1,
  22: 0,
  23: 4,
  24: 3,
  25: 4,
  26: 0,
  27: 1,
  28: 3,
  29: 1,
  30: 5,
  31: 14,
  32: 13,
  33: 13,
  34: 9,
  35: 6,
  36: 2,
};

interface Flags {
  readonly clusterCIDR?: string;
  readonly detectLocal?: string;
  readonly bridgeInterface?: string;
  readonly interfaceNamePrefix?: string;
  readonly nodePortAddresses?: string;
  readonly masqueradeAll?: boolean;
  readonly masqueradeBit?: number;
  readonly localhostNodePorts?: boolean;
  readonly ipvsScheduler?: string;
  readonly randomFully?: boolean;
  readonly conntrackTCPLiberal?: boolean;
  readonly featureGates?: Readonly<Record<string, string>>;
}

interface Stored {
  readonly case: { readonly name: string; readonly node: string; readonly flags?: Flags };
  readonly snapshot: { readonly items: readonly KubernetesObject[] };
  readonly outputs: Readonly<Record<string, string | { readonly same: string }>>;
}

/** What the real kube-proxy printed for one version and family. */
export interface GoldenOutput {
  /** As it was recorded, e.g. `iptables-v4-k1.30.txt`. */
  readonly name: string;
  readonly version: KubernetesVersion;
  readonly family: IPFamily;
  readonly text: string;
}

export interface GoldenCase {
  readonly name: string;
  readonly node: string;
  readonly cluster: Cluster;
  readonly outputs: readonly GoldenOutput[];
  settings(version: KubernetesVersion, mode: ProxyMode, nfacct?: boolean): NodeProxySettings;
}

/** Reads an archive of test/golden. */
function read<T>(archive: string): T {
  return JSON.parse(gunzipSync(readFileSync(`test/golden/${archive}.json.gz`)).toString('utf8')) as T;
}

/** The recorded outputs by name, repetitions resolved. */
function outputsOf(stored: Stored['outputs']): GoldenOutput[] {
  return Object.entries(stored).map(([name, output]) => {
    const [, family, minor] = /-v([46])-k1\.(\d+)\./.exec(name) as unknown as [string, string, string];
    const text = typeof output === 'string' ? output : stored[output.same];
    if (typeof text !== 'string') throw new Error(`${name} refers to nothing`);
    const version = { major: 1, minor: Number(minor), patch: PATCHES[Number(minor)] as number };
    return { name, version, family: family === '4' ? 'IPv4' : 'IPv6', text };
  });
}

/** The jumps into built-in chains by version: the calls in order, one per line. */
export function ensuredRules(): readonly GoldenOutput[] {
  return outputsOf(read<{ outputs: Stored['outputs'] }>('iptables-ensure').outputs);
}

/** All cases of an archive of test/golden. */
export function goldenCases(archive: string): readonly GoldenCase[] {
  return read<{ cases: readonly Stored[] }>(archive).cases.map((stored) => ({
    name: stored.case.name,
    node: stored.case.node,
    cluster: clusterOf(stored.snapshot.items),
    outputs: outputsOf(stored.outputs),
    settings: (version, mode, nfacct = false) => settingsOf(stored.case.flags ?? {}, version, mode, nfacct),
  }));
}

const commaList = (text = '') => text.split(',').filter((part) => part !== '');

function settingsOf(flags: Flags, version: KubernetesVersion, mode: ProxyMode, nfacct: boolean): NodeProxySettings {
  const gates = commaList(flags.featureGates?.[`1.${version.minor}`]).map((gate) => gate.split('='));
  const detectLocal = flags.detectLocal === 'none' ? 'None' : flags.detectLocal;
  return {
    version,
    mode,
    clusterCIDR: commaList(flags.clusterCIDR),
    detectLocalMode: (detectLocal ?? 'ClusterCIDR') as DetectLocalMode,
    bridgeInterface: flags.bridgeInterface ?? '',
    interfaceNamePrefix: flags.interfaceNamePrefix ?? '',
    nodePortAddresses: commaList(flags.nodePortAddresses),
    masqueradeAll: flags.masqueradeAll ?? false,
    masqueradeBit: flags.masqueradeBit ?? 14,
    localhostNodePorts: flags.localhostNodePorts ?? true,
    ipvsScheduler: flags.ipvsScheduler ?? 'rr',
    ipvsStrictARP: false,
    featureGates: Object.fromEntries(gates.map(([name, value]) => [name, value === 'true'])),
    kernel: { randomFully: flags.randomFully ?? true, tcpBeLiberal: flags.conntrackTCPLiberal ?? false, nfacct },
  };
}
