import { remember } from '../base/remember.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Service } from '../cluster/objects.js';

const NO_SERVICES: readonly Service[] = [];
const selecting = new WeakMap<Cluster['services'], ReadonlyMap<string, readonly Service[]>>();

function bySelection(services: Cluster['services']): ReadonlyMap<string, readonly Service[]> {
  const byNamespace = new Map<string, Service[]>();
  for (const service of services.values()) {
    if (Object.keys(service.spec?.selector ?? {}).length === 0) continue;
    remember(byNamespace, service.metadata.namespace ?? 'default', (): Service[] => []).push(service);
  }
  return byNamespace;
}

/** The Services of a namespace that have a selector, in snapshot order. Remembered until Services change. */
export function selectingServices(cluster: Cluster, namespace: string): readonly Service[] {
  return remember(selecting, cluster.services, () => bySelection(cluster.services)).get(namespace) ?? NO_SERVICES;
}
