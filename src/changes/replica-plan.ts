import { closestNames } from '../base/did-you-mean.js';
import { QuestionError } from '../base/errors.js';
import { KUBECTL_GET } from '../base/kubectl.js';
import { type Cluster, workloadKey } from '../cluster/cluster.js';
import { namespacedName, type Pod, type Workload } from '../cluster/objects.js';
import type { Assumption, KubernetesVersion } from '../cluster/settings.js';
import { podsOfWorkload, replicaSetsOf } from '../cluster/workload-pods.js';
import { pendingPod, podNames, templateOf } from '../control-plane/new-pods.js';
import { controllerOf, isActive } from '../control-plane/pods.js';
import { newestFirst, scaleReplicaSets } from '../control-plane/replicaset-sizes.js';
import { chooseVictims, podsOfReplicaSet, type VictimChoice } from '../control-plane/replicaset-victims.js';
import type { Choice } from './change.js';
import { impliedReplicaSets } from './implied-replicasets.js';
import { limitedChoice, MAX_CHOICES } from './limited-choice.js';
import { impossible } from './refused-change.js';

export interface ScaleInput {
  readonly cluster: Cluster;
  readonly workload: Workload;
  readonly replicas: number;
  /** Names of pods that have to go. */
  readonly remove: readonly string[];
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly version: KubernetesVersion;
  /** JSON Pointer of the change. */
  readonly pointer: string;
}

/** What the controllers of a workload do: pods to delete, and pods created without a node yet. */
export interface ReplicaPlan {
  readonly removed: readonly Pod[];
  readonly added: readonly Pod[];
  /** A pod is created only once the one before is ready (StatefulSet, OrderedReady). */
  readonly inOrder: boolean;
  /** The workloads that own pods, the size each gets, and the pods that it keeps. */
  readonly sizes: readonly { readonly workload: Workload; readonly size: number; readonly kept: readonly Pod[] }[];
  /** Workloads that the snapshot lacks and that its pods show, by key. */
  readonly foundWorkloads: ReadonlyMap<string, Workload>;
  readonly choices: readonly Choice[];
  readonly assumptions: readonly Assumption[];
}

const NO_WORKLOADS: ReadonlyMap<string, Workload> = new Map();

const nameOf = (workload: Workload) => `${workload.kind} ${namespacedName(workload)}`;

/** Throws QuestionError IMPOSSIBLE_CHANGE where a workload has replicas but the snapshot none of its pods. */
export function requirePods(cluster: Cluster, workload: Workload, pointer: string): void {
  const { kind, metadata, spec, status } = workload;
  // A status without a number is that of a workload whose controller has not acted: it has no pods.
  const recorded = status === undefined ? (spec?.replicas ?? 1) : (status.replicas ?? 0);
  if (recorded === 0) return;
  if (podsOfWorkload(cluster, kind, metadata.namespace ?? 'default', metadata.name).length > 0) return;
  const detail =
    `${nameOf(workload)} has ${recorded} replicas, but the snapshot holds none of its pods: include them ` +
    `(${KUBECTL_GET}).`;
  throw impossible(pointer, detail);
}

function requireRemovable(input: ScaleInput, pods: readonly Pod[]): void {
  const names = pods.map((pod) => pod.metadata.name);
  const known = new Set(names);
  const seen = new Set<string>();
  for (const [index, name] of input.remove.entries()) {
    const pointer = `${input.pointer}/remove/${index}`;
    if (!known.has(name)) {
      const near = closestNames(name, names);
      const hint = near.length === 0 ? '' : ` Did you mean ${near.join(', ')}?`;
      const detail = `Pod "${name}" is not a running pod of ${nameOf(input.workload)}.${hint}`;
      throw new QuestionError('NOT_FOUND', detail, [{ pointer, detail }]);
    }
    if (seen.has(name)) throw impossible(pointer, `Pod "${name}" is named twice.`);
    seen.add(name);
  }
}

interface ReplicaSetPlan {
  readonly removed: readonly Pod[];
  readonly added: readonly Pod[];
  readonly kept: readonly Pod[];
  readonly choices: readonly Choice[];
}

