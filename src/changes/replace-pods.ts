import { type Cluster, workloadKey } from '../cluster/cluster.js';
import { namespacedName, type OwnerReference, type Pod, type Workload } from '../cluster/objects.js';
import { pendingPod, podNames, templateOf } from '../control-plane/new-pods.js';
import { controllerOf, isActive } from '../control-plane/pods.js';

/** What controllers create for pods that are gone. */
export interface Replacements {
  /** Without a node yet. */
  readonly pods: readonly Pod[];
  /** Pods that nobody replaces, and why not. */
  readonly unreplaced: readonly { readonly pod: Pod; readonly why: string }[];
}

/** The owner as the snapshot has it; where it lacks it, with what the reference says. */
function workloadOf(cluster: Cluster, pod: Pod, owner: OwnerReference): Workload | undefined {
  const { kind, name, uid } = owner;
  if (kind !== 'ReplicaSet' && kind !== 'StatefulSet') return undefined;
  const namespace = pod.metadata.namespace ?? 'default';
  const known = cluster.workloads.get(workloadKey(kind, namespace, name));
  return known ?? { kind, metadata: { name, namespace, ...(uid === undefined ? {} : { uid }) } };
}

function whyNot(pod: Pod): string {
  const owner = controllerOf(pod);
  if (owner === undefined) return 'no controller replaces it';
  return owner.kind === 'DaemonSet'
    ? `DaemonSet ${owner.name} has it on this node only`
    : `what ${owner.kind} ${owner.name} does about it is not modelled`;
}

/**
 * The pods that ReplicaSets and StatefulSets create in place of those that were evicted or deleted, made like them: new
 * names for a ReplicaSet's, the same for a StatefulSet's. `cluster` still holds the old pods, so that names are new.
 */
export function replacementsFor(cluster: Cluster, gone: readonly Pod[], at: number): Replacements {
  const pods: Pod[] = [];
  const unreplaced: { readonly pod: Pod; readonly why: string }[] = [];
  const byOwner = new Map<string, { readonly workload: Workload; readonly pods: Pod[] }>();
  for (const pod of gone) {
    const owner = controllerOf(pod);
    const workload = owner === undefined ? undefined : workloadOf(cluster, pod, owner);
    if (workload === undefined || !isActive(pod)) {
      unreplaced.push({ pod, why: isActive(pod) ? whyNot(pod) : 'it was ending already' });
      continue;
    }
    const key = `${workload.kind}/${namespacedName(workload)}`;
    const group = byOwner.get(key);
    if (group === undefined) byOwner.set(key, { workload, pods: [pod] });
    else group.pods.push(pod);
  }
  for (const { workload, pods: own } of byOwner.values()) {
    const namespace = workload.metadata.namespace ?? 'default';
    const names =
      workload.kind === 'StatefulSet'
        ? own.map((pod) => pod.metadata.name)
        : podNames(
            cluster,
            workload,
            cluster.podsOwnedBy(workload.kind, namespace, workload.metadata.name).length,
            own.length,
          );
    for (const [index, pod] of own.entries()) {
      const template = templateOf(workload, pod);
      if (template !== undefined) pods.push(pendingPod(workload, template, names[index] as string, at));
      else unreplaced.push({ pod, why: 'the snapshot does not tell what its pods are' });
    }
  }
  return { pods, unreplaced };
}
