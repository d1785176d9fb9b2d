import type { KubernetesVersion } from './settings.js';

/** The Kubernetes minor versions whose kube-proxy is modelled, and the patch that a bare `1.30` stands for. */
export const CHECKED_PATCHES: ReadonlyMap<number, number> = new Map([
  [20, 2],
  [21, 1],
  [22, 0],
  [23, 4],
  [24, 3],
  [25, 4],
  [26, 0],
  [27, 1],
  [28, 3],
  [29, 1],
  [30, 5],
  [31, 14],
  [32, 13],
  [33, 13],
  [34, 9],
  [35, 6],
  [36, 2],
]);

/** Assumed where neither the snapshot nor the request names a version. */
export const NEWEST_VERSION: KubernetesVersion = { major: 1, minor: 36, patch: 2 };

/** `1.20 to 1.36` */
export const SUPPORTED_RANGE = `1.${Math.min(...CHECKED_PATCHES.keys())} to 1.${Math.max(...CHECKED_PATCHES.keys())}`;

export function isSupported(version: { readonly major: number; readonly minor: number }): boolean {
  return version.major === 1 && CHECKED_PATCHES.has(version.minor);
}

/** A version as it was written: `patch` is undefined when it was left out. */
export interface WrittenVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number | undefined;
}

const VERSION = /^v?(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?(?:[-+].*)?$/;

/** Reads `1.30`, `v1.30.5`, `v1.30.5-gke.100`, `v1.27.3+k3s1`; undefined for anything else. */
export function parseVersion(text: string): WrittenVersion | undefined {
  const match = VERSION.exec(text);
  if (match === null) return undefined;
  return {
    major: Number(match[1]),
    minor: Number(match[2]),
    patch: match[3] === undefined ? undefined : Number(match[3]),
  };
}

/** The version with the patch that was checked where none was written. The minor version must be supported. */
export function withCheckedPatch(version: WrittenVersion): KubernetesVersion {
  return { ...version, patch: version.patch ?? CHECKED_PATCHES.get(version.minor) ?? 0 };
}
