import type { Cluster } from '../cluster/cluster.js';
import { type Node, namespacedName, type Pod, type PodSpec, type Workload } from '../cluster/objects.js';
import { generatedName } from './generated-name.js';
import { type PodTemplate, pendingPod, templateOf } from './new-pods.js';
import { Scheduler } from './scheduler/scheduler.js';

type Toleration = NonNullable<PodSpec['tolerations']>[number];

/** What the DaemonSet controller lets its pods tolerate. Source: Kubernetes 1.36 pkg/controller/daemon/util. */
const TOLERATED: readonly (readonly [string, string])[] = [
  ['not-ready', 'NoExecute'],
  ['unreachable', 'NoExecute'],
  ['disk-pressure', 'NoSchedule'],
  ['memory-pressure', 'NoSchedule'],
  ['pid-pressure', 'NoSchedule'],
  ['unschedulable', 'NoSchedule'],
];

function withTolerations(template: PodTemplate): PodTemplate {
  const own = template.spec.tolerations ?? [];
  const network: readonly (readonly [string, string])[] =
    template.spec.hostNetwork === true ? [['network-unavailable', 'NoSchedule']] : [];
  const added = [...TOLERATED, ...network].map(
    ([key, effect]): Toleration => ({ key: `node.kubernetes.io/${key}`, operator: 'Exists', effect }),
  );
  return { ...template, spec: { ...template.spec, tolerations: [...own, ...added] } };
}

/**
 * The pods that DaemonSets create on a node that is new in the cluster, without addresses yet: those of which node
 * selector, affinity and tolerations let a pod run there. DaemonSets whose pod template the snapshot lacks have none.
 */
export function daemonPodsFor(cluster: Cluster, node: Node, at: number): readonly Pod[] {
  const others = new Map(
    [...cluster.nodes.keys()].filter((name) => name !== node.metadata.name).map((name) => [name, undefined]),
  );
  const scheduler = new Scheduler(cluster.with({ nodes: others }));
  const pods: Pod[] = [];
  for (const workload of cluster.workloads.values()) {
    if (workload.kind !== 'DaemonSet') continue;
    const template = templateOf(workload, undefined);
    if (template === undefined) continue;
    const { name, namespace = 'default' } = workload.metadata;
    const taken = (one: string) => cluster.pods.has(`${namespace}/${one}`);
    const own = generatedName(`${name}-`, `Pod/${namespace}/${name}/${node.metadata.name}`, taken);
    const pod = pendingPod(workload, withTolerations(template), own, at);
    if (scheduler.decide(pod).node === node.metadata.name) {
      scheduler.assign(pod, node.metadata.name);
      pods.push(pod);
    }
  }
  return pods;
}

/**
 * The pods of one DaemonSet on all nodes that can take them, by node, without addresses yet: node selector, affinity,
 * taints, host ports and requests are looked at, as if the pods that they replace were gone. Their names are new.
 */
export function podsOfDaemonSet(
  cluster: Cluster,
  workload: Workload,
  at: number,
  replaced: readonly Pod[],
): ReadonlyMap<string, Pod> {
  const template = templateOf(workload, undefined);
  const pods = new Map<string, Pod>();
  if (template === undefined) return pods;
  const { name, namespace = 'default' } = workload.metadata;
  const tolerant = withTolerations(template);
  const bare = cluster.with({ pods: new Map(replaced.map((pod) => [namespacedName(pod), undefined])) });
  const { infeasibleNodes } = new Scheduler(bare).explain(pendingPod(workload, tolerant, name, at));
  const names = new Set<string>();
  for (const node of cluster.nodes.keys()) {
    if (infeasibleNodes.has(node)) continue;
    const taken = (one: string) => names.has(one) || cluster.pods.has(`${namespace}/${one}`);
    const own = generatedName(`${name}-`, `Pod/${namespace}/${name}/${node}`, taken);
    names.add(own);
    pods.set(node, pendingPod(workload, tolerant, own, at));
  }
  return pods;
}
