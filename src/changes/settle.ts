import { isDeepStrictEqual } from '../base/deep-equal.js';
import type { Cluster } from '../cluster/cluster.js';
import { type EndpointSlice, namespacedName, type Pod, type Service } from '../cluster/objects.js';
import type { Assumption } from '../cluster/settings.js';
import { podsSelectedBy, type SyncOptions } from '../control-plane/endpointslices.js';
import { endpointSliceFeatures } from '../control-plane/features.js';
import { timestamp } from '../control-plane/new-pods.js';
import { settleEndpoints } from '../control-plane/settle-endpoints.js';
import { isControllerSlice } from '../control-plane/slice-metadata.js';
import { asksForTopologyHints } from '../control-plane/topology-hints.js';
import { cpuRatiosByZone } from '../control-plane/zone-allocation.js';
import type { ChangeContext, Consequence } from './change.js';
import { controlPlaneVersion, featureGatesOf } from './control-plane-version.js';

/** What a change did that the EndpointSlice controller acts on. */
export interface Unsettled {
  /** Pods that came or went; pods that changed, before and after. */
  readonly pods?: readonly Pod[];
  /** `namespace/name` of Services of which something changed that slices show. */
  readonly services?: readonly string[];
}

export interface Settled {
  readonly cluster: Cluster;
  readonly consequences: readonly Consequence[];
  readonly assumptions: readonly Assumption[];
}

/** At most this many names in an assumption. */
const NAMED = 10;

function describe(before: EndpointSlice | undefined, after: EndpointSlice | undefined): string {
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
 * Whether the pods behind a Service's endpoints are in the snapshot, so that the controller's slices can be written
 * anew. A snapshot of Services and slices alone is no cluster without pods.
 */
export function showsPodsOf(cluster: Cluster, service: Service): boolean {
  const slices = cluster.slicesOf(namespacedName(service)).filter(isControllerSlice);
  return slices.every((slice) => slice.endpoints.length === 0) || podsSelectedBy(cluster, service).length > 0;
}

/** The Services whose hints rest on the zones' shares of CPU, where a change of nodes altered these. */
function servicesHintedByShares(before: Cluster, after: Cluster, context: ChangeContext): string[] {
  if (before.nodes === after.nodes) return [];
  if (isDeepStrictEqual(cpuRatiosByZone(before.nodes.values()), cpuRatiosByZone(after.nodes.values()))) return [];
  const features = endpointSliceFeatures(
    controlPlaneVersion(before, context.settings),
    featureGatesOf(before, context.settings),
  );
  return [...after.services.values()]
    .filter((service) => asksForTopologyHints(service, features) && showsPodsOf(after, service))
    .map(namespacedName);
}

/** Whose controller acts on a change, and when. `before`: the cluster before it. */
export function syncOptions(before: Cluster, context: ChangeContext): SyncOptions {
  return {
    version: controlPlaneVersion(before, context.settings),
    featureGates: featureGatesOf(before, context.settings),
    triggerTime: timestamp(context.at),
  };
}

/**
 * Lets the EndpointSlice controller act on a change, and returns what it did. `before` is the cluster before the change
 * (whose newest node shows the controller's version), `after` the one with it.
 */
export function settle(
  before: Cluster,
  after: Cluster,
  { pods, services }: Unsettled,
  context: ChangeContext,
): Settled {
  const due = new Set([...(services ?? []), ...servicesHintedByShares(before, after, context)]);
  const settled = settleEndpoints(after, pods ?? [], syncOptions(before, context), due);
  const consequences: Consequence[] = [];
  for (const [key, slice] of settled.edit) {
    consequences.push({ kind: 'SLICE_CHANGED', object: key, detail: describe(after.endpointSlices.get(key), slice) });
  }
  for (const { service, message } of settled.events) {
    consequences.push({ kind: 'SLICE_CHANGED', object: service, detail: message });
  }
  return {
    cluster: settled.edit.size === 0 ? after : after.with({ endpointSlices: settled.edit }),
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
        'These EndpointSlices do not say who manages them: they are taken for the EndpointSlice ' +
          'controller’s, since their endpoints are pods.',
      ),
    ],
  };
}

/** The assumption of every change that pods come or go with. */
export const SETTLED: Assumption = {
  field: 'changes.settled',
  value: true,
  why:
    'The answer is about the state after the change has settled: new pods that have a node and an address are ' +
    'ready, removed pods and their endpoints are gone.',
};
