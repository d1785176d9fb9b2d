import type { Cluster } from '../../cluster/cluster.js';
import { namespacedName, type Pod, type Workload } from '../../cluster/objects.js';
import { replicaSetsOf } from '../../cluster/workload-pods.js';
import { pendingPod, podNames, templateOf } from '../../control-plane/new-pods.js';
import { replicaSetForTemplate } from '../../control-plane/new-replicaset.js';
import { isReady } from '../../control-plane/pods.js';
import { chooseVictims, podsOfReplicaSet } from '../../control-plane/replicaset-victims.js';
import { type Fenceposts, newSetSize, oldSetSizes, type SetState } from '../../control-plane/rolling-update.js';
import { impliedReplicaSets } from '../implied-replicasets.js';
import { impossible } from '../refused-change.js';
import { victimChoices } from '../replica-plan.js';
import { type Rollout, Simulation, type SimulationInput } from './simulation.js';

/** How a Deployment replaces its pods. */
export type DeploymentStrategy = { readonly recreate: true } | { readonly recreate: false; readonly posts: Fenceposts };

function createdAt({ metadata }: Workload): number {
  const time = Date.parse(metadata.creationTimestamp ?? '');
  return Number.isNaN(time) ? 0 : time;
}

/** The ReplicaSets as controllers compare them: oldest first, then by name. */
const oldestFirst = (a: Workload, b: Workload) =>
  createdAt(a) - createdAt(b) || (a.metadata.name < b.metadata.name ? -1 : 1);

class DeploymentRollout {
  readonly #simulation: Simulation;
  readonly #deployment: Workload;
  readonly #input: SimulationInput;
  #own: Workload;
  #old: readonly Workload[];

  constructor(
    simulation: Simulation,
    deployment: Workload,
    own: Workload,
    old: readonly Workload[],
    input: SimulationInput,
  ) {
    this.#simulation = simulation;
    this.#deployment = deployment;
    this.#own = own;
    this.#old = old;
    this.#input = input;
  }

  get #desired(): number {
    return this.#deployment.spec?.replicas ?? 1;
  }

  #stateOf(set: Workload): SetState {
    const available = podsOfReplicaSet(this.#simulation.cluster, set).filter(isReady).length;
    return { size: set.spec?.replicas ?? 0, available };
  }

  #resize(set: Workload, size: number): Workload {
    return { ...set, spec: { ...set.spec, replicas: size } };
  }

  #grow(size: number): boolean {
    const { spec } = this.#own;
    const count = size - (spec?.replicas ?? 0);
    if (count <= 0) return false;
    const { cluster } = this.#simulation;
    const existing = podsOfReplicaSet(cluster, this.#own);
    const template = templateOf(this.#own, existing[0], this.#deployment);
    if (template === undefined) {
      const detail =
        `Deployment ${namespacedName(this.#deployment)} has no pod ` + 'template: what its new pods are is not known.';
      throw impossible(this.#input.pointer, detail);
    }
    const names = podNames(cluster, this.#own, existing.length, count);
    this.#own = this.#resize(this.#own, size);
    this.#simulation.store(this.#own);
    this.#simulation.create(names.map((name) => pendingPod(this.#own, template, name, this.#input.at)));
    this.#simulation.note('CREATED');
    return true;
  }

  #shrink(sizes: readonly number[]): boolean {
    const { at, version } = this.#input;
    const gone: Pod[] = [];
    this.#old = this.#old.map((set, index) => {
      const size = sizes[index] ?? 0;
      const former = set.spec?.replicas ?? 0;
      if (size >= former) return set;
      const { cluster } = this.#simulation;
      const pods = podsOfReplicaSet(cluster, set);
      const chosen = chooseVictims(cluster, set, Math.max(0, pods.length - size), at, version, pods);
      gone.push(...chosen.victims);
      this.#simulation.choose(victimChoices(set, chosen));
      return this.#resize(set, size);
    });
    if (gone.length === 0) return false;
    this.#simulation.store(...this.#old);
    this.#simulation.remove(gone);
    this.#simulation.note('DELETED');
    return true;
  }

  /** What the controller does next; false when it waits for pods. */
  #next(strategy: DeploymentStrategy): boolean {
    const [own, old] = [this.#stateOf(this.#own), this.#old.map((set) => this.#stateOf(set))];
    if (strategy.recreate) {
      if (this.#shrink(this.#old.map(() => 0))) return true;
      if (old.some(({ size }) => size > 0) || this.#simulation.hasTerminating) return false;
      return this.#grow(this.#desired);
    }
    const { posts } = strategy;
    if (this.#grow(newSetSize(this.#desired, posts, own, old))) return true;
    return this.#shrink(oldSetSizes(this.#desired, posts, own, old));
  }

  run(strategy: DeploymentStrategy): void {
    const simulation = this.#simulation;
    simulation.note('START');
    while (!simulation.isLong) {
      // A Deployment that recreates waits for the end of the old pods; a rolling one does not look at them any more.
      const buried = !strategy.recreate && simulation.bury();
      if (this.#next(strategy)) continue;
      if (simulation.bury()) {
        simulation.note('GONE');
        continue;
      }
      if (simulation.retry()) {
        simulation.note('CREATED');
        continue;
      }
      if (simulation.starting.length === 0) {
        if (buried) simulation.note('GONE');
        return;
      }
      simulation.ready();
      simulation.note('READY');
    }
  }
}

/**
 * The states that a Deployment goes through until its pods are those of its template. `deployment` has the new
 * template, `before` the former one. New pods become ready together, once nothing else can be done; deleted pods are
 * being deleted in the state in which they were chosen, and gone in the next.
 */
export function rollOutDeployment(
  cluster: Cluster,
  before: Workload,
  deployment: Workload,
  strategy: DeploymentStrategy,
  input: SimulationInput,
): Rollout {
  const { name, namespace = 'default' } = deployment.metadata;
  const found = replicaSetsOf(cluster, namespace, name);
  const sets = found.length > 0 ? found : impliedReplicaSets(cluster, before);
  const { replicaSet } = replicaSetForTemplate(cluster, deployment, sets, input.at, deployment === before);
  const whole = cluster.with({
    workloads: new Map([deployment, ...sets, replicaSet].map((one) => [`${one.kind}/${namespacedName(one)}`, one])),
  });
  const old = sets.filter((set) => set.metadata.name !== replicaSet.metadata.name).sort(oldestFirst);
  const podsOf = (set: Workload) => podsOfReplicaSet(whole, set);
  const simulation = new Simulation(whole, old.flatMap(podsOf), podsOf(replicaSet), input);
  const sized = old.map((set) => ({
    ...set,
    spec: { ...set.spec, replicas: set.spec?.replicas ?? podsOf(set).length },
  }));
  new DeploymentRollout(simulation, deployment, replicaSet, sized, input).run(strategy);
  if (found.length === 0) {
    simulation.assume({
      field: 'snapshot.replicaSets',
      value: sets.map((one) => one.metadata.name),
      why: 'The snapshot holds no ReplicaSet of the Deployment: they are taken from what owns its pods.',
    });
  }
  return simulation.end();
}
