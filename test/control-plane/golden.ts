import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Cluster } from '../../src/cluster/cluster.js';
import type { KubernetesObject } from '../../src/cluster/objects.js';
import { clusterOf as clusterOfItems } from '../support/cluster-of.js';

/** The recorded cases of one kind, by name. */
export function goldenCases<T>(kind: string): [string, T][] {
  const packed = readFileSync(`test/control-plane/golden/${kind}.json.gz`);
  return Object.entries(JSON.parse(gunzipSync(packed).toString('utf8')) as Record<string, T>);
}

export interface ObjectList {
  readonly items: readonly { readonly kind: string }[];
}

/** A Cluster of a recorded v1 List. */
export function clusterOf(list: ObjectList): Cluster {
  return clusterOfItems(list.items as readonly KubernetesObject[]);
}
