/** Versions of GKE, which say from when on its controllers do something by themselves. */
import type { Cluster } from '../../cluster/cluster.js';

/**
 * `1.32.2-gke.1652000` as numbers that can be compared in order; `gke` is undefined where the text has no such part.
 */
export interface GkeVersion {
  readonly minor: number;
  readonly patch: number;
  readonly gke: number | undefined;
  readonly text: string;
}

const VERSION = /^v?1\.(\d{1,3})\.(\d{1,4})(?:-gke\.(\d{1,9}))?/;

/**
 * The newest version of the cluster's nodes, which its control plane is not older than; undefined: no node has a
 * version.
 */
export function newestVersion({ nodes }: Cluster): GkeVersion | undefined {
  let newest: GkeVersion | undefined;
  for (const { status } of nodes.values()) {
    const match = VERSION.exec(status?.nodeInfo?.kubeletVersion ?? '');
    if (match === null) continue;
    const [text, minor, patch, gke] = match;
    const version = {
      minor: Number(minor),
      patch: Number(patch),
      gke: gke === undefined ? undefined : Number(gke),
      text,
    };
    if (newest === undefined || isSince(version, newest)) newest = version;
  }
  return newest;
}

/** Whether a version is not older than another. Without a number of GKE's own the rest decides. */
export function isSince(version: GkeVersion, since: Omit<GkeVersion, 'text'>): boolean {
  if (version.minor !== since.minor) return version.minor > since.minor;
  if (version.patch !== since.patch) return version.patch > since.patch;
  return version.gke === undefined || since.gke === undefined || version.gke >= since.gke;
}
