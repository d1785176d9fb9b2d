/** sweep: a workload at every number of replicas of a range, and the smallest that satisfies a bound. */

import type { IPFamily } from '../../base/address.js';
import { type Problem, QuestionError } from '../../base/errors.js';
import { withStep } from '../../base/progress.js';
import { applyChanges } from '../../changes/index.js';
import { type ScaledCluster, ScalePoints, type Unplaced } from '../../changes/scale-points.js';
import type { Cluster } from '../../cluster/cluster.js';
import { requireWorkload } from '../../cluster/lookup.js';
import { policiesOf } from '../../cluster/network-policies.js';
import type { Service, Workload } from '../../cluster/objects.js';
import type { Snapshot } from '../../cluster/read-snapshot.js';
import type { Assumption, Settings } from '../../cluster/settings.js';
import { podsOfWorkload } from '../../cluster/workload-pods.js';
import type { Answer, AppliedChange, Finding, SweepPoint, SweepResult, SweptShares } from '../../contract/answers.js';
import type { Change, ProbabilityQuestion, QuestionRequest, SweepQuestion } from '../../contract/requests.js';
import { matchesServiceSelector } from '../../control-plane/labels.js';
import { selectingServices } from '../../control-plane/services-in.js';
import { Fabric } from '../../path/fabric.js';
import { receiverShares, sharesBy } from '../../probability/distribution.js';
import { probability } from '../chances.js';
import { affinities } from '../findings/affinity.js';
import { addressConflicts } from '../findings/claims.js';
import { localWithoutEndpoints, servicesWithoutEndpoints } from '../findings/endpoints.js';
import { toldFindings } from '../findings/index.js';
import { nodesLostBeforeScaling } from '../findings/lost-before-scaling.js';
import { changesWithoutEffect } from '../findings/no-effect.js';
import { type FindingsSpec, type Thresholds, thresholdsOf } from '../findings/options.js';
import { policiesNotEvaluated } from '../findings/policies.js';
import { podsNotPlaced } from '../findings/unplaced.js';
import type { StateFinder } from '../findings/view.js';
import { balancing } from '../path/answer-path.js';
import { receiverRef } from '../path/trace.js';
import { momentOf, type Prepared } from '../prepare.js';
import {
  answerProbability,
  everyPort,
  headOf,
  portsAsked,
  type ServiceHead,
  type ServiceTargeted,
  type Walked,
  walkClients,
} from '../probability/answer-probability.js';
import { summed } from '../summaries/index.js';
import { type Bound, judge, readBound } from './bound.js';
import { EvenLaw } from './even-law.js';
import { choosesAlike, spreadsEvenly } from './even-ports.js';
import { pointFindings } from './point-findings.js';
import { replicasAsked } from './replicas.js';
import { summaryOf } from './summary.js';
import { tallyOf } from './tally.js';

const POINTER = '/sweep';

const CHOICES: Assumption = {
  field: 'sweep.choices',
  value: 'as scale takes them',
  why: 'Where Kubernetes decides at random, each point shows the choice that `scale` takes; asked with one number of replicas, it names the alternatives.',
};

/** A Service port of the sweep in one family. */
interface Swept {
  readonly destination: ServiceTargeted;
  readonly family: IPFamily;
}

/** A cluster at one point, as it is asked about. */
interface State {
  readonly cluster: Cluster;
  readonly settings: Settings;
}

/** What a sweep is asked of. */
export interface SweepContext {
  readonly prepared: Prepared;
  /** The moment of the scaling, milliseconds since 1970, and what is assumed of it. */
  readonly at: number;
  readonly assumption?: Assumption | undefined;
  readonly wanted?: FindingsSpec | undefined;
}

/** Errors of the questions that a sweep nests have places inside it. */
function nested<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof QuestionError)) throw error;
    const placed = (problem: Problem): Problem =>
      problem.pointer.startsWith('/probability') ? { ...problem, pointer: POINTER + problem.pointer } : problem;
    throw new QuestionError(error.code, error.message, error.problems.map(placed));
  }
}

/** The Services before a workload's pods: what is swept where the question names none. */
function servicesBefore(cluster: Cluster, workload: Workload): readonly Service[] {
  const { kind, metadata, spec } = workload;
  const namespace = metadata.namespace ?? 'default';
  const labels =
    podsOfWorkload(cluster, kind, namespace, metadata.name)[0]?.metadata.labels ?? spec?.template?.metadata?.labels;
  const found = selectingServices(cluster, namespace).filter(({ spec }) =>
    matchesServiceSelector(spec?.selector, labels),
  );
  if (found.length > 0) return found;
  const detail = `No Service selects the pods of ${kind} ${namespace}/${metadata.name}: name those to ask about.`;
  throw new QuestionError('NOT_FOUND', detail, [{ pointer: `${POINTER}/probability/services`, detail }]);
}

