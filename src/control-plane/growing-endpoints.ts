import type { Cluster } from '../cluster/cluster.js';
import type { EndpointSlice, Pod } from '../cluster/objects.js';
import { podsSelectedBy, type SyncOptions, syncEndpointSlices } from './endpointslices.js';
import { matchesServiceSelector } from './labels.js';
import { selectingServices } from './services-in.js';

/**
 * What the EndpointSlice controller writes when the first so many of these new pods have come to the cluster, which
 * holds none of them: slices by `namespace/name`, as `settleEndpoints` gives them. Undefined stands for a pod that was
 * not made. Which Services select which pods is looked for once for all numbers.
 */
export function growingEndpoints(
  cluster: Cluster,
  created: readonly (Pod | undefined)[],
  options: SyncOptions,
): (count: number) => ReadonlyMap<string, EndpointSlice | undefined> {
  const namespaces = new Set(
    created.flatMap((pod) => (pod === undefined ? [] : [pod.metadata.namespace ?? 'default'])),
  );
  const due = [...namespaces].flatMap((namespace) =>
    selectingServices(cluster, namespace).flatMap((service) => {
      const own = created.flatMap((pod, place) => {
        const isSelected =
          pod !== undefined &&
          (pod.metadata.namespace ?? 'default') === namespace &&
          matchesServiceSelector(service.spec?.selector, pod.metadata.labels);
        return isSelected ? [{ pod, place }] : [];
      });
      return own.length === 0 ? [] : [{ service, own, there: podsSelectedBy(cluster, service) }];
    }),
  );
  return (count) => {
    const edit = new Map<string, EndpointSlice | undefined>();
    for (const { service, own, there } of due) {
      const come = own.filter(({ place }) => place < count).map(({ pod }) => pod);
      if (come.length === 0) continue;
      const synced = syncEndpointSlices(cluster, service, { ...options, pods: [...there, ...come] });
      for (const [name, slice] of synced.edit) edit.set(name, slice);
    }
    return edit;
  };
}
