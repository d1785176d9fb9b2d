/** The pods of a cluster that run, by the workload that a person knows them by. */
import { type Cluster, podAddresses } from './cluster.js';
import type { Pod } from './objects.js';
import { podsOfWorkload } from './workload-pods.js';

/** Running pods that belong together. */
export interface RunningWorkload {
  /** `Deployment`, `StatefulSet` …; `Pod` for a pod that nobody owns. */
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly pods: readonly Pod[];
}

/** Whether a pod is on a node of the cluster, has an address and has not ended. */
function runs(cluster: Cluster, { spec, status }: Pod): boolean {
  return (
    cluster.nodes.has(spec?.nodeName ?? '') &&
    status?.phase !== 'Succeeded' &&
    status?.phase !== 'Failed' &&
    (status?.podIP !== undefined || (status?.podIPs ?? []).length > 0)
  );
}

/**
 * The workload that owner references name; a ReplicaSet's Deployment by the hash in its name where the ReplicaSet is
 * not there.
 */
function ownerOf(cluster: Cluster, { metadata }: Pod): { readonly kind: string; readonly name: string } {
  const owners = metadata.ownerReferences ?? [];
  const owner = owners[0];
  if (owner === undefined) return { kind: 'Pod', name: metadata.name };
  if (owner.kind !== 'ReplicaSet') return { kind: owner.kind, name: owner.name };
  const set = cluster.workloads.get(`ReplicaSet/${metadata.namespace ?? 'default'}/${owner.name}`);
  const above = set?.metadata.ownerReferences?.[0];
  if (above !== undefined) return { kind: above.kind, name: above.name };
  const hash = metadata.labels?.['pod-template-hash'];
  return set === undefined && hash !== undefined && owner.name.endsWith(`-${hash}`)
    ? { kind: 'Deployment', name: owner.name.slice(0, -hash.length - 1) }
    : { kind: 'ReplicaSet', name: owner.name };
}

interface Known {
  readonly workloads: object;
  readonly nodes: object;
  readonly list: readonly RunningWorkload[];
}

// Clusters that differ in other objects share these maps.
const known = new WeakMap<Cluster['pods'], Known>();

/**
 * Every workload with running pods, by namespace, kind and name: the owners that pods name, else the workload whose
 * selector matches, else each pod for itself.
 */
export function runningWorkloads(cluster: Cluster): readonly RunningWorkload[] {
  const { pods, workloads, nodes } = cluster;
  const last = known.get(pods);
  if (last !== undefined && last.workloads === workloads && last.nodes === nodes) return last.list;
  const list = listOf(cluster);
  known.set(pods, { workloads, nodes, list });
  return list;
}

function listOf(cluster: Cluster): readonly RunningWorkload[] {
  const found = new Map<string, { kind: string; namespace: string; name: string; pods: Pod[] }>();
  const add = (kind: string, namespace: string, name: string, pod: Pod) => {
    const key = `${namespace} ${kind} ${name}`;
    const own = found.get(key) ?? { kind, namespace, name, pods: [] };
    own.pods.push(pod);
    found.set(key, own);
  };
  // Pods without owners: some workload may select them all the same (references are stripped in some snapshots).
  const selected = new Map<Pod, { readonly kind: string; readonly name: string }>();
  for (const { kind, metadata } of cluster.workloads.values()) {
    if (kind === 'ReplicaSet') continue;
    for (const pod of podsOfWorkload(cluster, kind, metadata.namespace ?? 'default', metadata.name)) {
      if ((pod.metadata.ownerReferences ?? []).length === 0) selected.set(pod, { kind, name: metadata.name });
    }
  }
  for (const pod of cluster.pods.values()) {
    if (!runs(cluster, pod) || podAddresses(pod).length === 0) continue;
    const { kind, name } = selected.get(pod) ?? ownerOf(cluster, pod);
    add(kind, pod.metadata.namespace ?? 'default', name, pod);
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}