/** The pods among equals that a ReplicaSet removes, with those that could go as well. */
export function victimChoices(replicaSet: Workload, chosen: VictimChoice): readonly Choice[] {
  if (chosen.deterministic) return [];
  const always = new Set(chosen.alwaysVictims);
  const taken = chosen.victims.map((pod) => pod.metadata.name);
  const isTaken = new Set(taken);
  const alternatives = chosen.possibleVictims.filter((name) => !isTaken.has(name));
  return taken
    .filter((name) => !always.has(name))
    .slice(0, MAX_CHOICES)
    .map((name) =>
      limitedChoice({
        what: `pod removed by ${nameOf(replicaSet)}`,
        taken: name,
        alternatives,
        why:
          'The ReplicaSet controller ranks these pods alike: which of them goes depends on the order in which ' +
          'its cache lists them, which is random.',
      }),
    );
}

function resize(
  input: ScaleInput,
  replicaSet: Workload,
  size: number,
  deployment: Workload | undefined,
): ReplicaSetPlan {
  const { cluster, at, version } = input;
  const pods = podsOfReplicaSet(cluster, replicaSet);
  if (size > pods.length) {
    const template = templateOf(replicaSet, pods[0], deployment);
    if (template === undefined) {
      const detail =
        `${nameOf(replicaSet)} has neither a pod nor a pod template in the snapshot: what its pods are is not ` +
        'known.';
      throw impossible(input.pointer, detail);
    }
    const names = podNames(cluster, replicaSet, pods.length, size - pods.length);
    return {
      removed: [],
      added: names.map((name) => pendingPod(replicaSet, template, name, at)),
      kept: pods,
      choices: [],
    };
  }
  const count = pods.length - size;
  const wanted = new Set(input.remove);
  const named = pods.filter((pod) => wanted.has(pod.metadata.name));
  if (named.length > count) {
    const detail = `\`remove\` names ${named.length} pods of ${nameOf(replicaSet)}, which loses ${count}.`;
    throw impossible(`${input.pointer}/remove`, detail);
  }
  const others = pods.filter((pod) => !wanted.has(pod.metadata.name));
  const chosen = chooseVictims(cluster, replicaSet, count - named.length, at, version, others);
  const removed = [...named, ...chosen.victims];
  const gone = new Set(removed);
  const choices = victimChoices(replicaSet, chosen);
  return { removed, added: [], kept: pods.filter((pod) => !gone.has(pod)), choices };
}

function planSets(
  input: ScaleInput,
  sizes: ReadonlyMap<Workload, number>,
  deployment: Workload | undefined,
  foundWorkloads: ReadonlyMap<string, Workload>,
  assumptions: readonly Assumption[],
): ReplicaPlan {
  const plans = [...sizes].map(([workload, size]) => ({
    workload,
    size,
    ...resize(input, workload, size, deployment),
  }));
  return {
    removed: plans.flatMap((plan) => plan.removed),
    added: plans.flatMap((plan) => plan.added),
    inOrder: false,
    sizes: plans,
    foundWorkloads,
    choices: plans.flatMap((plan) => plan.choices),
    assumptions,
  };
}

/** A ReplicaSet: creates pods from its template, or deletes those that its controller's ranking puts first. */
export function planReplicaSet(input: ScaleInput): ReplicaPlan {
  const { cluster, workload, pointer } = input;
  requirePods(cluster, workload, pointer);
  requireRemovable(input, podsOfReplicaSet(cluster, workload));
  const owner = controllerOf(workload);
  const assumptions: Assumption[] =
    owner === undefined
      ? []
      : [
          {
            field: 'changes.scale',
            value: nameOf(workload),
            why:
              `${owner.kind} ${owner.name} controls this ReplicaSet and would set its size back: the answer is ` +
              'about the moment before it does.',
          },
        ];
  return planSets(input, new Map([[workload, input.replicas]]), undefined, NO_WORKLOADS, assumptions);
}