function questionOf(
  cluster: Cluster,
  workload: Workload,
  { probability: given = {} }: SweepQuestion,
): ProbabilityQuestion {
  if (given.nodeRules !== undefined) {
    const detail =
      'Rules that are given do not follow the number of replicas: leave nodeRules out, so that those are walked which kube-proxy would write.';
    throw new QuestionError('INVALID_REQUEST', detail, [{ pointer: `${POINTER}/probability/nodeRules`, detail }]);
  }
  if (given.traffic !== undefined) {
    const detail =
      'A sweep gives shares, no load: leave traffic out, and ask probability at the numbers of replicas that matter.';
    throw new QuestionError('INVALID_REQUEST', detail, [{ pointer: `${POINTER}/probability/traffic`, detail }]);
  }
  if (given.services !== undefined) return given;
  const ports = everyPort(servicesBefore(cluster, workload), given.protocol);
  return { ...given, services: ports.map(({ service }) => service) };
}

/** One sweep: its points are worked out as they are taken. */
export class Sweep {
  readonly workload: SweepResult['workload'];
  readonly services: readonly ServiceHead[];
  readonly replicas: readonly number[];
  readonly #context: SweepContext;
  readonly #question: ProbabilityQuestion;
  readonly #listed: boolean;
  readonly #swept: readonly Swept[];
  readonly #bound: Bound | undefined;
  readonly #points: ScalePoints;
  readonly #thresholds: Thresholds;
  readonly #changesAfter: readonly Change[];
  readonly #assumptions = new Map<string, Assumption>();

  /** Throws QuestionError for names, ranges and bounds that are wrong. */
  constructor(context: SweepContext, sweep: SweepQuestion) {
    const { prepared, at, assumption } = context;
    const { cluster, settings } = prepared;
    const { kind, namespace, name } = sweep.scale;
    const workload = requireWorkload(cluster, kind, namespace, name, `${POINTER}/scale`);
    this.#context = context;
    this.#thresholds = thresholdsOf(context.wanted);
    this.workload = { kind, namespace, name, replicas: workload.spec?.replicas ?? 1 };
    this.#question = questionOf(cluster, workload, sweep);
    this.#swept = nested(() => portsAsked(cluster, this.#question)).flatMap(({ destination, families }) =>
      families.map((family) => ({ destination, family })),
    );
    this.#changesAfter = sweep.changesAfter ?? [];
    this.#listed = sweep.detail === 'ENDPOINTS';
    this.replicas = replicasAsked(sweep, this.#listed ? this.#swept.length : undefined);
    this.#bound = sweep.bound === undefined ? undefined : readBound(sweep.bound);
    this.#points = new ScalePoints(cluster, sweep.scale, { settings, at }, `${POINTER}/scale`);
    if (assumption !== undefined) this.#assume([assumption]);
    this.services = nested(() =>
      this.#swept.map(({ destination, family }) => {
        const fabric = new Fabric(cluster, settings, family, balancing(prepared, this.#question.phase));
        return headOf(fabric, destination, walkClients(fabric, this.#question, destination));
      }),
    );
  }

  #assume(assumptions: readonly Assumption[]): void {
    for (const assumption of assumptions) this.#assumptions.set(JSON.stringify(assumption), assumption);
  }

  #noteOf(scaled: ScaledCluster): void {
    this.#assume(scaled.assumptions);
    if (!scaled.tied) return;
    this.#assume([CHOICES]);
  }

