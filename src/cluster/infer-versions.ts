import { QuestionError } from '../base/errors.js';
import type { Cluster } from './cluster.js';
import type { Node } from './objects.js';
import { type Assumption, formatVersion, type KubernetesVersion } from './settings.js';
import {
  isSupported,
  NEWEST_VERSION,
  parseVersion,
  SUPPORTED_RANGE,
  type WrittenVersion,
  withCheckedPatch,
} from './versions.js';

/** The Kubernetes versions of a cluster's nodes. */
export interface NodeVersions {
  /** Throws QuestionError UNSUPPORTED when the node's version is not modelled. */
  of(node: Node): KubernetesVersion;
  /** As written in a request's settings: one version, or by node where they differ. */
  readonly asUsed: string | Readonly<Record<string, string>>;
  readonly assumptions: readonly Assumption[];
}

const FIELD = 'settings.kubernetesVersion';

/** `node-1, node-2, node-3 and 497 more` */
export function shortened(names: readonly string[]): string {
  const shown = names.slice(0, 3);
  if (names.length > 4) return `${shown.join(', ')} and ${names.length - 3} more`;
  return names.join(', ');
}

function formatWritten(version: WrittenVersion): string {
  return version.patch === undefined
    ? `${version.major}.${version.minor}`
    : formatVersion({ ...version, patch: version.patch });
}

interface Read {
  readonly version: WrittenVersion | undefined;
  /** What was read, e.g. `kubelet version v1.30.5-gke.100`. */
  readonly from: string;
}

function read(node: Node): Read {
  const { kubeProxyVersion, kubeletVersion } = node.status?.nodeInfo ?? {};
  // Since 1.33 nodes no longer report a kube-proxy version; before, it was kubelet's own too.
  for (const [what, text] of [
    ['kube-proxy', kubeProxyVersion],
    ['kubelet', kubeletVersion],
  ] as const) {
    const version = text ? parseVersion(text) : undefined;
    if (version !== undefined) return { version, from: `${what} version ${text}` };
  }
  return { version: undefined, from: 'no version' };
}

/** Settles the version of every node: the request's, else what the node reports, else the newest that is modelled. */
export function inferVersions(cluster: Cluster, override: string | undefined): NodeVersions {
  const given = override === undefined ? undefined : parseVersion(override);
  if (given !== undefined) {
    const version = withCheckedPatch(given);
    const why = `The patch that was checked stands for ${override}.`;
    const value = formatVersion(version);
    return {
      of: () => version,
      asUsed: value,
      assumptions: given.patch === undefined ? [{ field: FIELD, value, why }] : [],
    };
  }
  const groups = new Map<string, { readonly read: Read; readonly version: WrittenVersion; readonly nodes: string[] }>();
  const versions = new Map<string, WrittenVersion>();
  for (const node of cluster.nodes.values()) {
    const found = read(node);
    const { version: written = NEWEST_VERSION } = found;
    const version = isSupported(written) ? withCheckedPatch(written) : written;
    const key = `${formatWritten(version)} ${found.from}`;
    const group = groups.get(key) ?? { read: found, version, nodes: [] };
    group.nodes.push(node.metadata.name);
    groups.set(key, group);
    versions.set(node.metadata.name, version);
  }
  const assumptions = [...groups.values()].map(({ read: { version, from }, version: used, nodes }) => {
    const value = formatWritten(used);
    const why =
      version === undefined
        ? `The newest version that is modelled: nodes report none (${shortened(nodes)}).`
        : `Read from the nodes: ${from} ` +
          `(${shortened(nodes)}).${version.patch === undefined ? ' The patch is the one that was checked.' : ''}`;
    return { field: FIELD, value, why };
  });
  const distinct = [...new Set([...versions.values()].map(formatWritten))];
  const byNode = Object.fromEntries([...versions].map(([name, version]) => [name, formatWritten(version)]));
  return {
    of(node) {
      const version = versions.get(node.metadata.name) ?? NEWEST_VERSION;
      if (!isSupported(version)) {
        const detail =
          `Node ${node.metadata.name} runs Kubernetes ${formatWritten(version)}, which is not modelled; ` +
          `versions ${SUPPORTED_RANGE} are. Name one of them in settings.kubernetesVersion to ask as if the ` +
          'node ran it.';
        throw new QuestionError('UNSUPPORTED', detail, [
          { pointer: '/settings/kubernetesVersion', in: 'request', detail },
        ]);
      }
      return withCheckedPatch(version);
    },
    asUsed:
      distinct.length === 0 ? formatVersion(NEWEST_VERSION) : distinct.length === 1 ? (distinct[0] as string) : byNode,
    assumptions,
  };
}