/** A Deployment: sizes its ReplicaSets; each then creates or deletes pods. */
export function planDeployment(input: ScaleInput): ReplicaPlan {
  const { cluster, workload, replicas, pointer } = input;
  requirePods(cluster, workload, pointer);
  const namespace = workload.metadata.namespace ?? 'default';
  const assumptions: Assumption[] = [];
  let sets = replicaSetsOf(cluster, namespace, workload.metadata.name);
  let found = NO_WORKLOADS;
  if (sets.length === 0) {
    sets = impliedReplicaSets(cluster, workload);
    found = new Map(sets.map((one) => [workloadKey('ReplicaSet', namespace, one.metadata.name), one]));
    const names = sets.map((one) => one.metadata.name);
    const why = 'The snapshot holds no ReplicaSet of the Deployment: they are taken from what owns its pods.';
    assumptions.push({ field: 'snapshot.replicaSets', value: names, why });
  }
  const withFound = found.size === 0 ? input : { ...input, cluster: cluster.with({ workloads: found }) };
  const pods = new Map(sets.map((one) => [one, podsOfReplicaSet(withFound.cluster, one)]));
  requireRemovable(input, [...pods.values()].flat());
  const sized = [...sets].sort(newestFirst).map((replicaSet) => ({
    replicaSet,
    size: replicaSet.spec?.replicas ?? pods.get(replicaSet)?.length ?? 0,
  }));
  const active = sized.filter(({ size }) => size > 0);
  const sizes = scaleReplicaSets(workload, replicas, sized);
  if (active.length > 1) {
    const value = Object.fromEntries([...sizes].map(([one, size]) => [one.metadata.name, size]));
    const why =
      'A rollout is under way: the Deployment controller scales its ReplicaSets in proportion, surge ' +
      'included. That the rollout goes on is not part of the answer.';
    assumptions.push({ field: 'changes.scale.replicaSets', value, why });
  }
  return planSets(withFound, sizes, workload, found, assumptions);
}

function ordinalOf(pod: Pod, name: string): number | undefined {
  const text = pod.metadata.name.startsWith(`${name}-`) ? pod.metadata.name.slice(name.length + 1) : '';
  return /^(?:0|[1-9]\d*)$/.test(text) ? Number(text) : undefined;
}

/**
 * A StatefulSet: keeps the pods with ordinals from `ordinals.start` up to the number of replicas, deletes those beyond,
 * highest first, and creates the missing ones. Source: Kubernetes pkg/controller/statefulset.
 */
export function planStatefulSet(input: ScaleInput): ReplicaPlan {
  const { cluster, workload, replicas, at, pointer } = input;
  requirePods(cluster, workload, pointer);
  const { name, namespace = 'default' } = workload.metadata;
  const start = workload.spec?.ordinals?.start ?? 0;
  const own = podsOfWorkload(cluster, 'StatefulSet', namespace, name).flatMap((pod) => {
    const ordinal = ordinalOf(pod, name);
    return ordinal !== undefined && isActive(pod) ? [{ pod, ordinal }] : [];
  });
  own.sort((a, b) => a.ordinal - b.ordinal);
  requireRemovable(
    input,
    own.map(({ pod }) => pod),
  );
  const inRange = (ordinal: number) => ordinal >= start && ordinal < start + replicas;
  const kept = own.filter(({ ordinal }) => inRange(ordinal));
  for (const [index, one] of input.remove.entries()) {
    if (!kept.some(({ pod }) => pod.metadata.name === one)) continue;
    const detail =
      `A StatefulSet of ${replicas} replicas keeps pod "${one}": only pods from ${name}-${start + replicas} on ` +
      'are removed.';
    throw impossible(`${pointer}/remove/${index}`, detail);
  }
  const present = new Set(kept.map(({ ordinal }) => ordinal));
  const missing: number[] = [];
  for (let ordinal = start; ordinal < start + replicas; ordinal++) if (!present.has(ordinal)) missing.push(ordinal);
  const template = missing.length === 0 ? undefined : templateOf(workload, own.at(-1)?.pod);
  if (missing.length > 0 && template === undefined) {
    const detail =
      `${nameOf(workload)} has neither a pod nor a pod template in the ` + 'snapshot: what its pods are is not known.';
    throw impossible(pointer, detail);
  }
  const added = missing.map((ordinal) => {
    // A pod of that name which has ended is replaced.
    return pendingPod(workload, template as NonNullable<typeof template>, `${name}-${ordinal}`, at);
  });
  return {
    removed: own
      .filter(({ ordinal }) => !inRange(ordinal))
      .map(({ pod }) => pod)
      .reverse(),
    added,
    inOrder: workload.spec?.podManagementPolicy !== 'Parallel',
    sizes: [{ workload, size: replicas, kept: kept.map(({ pod }) => pod) }],
    foundWorkloads: NO_WORKLOADS,
    choices: [],
    assumptions: [],
  };
}
