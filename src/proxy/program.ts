import type { IPFamily } from '../base/address.js';
import { isDeepStrictEqual } from '../base/deep-equal.js';
import { QuestionError } from '../base/errors.js';
import { remember } from '../base/remember.js';
import type { Cluster } from '../cluster/cluster.js';
import { resourcesOfKind } from '../cluster/resources-of-kind.js';
import { formatVersion, type NodeProxySettings, type ProxyMode } from '../cluster/settings.js';
import { iptablesProgram, tablesWithoutProxy } from './iptables/program.js';
import { IpvsProgram } from './ipvs/program.js';
import { NftablesProgram } from './nftables/program.js';
import type { NodeProgram, ProxierInput } from './node-program.js';

/** A Node that the cluster does not have. */
const NO_NODE = { kind: 'Node' } as const;

type MakeProgram = (input: ProxierInput) => NodeProgram;

/** The modes that are modelled, each with what makes its program. */
const MODES = new Map<string, MakeProgram>([
  ['iptables', iptablesProgram],
  ['nftables', (input) => new NftablesProgram(input, (options) => tablesWithoutProxy(input, options))],
  ['ipvs', (input) => new IpvsProgram(input)],
]);

/** Takes one more mode: every question about a node in this mode is then asked of the program that `make` gives. */
export function addMode(mode: string, make: MakeProgram): void {
  MODES.set(mode, make);
}

/** Whether it is known what a kube-proxy in this mode programs. */
export function isModelled(mode: ProxyMode): boolean {
  return MODES.has(mode);
}

const programs = new WeakMap<Cluster, Map<string, NodeProgram>>();
const settingsKeys = new WeakMap<NodeProxySettings, string>();

function settingsKey(settings: NodeProxySettings): string {
  let key = settingsKeys.get(settings);
  if (key === undefined) {
    key = JSON.stringify(settings);
    settingsKeys.set(settings, key);
  }
  return key;
}

const sources = new WeakMap<Cluster, Cluster>();

/**
 * The first cluster, of those that this one is an edit of, that kube-proxy tells apart from it in nothing: an edit of
 * pods or policies alone leaves its rules as they are.
 */
function sourceOf(cluster: Cluster): Cluster {
  return remember(sources, cluster, () => {
    const { parent } = cluster;
    const isAlike =
      parent !== undefined &&
      (['nodes', 'services', 'endpointSlices', 'endpoints'] as const).every((map) => parent[map] === cluster[map]) &&
      // kube-proxy in nftables mode reads them.
      isDeepStrictEqual(resourcesOfKind(parent, 'ServiceCIDR'), resourcesOfKind(cluster, 'ServiceCIDR'));
    return isAlike ? sourceOf(parent) : cluster;
  });
}

/**
 * What the kube-proxy of one node and family programs. Remembered per cluster, node, family and settings, where all
 * endpoints are followed.
 *
 * @throws QuestionError NOT_FOUND for an unknown node, UNSUPPORTED for a proxy mode that is not built
 */
export function programNode(
  edited: Cluster,
  nodeName: string,
  family: IPFamily,
  settings: NodeProxySettings,
  follow?: ProxierInput['follow'],
): NodeProgram {
  const cluster = sourceOf(edited);
  if (follow !== undefined) return makeProgram(cluster, nodeName, family, settings, follow);
  let known = programs.get(cluster);
  if (known === undefined) {
    known = new Map();
    programs.set(cluster, known);
  }
  const key = `${family} ${nodeName} ${settingsKey(settings)}`;
  let program = known.get(key);
  if (program === undefined) {
    program = makeProgram(cluster, nodeName, family, settings);
    known.set(key, program);
  }
  return program;
}

function makeProgram(
  cluster: Cluster,
  nodeName: string,
  family: IPFamily,
  settings: NodeProxySettings,
  follow?: ProxierInput['follow'],
): NodeProgram {
  const { mode, version } = settings;
  if (mode === 'nftables' && version.minor < 29) {
    const detail = `kube-proxy ${formatVersion(version)} has no nftables mode: what its nodes program is not known.`;
    throw new QuestionError('UNSUPPORTED', detail);
  }
  const node = cluster.nodes.get(nodeName);
  if (node === undefined) {
    throw new QuestionError('NOT_FOUND', `The snapshot holds no node "${nodeName}".`);
  }
  if (node.status?.nodeInfo?.operatingSystem === 'windows') {
    throw new QuestionError(
      'UNSUPPORTED',
      `Node "${nodeName}" runs Windows, whose kube-proxy writes no rules that this version models.`,
    );
  }
  const make = MODES.get(settings.mode);
  if (make === undefined) {
    throw new QuestionError(
      'UNSUPPORTED',
      `The kube-proxy of node "${nodeName}" runs in ${settings.mode} mode; this version answers for ` +
        `${[...MODES.keys()].join(' and ')} mode.`,
    );
  }
  const { hostnameOverride } = settings;
  const followed = follow === undefined ? {} : { follow };
  if (hostnameOverride === undefined) return make({ cluster, node, family, settings, ...followed });
  const other = { ...NO_NODE, metadata: { name: hostnameOverride } } as const;
  return make({ cluster, node, family, settings, ...followed, self: cluster.nodes.get(hostnameOverride) ?? other });
}
