import type { Cluster } from '../cluster/cluster.js';
import { matchesSelector } from '../cluster/labels.js';
import type { Pod, Workload } from '../cluster/objects.js';
import type { KubernetesVersion } from '../cluster/settings.js';
import { atLeast } from '../cluster/settings.js';
import { NEWEST_VERSION } from '../cluster/versions.js';
import {
  compareForDeletion,
  compareStrictly,
  type DeletionKey,
  type DeletionRules,
  deletionKey,
} from './deletion-order.js';
import { controllerOf, isActive, isTerminating, refersTo } from './pods.js';

/** Which pods a ReplicaSet would remove. Pods are given by name. */
export interface VictimChoice {
  /** The pods that count as replicas, by name. */
  readonly activePods: readonly Pod[];
  /** In deletion order (the deletes are sent in parallel: only the set shows in a cluster). */
  readonly victims: readonly Pod[];
  /** Whether Kubernetes could only take this set. */
  readonly deterministic: boolean;
  /** Pods that go whatever happens. */
  readonly alwaysVictims: readonly string[];
  /** Pods that can go: the victims and those that tie with the last of them. */
  readonly possibleVictims: readonly string[];
  /** Active pods of the same owner's ReplicaSets on the node of each active pod. */
  readonly ranks: ReadonlyMap<string, number>;
}

const byName = (a: Pod, b: Pod) => (a.metadata.name < b.metadata.name ? -1 : 1);

/**
 * The active pods that a ReplicaSet counts as its own: those it controls and whose labels (still) match, and ownerless
 * ones that match and that it adopts. Sorted by name. Source: Kubernetes `PodControllerRefManager.ClaimPods`.
 */
export function podsOfReplicaSet(cluster: Cluster, replicaSet: Workload): Pod[] {
  const claimed: Pod[] = [];
  for (const pod of cluster.podsIn(replicaSet.metadata.namespace ?? 'default')) {
    if (!isActive(pod) || !matchesSelector(pod.metadata.labels, replicaSet.spec?.selector)) continue;
    const controller = controllerOf(pod);
    const adopts = controller === undefined && !replicaSet.metadata.deletionTimestamp && !isTerminating(pod);
    if (adopts || (controller !== undefined && refersTo(controller, replicaSet))) claimed.push(pod);
  }
  return claimed.sort(byName);
}

/** ReplicaSets of the same controller (a Deployment), itself included. None for a ReplicaSet without one. */
function relatedReplicaSets(cluster: Cluster, replicaSet: Workload): Workload[] {
  const controller = controllerOf(replicaSet);
  if (controller === undefined) return [];
  const related: Workload[] = [];
  for (const other of cluster.workloads.values()) {
    if (other.kind !== 'ReplicaSet' || other.metadata.namespace !== replicaSet.metadata.namespace) continue;
    const theirs = controllerOf(other);
    if (theirs === undefined) continue;
    const same =
      controller.uid !== undefined && theirs.uid !== undefined
        ? controller.uid === theirs.uid
        : controller.kind === theirs.kind && controller.name === theirs.name;
    if (same) related.push(other);
  }
  return related;
}

function countByNode(cluster: Cluster, replicaSet: Workload): Map<string, number> {
  const selectors = relatedReplicaSets(cluster, replicaSet).map((one) => one.spec?.selector);
  const counts = new Map<string, number>();
  for (const pod of cluster.podsIn(replicaSet.metadata.namespace ?? 'default')) {
    if (!isActive(pod) || !selectors.some((selector) => matchesSelector(pod.metadata.labels, selector))) continue;
    const node = pod.spec?.nodeName ?? '';
    counts.set(node, (counts.get(node) ?? 0) + 1);
  }
  return counts;
}

/** Insertion sort, as Go's sort.Sort up to 12 elements: where the order is intransitive, the algorithm decides. */
function insertionSort(keys: readonly DeletionKey[]): DeletionKey[] {
  const sorted = [...keys].sort((a, b) => byName(a.pod, b.pod));
  for (let i = 1; i < sorted.length; i++) {
    const key = sorted[i] as DeletionKey;
    let j = i;
    for (; j > 0 && compareForDeletion(key, sorted[j - 1] as DeletionKey) < 0; j--)
      sorted[j] = sorted[j - 1] as DeletionKey;
    sorted[j] = key;
  }
  return sorted;
}

