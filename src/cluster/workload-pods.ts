import type { Cluster } from './cluster.js';
import { matchesSelector } from './labels.js';
import type { Pod, Workload, WorkloadKind } from './objects.js';

export const WORKLOAD_KINDS: readonly WorkloadKind[] = ['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet'];

function isOwnedBy(workload: Workload, kind: string, name: string): boolean {
  const owners = workload.metadata.ownerReferences ?? [];
  return owners.some((owner) => owner.kind === kind && owner.name === name);
}

/** The ReplicaSets of a Deployment by owner reference, in snapshot order. */
export function replicaSetsOf(cluster: Cluster, namespace: string, deployment: string): readonly Workload[] {
  return [...cluster.workloads.values()].filter(
    (workload) =>
      workload.kind === 'ReplicaSet' &&
      (workload.metadata.namespace ?? 'default') === namespace &&
      isOwnedBy(workload, 'Deployment', deployment),
  );
}

/**
 * The pods of a workload: those it owns, a Deployment through its ReplicaSets. Pods without any owner that its selector
 * matches count where it owns none (snapshots with references stripped); so do, for a Deployment whose ReplicaSets are
 * not in the snapshot, the pods of ReplicaSets that its selector matches. Empty for a workload that does not exist.
 */
export function podsOfWorkload(cluster: Cluster, kind: string, namespace: string, name: string): readonly Pod[] {
  if (!WORKLOAD_KINDS.some((known) => known === kind)) return [];
  const replicaSets = kind === 'Deployment' ? replicaSetsOf(cluster, namespace, name) : [];
  const owned =
    kind === 'Deployment'
      ? replicaSets.flatMap(({ metadata }) => cluster.podsOwnedBy('ReplicaSet', namespace, metadata.name))
      : cluster.podsOwnedBy(kind, namespace, name);
  if (owned.length > 0) return owned;
  const selector = cluster.workloads.get(`${kind}/${namespace}/${name}`)?.spec?.selector;
  return cluster.podsIn(namespace).filter((pod) => {
    if (!matchesSelector(pod.metadata.labels, selector)) return false;
    const owner = pod.metadata.ownerReferences?.[0];
    if (owner === undefined) return true;
    return (
      kind === 'Deployment' &&
      owner.kind === 'ReplicaSet' &&
      owner.name.startsWith(`${name}-`) &&
      !cluster.workloads.has(`ReplicaSet/${namespace}/${owner.name}`)
    );
  });
}
