import type { Cluster, ClusterEdit } from '../cluster/cluster.js';
import { workloadKey } from '../cluster/cluster.js';
import { requireWorkload } from '../cluster/lookup.js';
import { namespacedName, type Pod, type Workload } from '../cluster/objects.js';
import type { Assumption } from '../cluster/settings.js';
import type { ScaleChange } from '../contract/requests.js';
import { isReady } from '../control-plane/pods.js';
import type { ChangeContext, ChangeKind, ChangeResult, Choice, Consequence } from './change.js';
import { controlPlaneVersion } from './control-plane-version.js';
import { placePods } from './place-pods.js';
import { impossible } from './refused-change.js';
import { planDeployment, planReplicaSet, planStatefulSet, type ReplicaPlan, type ScaleInput } from './replica-plan.js';
import { SETTLED, settle } from './settle.js';

/** The most replicas that a request may ask for. */
export const MAX_REPLICAS = 5000;

const PLANS: Readonly<Record<ScaleChange['kind'], (input: ScaleInput) => ReplicaPlan>> = {
  Deployment: planDeployment,
  ReplicaSet: planReplicaSet,
  StatefulSet: planStatefulSet,
};

function checkNumbers(change: ScaleChange, plan: ReplicaPlan, pointer: string): void {
  const named = change.remove?.length ?? 0;
  if (named > plan.removed.length) {
    const detail = `\`remove\` names ${named} pods, but scaling to ${change.replicas} removes ${plan.removed.length}.`;
    throw impossible(`${pointer}/remove`, detail);
  }
  const placed = change.placement?.length ?? 0;
  if (placed > plan.added.length) {
    const detail =
      `\`placement\` names ${placed} nodes, but scaling to ${change.replicas} adds ` + `${plan.added.length} pods.`;
    throw impossible(`${pointer}/placement`, detail);
  }
}

function recount(cluster: Cluster, workload: Workload, size: number, pods: readonly Pod[]): [string, Workload] {
  const { kind, metadata } = workload;
  const key = workloadKey(kind, metadata.namespace ?? 'default', metadata.name);
  const current = cluster.workloads.get(key) ?? workload;
  const status = { ...current.status, replicas: pods.length, readyReplicas: pods.filter(isReady).length };
  return [key, { ...current, spec: { ...current.spec, replicas: size }, status }];
}

function apply(cluster: Cluster, change: ScaleChange, context: ChangeContext, pointer: string): ChangeResult {
  const { kind, namespace, name, replicas } = change;
  if (!Number.isInteger(replicas) || replicas < 0 || replicas > MAX_REPLICAS) {
    const detail = `replicas is ${JSON.stringify(replicas)}: it has to be an integer from 0 to ${MAX_REPLICAS}.`;
    throw impossible(`${pointer}/replicas`, detail);
  }
  const plannerOf = PLANS[kind] as ((input: ScaleInput) => ReplicaPlan) | undefined;
  if (plannerOf === undefined) {
    const detail = `A ${kind} cannot be scaled: kind is Deployment, ReplicaSet or StatefulSet.`;
    throw impossible(`${pointer}/kind`, detail);
  }
  const workload = requireWorkload(cluster, kind, namespace, name, pointer);
  const version = controlPlaneVersion(cluster, context.settings);
  const input: ScaleInput = {
    cluster,
    workload,
    replicas,
    remove: change.remove ?? [],
    at: context.at,
    version,
    pointer,
  };
  const plan = plannerOf(input);
  checkNumbers(change, plan, pointer);

  const removals = new Map<string, Pod | undefined>(plan.removed.map((pod) => [namespacedName(pod), undefined]));
  const reduced = cluster.with({ pods: removals, workloads: plan.foundWorkloads });
  const placed = placePods(reduced, plan.added, {
    placement: change.placement ?? [],
    at: context.at,
    version,
    inOrder: plan.inOrder,
    pointer,
  });
  const workloads = new Map<string, Workload | undefined>();
  const all: Pod[] = [];
  const created = [...placed.pods.values()];
  for (const { workload: owner, size, kept } of plan.sizes) {
    const own = [...kept, ...created.filter((pod) => pod.metadata.ownerReferences?.[0]?.name === owner.metadata.name)];
    all.push(...own);
    workloads.set(...recount(reduced, owner, size, own));
  }
  workloads.set(...recount(reduced, workload, replicas, all));
  const edit: ClusterEdit = { pods: placed.pods, workloads };
  const changed = reduced.with(edit);
  const settled = settle(cluster, changed, { pods: [...plan.removed, ...created] }, context);

  const before = workload.spec?.replicas ?? 1;
  const consequences: Consequence[] = [
    { kind: 'WORKLOAD_CHANGED', object: `${kind} ${namespace}/${name}`, detail: `replicas ${before} → ${replicas}` },
    ...plan.removed.map(
      (pod): Consequence => ({
        kind: 'POD_REMOVED',
        object: namespacedName(pod),
        detail: pod.spec?.nodeName ? `was on ${pod.spec.nodeName}` : 'was on no node',
      }),
    ),
    ...placed.consequences,
    ...settled.consequences,
  ];
  const choices: Choice[] = [...plan.choices, ...placed.choices];
  const assumptions: Assumption[] = [...plan.assumptions, ...placed.assumptions, ...settled.assumptions];
  if (plan.removed.length + created.length > 0) assumptions.push(SETTLED);
  return { cluster: settled.cluster, choices, consequences, assumptions };
}

/**
 * `scale`: a workload gets another number of replicas. Which pods go, where new ones land and what becomes of
 * EndpointSlices follows the controllers' and the scheduler's rules, unless the request says so.
 */
export const scale: ChangeKind<'scale'> = {
  key: 'scale',
  schema: 'ScaleChange',
  summary: 'a workload gets another number of replicas',
  example: { kind: 'Deployment', namespace: 'default', name: 'nginx-deployment', replicas: 2 },
  describe: ({ kind, namespace, name, replicas }) => `scale ${kind} ${namespace}/${name} to ${replicas}`,
  apply,
};