  /** What the changes of every point make of the scaled cluster. Throws QuestionError with places under `/sweep`. */
  #changed(scaled: Cluster): State & { readonly applied: readonly AppliedChange[] } {
    const { prepared, at } = this.#context;
    const { settings } = prepared;
    if (this.#changesAfter.length === 0) return { cluster: scaled, settings, applied: [] };
    const changed = applyChanges(scaled, this.#changesAfter, { settings, at }, `${POINTER}/changesAfter`);
    this.#assume(changed.assumptions);
    if (changed.applied.some(({ choices }) => choices.length > 0)) this.#assume([CHOICES]);
    return changed;
  }

  /**
   * Walks a cluster, as `probability` does. `scaled`: the cluster before the changes of the point, which is what health
   * checks know while they have not found these.
   */
  #walk(
    { cluster, settings }: State,
    scaled: Cluster,
    { destination, family }: Swept,
  ): { readonly fabric: Fabric; readonly walked: Walked } {
    const { prepared } = this.#context;
    const before = this.#changesAfter.length > 0 ? scaled : prepared.cluster;
    const earlier =
      this.#changesAfter.length > 0 || prepared.earlier === undefined
        ? { cluster: before, settings: prepared.settings }
        : prepared.earlier;
    const fabric = new Fabric(cluster, settings, family, balancing({ ...prepared, earlier }, this.#question.phase));
    const walked = nested(() => walkClients(fabric, this.#question, destination));
    this.#assume(fabric.assumptions.all());
    return { fabric, walked };
  }

  #sharesOf(state: State, scaled: Cluster, swept: Swept): SweptShares {
    const { fabric, walked } = this.#walk(state, scaled, swept);
    const shares = summaryOf(tallyOf(fabric, walked.journeys));
    if (!this.#listed) return shares;
    const receivers = receiverShares(walked.journeys);
    const endpoints = receivers.map(({ receiver, share }) => ({ ref: receiverRef(fabric, receiver), share }));
    const nodes = [
      ...sharesBy(
        endpoints,
        ({ ref }) => ref.node ?? '',
        ({ share }) => share,
      ),
    ].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return {
      ...shares,
      detail: {
        endpoints: endpoints.map(({ ref, share }) => ({ ...ref, share: probability(share) })),
        nodes: nodes.map(([node, share]) => ({ node, share: probability(share) })),
      },
    };
  }

  /** What these find of the ports asked about. */
  #found({ cluster, settings }: State, finders: readonly StateFinder[]): readonly Finding[] {
    const services = [...new Set(this.#swept.map(({ destination }) => destination.target.key))];
    const view = { cluster, settings, services, doors: [] };
    const asked = ({ evidence }: Finding) =>
      this.services.some(({ service, family }) => {
        const key = `${service.namespace}/${service.name}`;
        const port = evidence.port === undefined || evidence.port === service.port;
        return evidence.service === key && port && (evidence.family ?? family) === family;
      });
    return finders.flatMap((find) => find(view, this.#thresholds)).filter(asked);
  }

  #point(
    replicas: number,
    services: readonly SweptShares[],
    unplaced: Unplaced,
    found: readonly Finding[] = [],
  ): SweepPoint {
    const { wanted } = this.#context;
    return {
      replicas,
      services,
      ...(unplaced.pods === 0 ? {} : { unplaced }),
      findings: toldFindings([...found, ...pointFindings(this.services, services, unplaced, this.#thresholds)], wanted),
      ...(this.#bound === undefined ? {} : { satisfied: judge(this.#bound, services) }),
    };
  }

  /** The point as it is worked out on its own: scaled, then walked. */
  #walked(replicas: number): SweepPoint {
    const scaled = this.#points.at(replicas);
    this.#noteOf(scaled);
    const state = this.#changed(scaled.cluster);
    return this.#point(
      replicas,
      this.#swept.map((swept) => this.#sharesOf(state, scaled.cluster, swept)),
      scaled.unplaced,
      [
        ...podsNotPlaced(state.applied, `${POINTER}/changesAfter`),
        ...this.#found(state, [servicesWithoutEndpoints, localWithoutEndpoints]),
      ],
    );
  }

  /**
   * How points can be told without walking them, where that is so: every port asked about is spread evenly at the largest
   * point, and a point from the middle, walked, is what the law says of it.
   */
  #lawful(): ((replicas: number) => SweepPoint | undefined) | undefined {
    const most = this.replicas.at(-1);
    const { cluster, settings } = this.#context.prepared;
    if (this.#changesAfter.length > 0) return undefined;
    if (this.#listed || most === undefined || this.replicas.length < 4) return undefined;
    if (!spreadsEvenly(cluster, settings)) return undefined;
    if (!this.#swept.every(({ destination }) => choosesAlike(cluster, destination, this.#question))) return undefined;
    const growth = this.#points.growth(most);
    if (growth === undefined) return undefined;
    this.#noteOf(growth.at);
    const laws: EvenLaw[] = [];
    for (const swept of this.#swept) {
      const { fabric, walked } = this.#walk({ cluster: growth.at.cluster, settings }, growth.at.cluster, swept);
      const law = EvenLaw.shownBy(tallyOf(fabric, walked.journeys));
      if (law === undefined) return undefined;
      laws.push(law);
    }
    const told = (isThere: (address: string) => boolean): readonly SweptShares[] | undefined => {
      const services = laws.map((law) => law.sharesOf(isThere));
      return services.every((shares) => shares !== undefined) ? services : undefined;
    };
    const point = (replicas: number): SweepPoint | undefined => {
      // Nothing changes at this number, so that endpoints without pods, which any change would take out, are still there.
      if (replicas === growth.kept) return undefined;
      if (replicas > growth.kept) {
        const services = told((address) => (growth.position.get(address) ?? -1) < replicas - growth.kept);
        return services && this.#point(replicas, services, growth.unplacedAt(replicas));
      }
      const scaled = this.#points.at(replicas);
      this.#noteOf(scaled);
      const services = told((address) => !growth.position.has(address) && !scaled.removed.has(address));
      return services && this.#point(replicas, services, scaled.unplaced);
    };
    const middle = this.replicas[this.replicas.length >> 1] as number;
    const probe = [this.replicas[0] as number, middle].every((replicas) => {
      const quick = point(replicas);
      return quick === undefined || JSON.stringify(quick) === JSON.stringify(this.#walked(replicas));
    });
    return probe ? point : undefined;
  }

  /** The points in ascending order of replicas, each when it is asked for. Throws QuestionError. */
  *points(): Generator<SweepPoint, void, undefined> {
    const quick = this.#lawful();
    for (const [index, replicas] of this.replicas.entries()) {
      yield withStep(index, this.replicas.length, 'point', () => quick?.(replicas) ?? this.#walked(replicas));
    }
  }

  /** Policies that are not evaluated, or not for these clients: as the point with the most pods shows it. */
  #policies(): readonly Finding[] {
    const { prepared } = this.#context;
    if (policiesOf(prepared.cluster).length === 0) return [];
    const { cluster, settings } = this.#changed(this.#points.at(this.replicas.at(-1) ?? 0).cluster);
    const { services, doors } = nested(() => answerProbability({ ...prepared, cluster, settings }, this.#question));
    return policiesNotEvaluated({ cluster, settings, services, doors }, this.#thresholds);
  }

  /** What is told once all points are there: the whole answer around them. */
  answer(points: readonly SweepPoint[]): Answer<SweepResult> {
    const { prepared } = this.#context;
    const { workload, services } = this;
    const bound = this.#bound?.over(points);
    const { changes } = prepared;
    const always = this.#found(prepared, [addressConflicts, affinities]);
    const after = this.#changesAfter;
    const policies = this.#policies();
    const unsaid = prepared.answer(
      {
        result: {
          workload,
          services,
          points,
          ...(bound === undefined ? {} : { bound }),
          ...(after.length === 0 ? {} : { changesAfter: after }),
        },
        assumptions: [...this.#assumptions.values()],
      },
      toldFindings(
        [
          ...changesWithoutEffect(changes),
          ...podsNotPlaced(changes),
          ...nodesLostBeforeScaling(changes),
          ...always,
          ...policies,
        ],
        this.#context.wanted,
      ),
    );
    return summed('sweep', {}, unsaid);
  }
}

/**
 * A sweep of a prepared cluster, whose points can be taken one by one. Throws QuestionError for what is wrong with it.
 */
export function openSweep(
  prepared: Prepared,
  request: Pick<QuestionRequest, 'at' | 'findings' | 'changes' | 'sweep'>,
  snapshot: Snapshot,
): Sweep {
  if (request.sweep === undefined) {
    throw new QuestionError('INVALID_REQUEST', 'The question is missing.', [
      { pointer: POINTER, detail: 'Give {"sweep": {"scale": {…}, "from": 1, "to": 10}}.' },
    ]);
  }
  const { at, assumption } = momentOf(request, snapshot);
  // With changes before it the moment has been told already.
  const told = (request.changes?.length ?? 0) === 0 && assumption !== undefined ? { assumption } : {};
  return new Sweep({ prepared, at, ...told, wanted: request.findings }, request.sweep);
}

/** Answers a sweep whole. Throws QuestionError. */
export function answerSweep(...asked: Parameters<typeof openSweep>): Answer<SweepResult> {
  const sweep = openSweep(...asked);
  return sweep.answer([...sweep.points()]);
}
