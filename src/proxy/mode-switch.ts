import type { Node } from '../cluster/objects.js';
import type { NodeProxySettings, ProxyMode } from '../cluster/settings.js';
import { formatVersion } from '../cluster/settings.js';

/**
 * The oldest kernel on which kube-proxy starts in nftables mode (checked since 1.31; older ones lack what its rules
 * need).
 */
const OLDEST_KERNEL = [5, 13] as const;

function isOlder(kernel: string): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(kernel) ?? [];
  if (major === undefined || minor === undefined) return false;
  return Number(major) < OLDEST_KERNEL[0] || (Number(major) === OLDEST_KERNEL[0] && Number(minor) < OLDEST_KERNEL[1]);
}

/** Why a node's kube-proxy cannot run in nftables mode, in a sentence; undefined where nothing is against it. */
function nftablesNotAvailable(node: Node, { version, featureGates }: NodeProxySettings): string | undefined {
  if (version.minor < 29)
    return `kube-proxy ${formatVersion(version)} has no nftables mode; 1.29 is the first that has one`;
  if (version.minor < 31 && featureGates.NFTablesProxyMode !== true) {
    return `kube-proxy ${formatVersion(version)} needs the feature gate NFTablesProxyMode for nftables mode`;
  }
  const kernel = node.status?.nodeInfo?.kernelVersion;
  if (kernel !== undefined && isOlder(kernel)) {
    return `its kernel is ${kernel}, and nftables mode needs ${OLDEST_KERNEL.join('.')} or later`;
  }
  return undefined;
}

/** What can be in the way of a mode. */
const REQUIREMENTS: Readonly<
  Partial<Record<ProxyMode, (node: Node, settings: NodeProxySettings) => string | undefined>>
> = { nftables: nftablesNotAvailable };

/** Why a node's kube-proxy cannot run in its mode; undefined where nothing is known to be against it. */
export function notAvailable(node: Node, settings: NodeProxySettings): string | undefined {
  return REQUIREMENTS[settings.mode]?.(node, settings);
}

/**
 * Whether kube-proxy rejects connections to ports of a cluster IP that no Service has; otherwise they are not answered.
 */
export function rejectsUnknownPorts({ mode, version }: NodeProxySettings): boolean {
  return (mode === 'nftables' && version.minor >= 30) || (mode === 'ipvs' && version.minor >= 26);
}

/** Whether rules of others can jump to kube-proxy's chains, and see its mark for masquerade before POSTROUTING. */
export function hasSharedChains({ mode }: NodeProxySettings): boolean {
  return mode !== 'nftables';
}
