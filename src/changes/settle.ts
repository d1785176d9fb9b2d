import type { Cluster } from '../cluster/cluster.js';
import type { EndpointSlice, Pod } from '../cluster/objects.js';
import type { Assumption, KubernetesVersion } from '../cluster/settings.js';
import { timestamp } from '../control-plane/new-pods.js';
import { settleEndpoints } from '../control-plane/settle-endpoints.js';
import type { Consequence } from './change.js';

export interface SettleInput {
  readonly version: KubernetesVersion;
  readonly featureGates: Readonly<Record<string, boolean>>;
  readonly at: number;
}

export interface Settled {
  readonly cluster: Cluster;
  readonly consequences: readonly Consequence[];
  readonly assumptions: readonly Assumption[];
}

/** At most this many names in an assumption. */
const NAMED = 10;

function told(before: EndpointSlice | undefined, after: EndpointSlice | undefined): string {
  const count = (slice: EndpointSlice) => `${slice.endpoints.length} endpoints`;
  if (after === undefined) return 'deleted';
  return before === undefined ? `created with ${count(after)}` : `${before.endpoints.length} → ${count(after)}`;
}

function named(field: string, names: readonly string[], why: string): Assumption[] {
  if (names.length === 0) return [];
  const more = names.length > NAMED ? ` ${names.length - NAMED} more are not named here.` : '';
  return [{ field, value: names.slice(0, NAMED), why: `${why}${more}` }];
}

/**
 * Lets the EndpointSlice controller act on pods that came, changed or went, and tells what it did. `cluster` is the one
 * after the change.
 */
export function settle(cluster: Cluster, changedPods: readonly Pod[], input: SettleInput): Settled {
  const { version, featureGates, at } = input;
  const settled = settleEndpoints(cluster, changedPods, { version, featureGates, triggerTime: timestamp(at) });
  const consequences: Consequence[] = [];
  for (const [key, slice] of settled.edit) {
    consequences.push({ kind: 'SLICE_CHANGED', object: key, detail: told(cluster.endpointSlices.get(key), slice) });
  }
  for (const { service, message } of settled.events) {
    consequences.push({ kind: 'SLICE_CHANGED', object: service, detail: message });
  }
  return {
    cluster: settled.edit.size === 0 ? cluster : cluster.with({ endpointSlices: settled.edit }),
    consequences,
    assumptions: [
      ...named(
        'snapshot.staleEndpoints',
        settled.staleAddresses,
        'These endpoints had no pod in the snapshot that is one: the EndpointSlice controller takes them out.',
      ),
      ...named(
        'snapshot.podsWithoutNode',
        settled.podsWithoutNode,
        'The nodes of these pods are not in the snapshot: the EndpointSlice controller leaves such pods out.',
      ),
      ...named(
        'snapshot.slicesWithoutManager',
        settled.assumedManaged,
        'These EndpointSlices do not say who manages them: they are taken for the EndpointSlice controller’s, since their endpoints are pods.',
      ),
    ],
  };
}
