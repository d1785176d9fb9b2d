import { type Cluster, workloadKey } from '../../cluster/cluster.js';
import { namespacedName, type Pod, type Workload } from '../../cluster/objects.js';
import type { Assumption, KubernetesVersion } from '../../cluster/settings.js';
import { terminated, withReadiness } from '../../control-plane/pod-state.js';
import { isReady } from '../../control-plane/pods.js';
import type { Choice } from '../change.js';
import { placePods } from '../place-pods.js';

/** What happened between one state of a rollout and the next. */
export type RolloutAction = 'START' | 'CREATED' | 'DELETED' | 'READY' | 'GONE';

/** One state of a rollout. */
export interface RolloutState {
  readonly action: RolloutAction;
  /** Pods of the former template and of the new one that are not being deleted, and how many of them are ready. */
  readonly old: number;
  readonly oldReady: number;
  readonly new: number;
  readonly newReady: number;
  /** Pods that are being deleted: no more ready, but serving where they were. */
  readonly terminating: number;
  /** The cluster's objects in this state; its EndpointSlices are those of the beginning. */
  readonly cluster: Cluster;
}

/** The outcome of a rollout: its states, and what was decided on the way to each. */
export interface Rollout {
  readonly states: readonly RolloutState[];
  /** Where it cannot go on: why. */
  readonly stalled?: string;
  /** The new pods that find no node at its end, `namespace/name`, and why. */
  readonly unplaced?: { readonly pods: readonly string[]; readonly why: string };
  /** How many of `choices` were made until each state. */
  readonly choicesUntil: readonly number[];
  readonly choices: readonly Choice[];
  readonly assumptions: readonly Assumption[];
}

export interface SimulationInput {
  readonly at: number;
  readonly version: KubernetesVersion;
  readonly pointer: string;
}

/** A guard: rollouts of too many rounds are refused before they begin. */
const MAX_STATES = 10_000;

/** A rollout that is under way: the cluster as it is now, and the states that it went through. */
export class Simulation {
  cluster: Cluster;
  readonly #input: SimulationInput;
  readonly #states: RolloutState[] = [];
  readonly #choices: Choice[] = [];
  readonly #choicesUntil: number[] = [];
  readonly #assumptions = new Map<string, Assumption>();
  /** Names of the pods of the former template and of the new one. */
  readonly #old = new Set<string>();
  readonly #new = new Set<string>();
  /** New pods that no node took. */
  #waiting: Pod[] = [];
  #terminating: string[] = [];
  #refusal = '';

  constructor(cluster: Cluster, old: readonly Pod[], fresh: readonly Pod[], input: SimulationInput) {
    this.cluster = cluster;
    this.#input = input;
    for (const pod of old) this.#old.add(namespacedName(pod));
    for (const pod of fresh) this.#new.add(namespacedName(pod));
  }

  /** Whether there are more states than any rollout has that was let begin. */
  get isLong(): boolean {
    return this.#states.length >= MAX_STATES;
  }

  #pods(keys: Iterable<string>): Pod[] {
    return [...keys].flatMap((key) => this.cluster.pods.get(key) ?? []);
  }

  get oldPods(): readonly Pod[] {
    return this.#pods(this.#old);
  }

  get newPods(): readonly Pod[] {
    return this.#pods(this.#new);
  }

  /** New pods that run and are not ready yet. */
  get starting(): readonly Pod[] {
    return this.newPods.filter((pod) => pod.status?.phase === 'Running' && !isReady(pod));
  }

  get waiting(): readonly Pod[] {
    return this.#waiting;
  }

  get hasTerminating(): boolean {
    return this.#terminating.length > 0;
  }

  store(...workloads: readonly Workload[]): void {
    const key = ({ kind, metadata }: Workload) => workloadKey(kind, metadata.namespace ?? 'default', metadata.name);
    this.cluster = this.cluster.with({ workloads: new Map(workloads.map((one) => [key(one), one])) });
  }

  choose(choices: readonly Choice[]): void {
    this.#choices.push(...choices);
  }

  assume(assumption: Assumption): void {
    this.#assumptions.set(JSON.stringify(assumption), assumption);
  }

  /** Pods are being deleted from now on. */
  remove(pods: readonly Pod[]): void {
    const edit = new Map<string, Pod>();
    for (const pod of pods) {
      const key = namespacedName(pod);
      edit.set(key, terminated(pod, this.#input.at));
      this.#old.delete(key);
      this.#new.delete(key);
      this.#terminating.push(key);
      this.#waiting = this.#waiting.filter((one) => namespacedName(one) !== key);
    }
    this.cluster = this.cluster.with({ pods: edit });
  }

  /** Pods that are being deleted are gone. Whether there were any. */
  bury(): boolean {
    if (this.#terminating.length === 0) return false;
    this.cluster = this.cluster.with({ pods: new Map(this.#terminating.map((key) => [key, undefined])) });
    this.#terminating = [];
    return true;
  }

  /** Pods of the new template get nodes (those of `placement` first) and run, but are not ready. */
  create(pods: readonly Pod[], placement: readonly string[] = []): void {
    const placed = placePods(this.cluster, pods, { ...this.#input, placement, inOrder: false });
    const edit = new Map<string, Pod>();
    for (const [key, pod] of placed.pods) {
      this.#new.add(key);
      const runs = pod.status?.phase === 'Running';
      edit.set(key, runs ? withReadiness(pod, false, this.#input.at) : pod);
      if (!runs) this.#waiting.push(pod);
    }
    this.cluster = this.cluster.with({ pods: edit });
    this.choose(placed.choices);
    for (const assumption of placed.assumptions) this.assume(assumption);
    this.#refusal = placed.consequences.find(({ kind }) => kind === 'POD_NOT_PLACED')?.detail ?? this.#refusal;
  }

  /** Tries again to find nodes for the new pods that have none. Whether it found one. */
  retry(): boolean {
    if (this.#waiting.length === 0) return false;
    const before = this.#waiting.length;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.create(waiting);
    return this.#waiting.length < before;
  }

  /** The new pods that run become ready. */
  ready(): void {
    const edit = new Map(
      this.starting.map((pod): [string, Pod] => [namespacedName(pod), withReadiness(pod, true, this.#input.at)]),
    );
    this.cluster = this.cluster.with({ pods: edit });
  }

  /** Notes the state that is reached. */
  note(action: RolloutAction): void {
    const [old, fresh] = [this.oldPods, this.newPods];
    this.#states.push({
      action,
      old: old.length,
      oldReady: old.filter(isReady).length,
      new: fresh.length,
      newReady: fresh.filter(isReady).length,
      terminating: this.#terminating.length,
      cluster: this.cluster,
    });
    this.#choicesUntil.push(this.#choices.length);
  }

  /** The rollout as it went; `stalled` where it cannot go on. */
  end(stalled?: string): Rollout {
    const waiting = this.#waiting.map(namespacedName);
    const few = waiting.length === 1 ? '1 new pod finds' : `${waiting.length} new pods find`;
    const why = stalled ?? (waiting.length > 0 ? `${few} no node: ${this.#refusal}` : undefined);
    return {
      states: this.#states,
      ...(why === undefined ? {} : { stalled: why }),
      ...(waiting.length === 0 ? {} : { unplaced: { pods: waiting, why: this.#refusal || 'no node takes it' } }),
      choices: this.#choices,
      choicesUntil: this.#choicesUntil,
      assumptions: [...this.#assumptions.values()],
    };
  }
}