/**
 * Splits keys that no strict rule tells apart into classes: members of an earlier class always come before those of a
 * later one; inside a class every order may happen (ties, and cycles where the order is intransitive). Classes are the
 * strongly connected components of "may come before": as that holds in one direction at least between any two keys,
 * sorting by how many a key may precede puts the components in order, and a component ends where nobody behind may
 * precede anybody of it.
 */
function orderClasses(keys: readonly DeletionKey[]): DeletionKey[][] {
  const precedes = keys.map(() => 0);
  for (const [i, a] of keys.entries()) {
    for (let j = i + 1; j < keys.length; j++) {
      const order = compareForDeletion(a, keys[j] as DeletionKey);
      if (order <= 0) precedes[i] = (precedes[i] as number) + 1;
      if (order >= 0) precedes[j] = (precedes[j] as number) + 1;
    }
  }
  const order = keys
    .map((key, index) => ({ key, index }))
    .sort((a, b) => (precedes[b.index] as number) - (precedes[a.index] as number) || a.index - b.index)
    .map(({ key }) => key);
  const classes: DeletionKey[][] = [];
  let open: DeletionKey[] = [];
  let reach = 0;
  for (const [position, key] of order.entries()) {
    open.push(key);
    reach = Math.max(reach, position);
    for (let later = order.length - 1; later > reach; later--) {
      if (compareForDeletion(order[later] as DeletionKey, key) <= 0) reach = later;
    }
    if (reach === position) {
      classes.push(open);
      open = [];
    }
  }
  return classes;
}

function rulesOf(version: KubernetesVersion): DeletionRules {
  return {
    deletionCost: atLeast(version, 22),
    logarithmicAges: atLeast(version, 22),
    sidecarRestarts: atLeast(version, 32),
  };
}

/**
 * Chooses the pods that go when `count` of a ReplicaSet's pods have to: ranks them as the ReplicaSet controller does.
 * Where Kubernetes decides at random (ties; an order that is not transitive, since pods that became ready in the same
 * moment are compared by other rules than pods of the same power-of-two age), the result is one that it may take, found
 * from pods in name order, and the alternatives are listed. `now`: milliseconds since 1970.
 */
export function chooseVictims(
  cluster: Cluster,
  replicaSet: Workload,
  count: number,
  now: number,
  version: KubernetesVersion = NEWEST_VERSION,
  pods: readonly Pod[] = podsOfReplicaSet(cluster, replicaSet),
): VictimChoice {
  const perNode = countByNode(cluster, replicaSet);
  const ranked = controllerOf(replicaSet) !== undefined;
  const rankOf = (pod: Pod) => (ranked ? (perNode.get(pod.spec?.nodeName ?? '') ?? 0) : 0);
  const ranks = new Map(pods.map((pod) => [pod.metadata.name, rankOf(pod)]));
  const wanted = Math.max(0, Math.min(count, pods.length));
  const names = (list: readonly Pod[]) => list.map((pod) => pod.metadata.name).sort();
  if (wanted === 0 || wanted === pods.length) {
    const victims = wanted === 0 ? [] : [...pods];
    return {
      activePods: pods,
      victims,
      deterministic: true,
      alwaysVictims: names(victims),
      possibleVictims: names(victims),
      ranks,
    };
  }
  const rules = rulesOf(version);
  const keys = pods.map((pod) => deletionKey(pod, rankOf(pod), now, rules));
  const groups: DeletionKey[][] = [];
  for (const key of [...keys].sort((a, b) => compareStrictly(a, b) || byName(a.pod, b.pod))) {
    const last = groups.at(-1);
    if (last !== undefined && compareStrictly(last[0] as DeletionKey, key) === 0) last.push(key);
    else groups.push([key]);
  }
  const always: Pod[] = [];
  const victims: Pod[] = [];
  const tied: Pod[] = [];
  for (const group of groups) {
    if (victims.length === wanted) break;
    for (const members of orderClasses(group)) {
      const room = wanted - victims.length;
      if (room === 0) break;
      const chosen = insertionSort(members).map((key) => key.pod);
      if (members.length <= room) always.push(...chosen);
      else tied.push(...chosen);
      victims.push(...chosen.slice(0, room));
    }
  }
  return {
    activePods: pods,
    victims,
    deterministic: tied.length === 0,
    alwaysVictims: names(always),
    possibleVictims: names([...always, ...tied]),
    ranks,
  };
}
