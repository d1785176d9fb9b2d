/** Leases of leader elections, as far as a snapshot holds them: who holds an address. */
import { fieldsOf } from '../../base/record.js';
import { remember } from '../../base/remember.js';
import type { Cluster } from '../../cluster/cluster.js';

import { textOf } from '../fields.js';

const known = new WeakMap<Cluster['resources'], ReadonlyMap<string, string>>();

function holders({ resources }: Cluster): ReadonlyMap<string, string> {
  return remember(known, resources, () => {
    const found = new Map<string, string>();
    for (const { kind, metadata, spec } of resources.values()) {
      if (kind !== 'Lease') continue;
      const holder = textOf(fieldsOf(spec).holderIdentity);
      if (holder !== undefined) found.set(`${metadata.namespace ?? 'default'}/${metadata.name}`, holder);
    }
    return found;
  });
}

/**
 * The node that holds one of these leases (`namespace/name`), where it is one of the cluster's; undefined: no lease
 * says so.
 */
export function leaseHolder(cluster: Cluster, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const holder = holders(cluster).get(name);
    if (holder !== undefined && cluster.nodes.has(holder)) return holder;
  }
  return undefined;
}
