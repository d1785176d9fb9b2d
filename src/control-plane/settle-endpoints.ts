import { canonicalAddress } from '../base/address.js';
import { remember } from '../base/remember.js';
import type { Cluster } from '../cluster/cluster.js';
import { podAddresses } from '../cluster/cluster.js';
import { type EndpointSlice, namespacedName, type Pod, type Service } from '../cluster/objects.js';
import { type SyncOptions, syncEndpointSlices } from './endpointslices.js';
import { matchesServiceSelector } from './labels.js';
import { selectingServices } from './services-in.js';
import type { HintEvent } from './topology-hints.js';

export interface SettledEndpoints {
  /** Slices written and, undefined, deleted, by `namespace/name`. */
  readonly edit: ReadonlyMap<string, EndpointSlice | undefined>;
  readonly events: readonly (HintEvent & { readonly service: string })[];
  readonly podsWithoutNode: readonly string[];
  readonly assumedManaged: readonly string[];
  /** Addresses that lost their endpoint though no changed pod has them: their pods are not in the snapshot. */
  readonly staleAddresses: readonly string[];
}

const labelTexts = new WeakMap<Pod, string>();

/** Equal for pods of one namespace with the same labels. */
function labelsText(pod: Pod): string {
  return remember(labelTexts, pod, () =>
    JSON.stringify([pod.metadata.namespace ?? 'default', pod.metadata.labels ?? {}]),
  );
}

/** Addresses of endpoints that an edit of slices takes away. */
function lostAddresses(cluster: Cluster, edit: ReadonlyMap<string, EndpointSlice | undefined>): ReadonlySet<string> {
  const lost = new Set<string>();
  for (const name of edit.keys()) {
    for (const { addresses } of cluster.endpointSlices.get(name)?.endpoints ?? []) {
      for (const text of addresses) lost.add(canonicalAddress(text));
    }
  }
  for (const slice of edit.values()) {
    for (const { addresses } of slice?.endpoints ?? []) {
      if (lost.size === 0) return lost;
      for (const text of addresses) lost.delete(canonicalAddress(text));
    }
  }
  return lost;
}

/**
 * What the EndpointSlice controller does after pods came, changed or went: syncs the Services whose selectors match one
 * of them, and those of `services` (`namespace/name`). `cluster` is the one after the change; slices of all other
 * Services stay the very same objects.
 */
export function settleEndpoints(
  cluster: Cluster,
  changedPods: readonly Pod[],
  options: SyncOptions,
  services: ReadonlySet<string> = new Set(),
): SettledEndpoints {
  const labelSets = new Map<string, Pod>();
  for (const pod of changedPods) labelSets.set(labelsText(pod), pod);
  const changed = [...labelSets.values()];
  const edit = new Map<string, EndpointSlice | undefined>();
  const events: (HintEvent & { readonly service: string })[] = [];
  const podsWithoutNode = new Set<string>();
  const assumedManaged = new Set<string>();
  const stale = new Set<string>();
  const namespaces = new Set(changed.map((pod) => pod.metadata.namespace ?? 'default'));
  const selectsChanged = (service: Service) => {
    const namespace = service.metadata.namespace ?? 'default';
    const selector = service.spec?.selector;
    return changed.some(
      (pod) =>
        (pod.metadata.namespace ?? 'default') === namespace && matchesServiceSelector(selector, pod.metadata.labels),
    );
  };
  const due = new Set([...namespaces].flatMap((one) => selectingServices(cluster, one)).filter(selectsChanged));
  for (const key of services) {
    const service = cluster.services.get(key);
    if (service !== undefined) due.add(service);
  }
  for (const service of due) {
    const namespace = service.metadata.namespace ?? 'default';
    const key = namespacedName(service);
    const synced = syncEndpointSlices(cluster, service, options);
    for (const event of synced.events) events.push({ ...event, service: key });
    for (const pod of synced.podsWithoutNode) podsWithoutNode.add(pod);
    for (const slice of synced.assumedManaged) assumedManaged.add(`${namespace}/${slice}`);
    for (const [name, slice] of synced.edit) edit.set(name, slice);
    for (const address of lostAddresses(cluster, synced.edit)) stale.add(address);
  }
  if (stale.size > 0) {
    for (const pod of changedPods) for (const text of podAddresses(pod)) stale.delete(canonicalAddress(text));
  }
  return {
    edit,
    events,
    podsWithoutNode: [...podsWithoutNode],
    assumedManaged: [...assumedManaged],
    staleAddresses: [...stale],
  };
}
