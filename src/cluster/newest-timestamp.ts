import type { Cluster } from './cluster.js';

/**
 * The newest moment in the snapshot's objects, in milliseconds since 1970: creation, pods' start, and changes
 * of node and pod conditions. Deletion timestamps are left out, since they lie ahead by the grace period. Undefined
 * when no object has a timestamp.
 */
export function newestTimestamp(cluster: Cluster): number | undefined {
  let newest = Number.NEGATIVE_INFINITY;
  // Nearly all are written as `2026-01-31T12:00:00Z`, which sorts as text.
  let newestText = '';
  const see = (text: string | null | undefined) => {
    if (!text) return;
    if (text.length === 20 && text.endsWith('Z')) {
      if (text > newestText) newestText = text;
    } else {
      newest = Math.max(newest, Date.parse(text));
    }
  };
  const conditions = (list: readonly { readonly lastTransitionTime?: string | null }[] | null | undefined) => {
    for (const condition of list ?? []) see(condition.lastTransitionTime);
  };
  for (const map of [
    cluster.nodes,
    cluster.pods,
    cluster.services,
    cluster.endpointSlices,
    cluster.endpoints,
    cluster.workloads,
  ]) {
    for (const object of map.values()) see(object.metadata.creationTimestamp);
  }
  for (const node of cluster.nodes.values()) conditions(node.status?.conditions);
  for (const pod of cluster.pods.values()) {
    see(pod.status?.startTime);
    conditions(pod.status?.conditions);
  }
  if (newestText !== '') newest = Math.max(newest, Date.parse(newestText));
  return Number.isFinite(newest) ? newest : undefined;
}
