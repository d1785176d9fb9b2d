/** One sweep: the points of its range, worked out one by one, and the answer around them. */
import { QuestionError } from '../../base/errors.js';
import { toNumber } from '../../base/fraction.js';
import { withStep } from '../../base/progress.js';
import { applyChanges } from '../../changes/index.js';
import { type ScaledCluster, ScalePoints, type Unplaced } from '../../changes/scale-points.js';
import type { Cluster } from '../../cluster/cluster.js';
import { requireWorkload } from '../../cluster/lookup.js';
import { policiesOf } from '../../cluster/network-policies.js';
import { namespacedName } from '../../cluster/objects.js';
import type { Assumption } from '../../cluster/settings.js';
import { podsOfWorkload } from '../../cluster/workload-pods.js';
import type { Answer, AppliedChange, Finding, SweepPoint, SweepResult, SweptShares } from '../../contract/answers.js';
import type { Change, ProbabilityQuestion, SweepBound, SweepQuestion } from '../../contract/requests.js';
import { Fabric } from '../../path/fabric.js';
import { receiverShares, sharesBy } from '../../probability/distribution.js';
import { probability } from '../chances.js';
import { affinities } from '../findings/affinity-findings.js';
import { addressConflicts } from '../findings/claims.js';
import { localWithoutEndpoints, servicesWithoutEndpoints } from '../findings/endpoints.js';
import type { StateFinder } from '../findings/finders.js';
import { shownFindings } from '../findings/index.js';
import { nodesLostBeforeScaling } from '../findings/lost-before-scaling.js';
import { changesWithoutEffect } from '../findings/no-effect.js';
import { policiesNotEvaluated } from '../findings/unevaluated-policies.js';
import { podsNotPlaced } from '../findings/unplaced.js';
import { type FindingsSpec, type Thresholds, thresholdsOf } from '../findings/wanted.js';
import { cpuRequest } from '../load/capacity.js';
import { hasCapacity, type Offered, readTraffic } from '../load/offered.js';
import { clientPlaces, doorLaw, type SweptDoor, sweptLoad } from '../load/swept-load.js';
import { balancing } from '../path/answer-path.js';
import { receiverRef } from '../path/trace.js';
import type { Prepared } from '../prepare.js';
import { stickySecondsOf } from '../probability/affinity-answer.js';
import { answerProbability } from '../probability/answer-probability.js';
import { portsAsked } from '../probability/asked-ports.js';
import { crossings, crossNodeShare } from '../probability/crossings.js';
import { doorClients, headOf, type ServiceHead, type Walked, walkClients } from '../probability/walked-clients.js';
import { summed } from '../summaries/index.js';
import { chanceText, nested, POINTER, questionOf } from './asked.js';
import { type Bound, judge, readBound } from './bound.js';
import { lawfulPoints, type State, type Swept } from './lawful-points.js';
import { pointFindings } from './point-findings.js';
import { pairLaw } from './port-law.js';
import { replicasAsked } from './replicas.js';
import { forgetGroups, summaryOf, withMore } from './summary.js';
import { tallyOf } from './tally.js';

const CHOICES: Assumption = {
  field: 'sweep.choices',
  value: 'as scale takes them',
  why:
    'Where Kubernetes decides at random, each point shows the choice that `scale` takes; asked with one ' +
    'number of replicas, it names the alternatives.',
};

/** What a sweep is asked of. */
export interface SweepContext {
  readonly prepared: Prepared;
  /** The moment of the scaling, milliseconds since 1970, and what is assumed of it. */
  readonly at: number;
  readonly assumption?: Assumption | undefined;
  readonly wanted?: FindingsSpec | undefined;
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
  readonly #offered: Offered | undefined;
  /** What each walked Service port's load needs, by the shares that were summed up of it. */
  readonly #doors = new WeakMap<SweptShares, SweptDoor>();
  readonly #cpuMilli: number | undefined;

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
    const { traffic } = this.#question;
    this.#offered = traffic === undefined ? undefined : nested(() => readTraffic(traffic, '/probability/traffic'));
    const [pod] = podsOfWorkload(cluster, kind, namespace, name);
    this.#cpuMilli = pod === undefined ? undefined : cpuRequest(cluster, namespacedName(pod));
    this.#swept = nested(() => portsAsked(cluster, this.#question)).flatMap(({ destination, families }) =>
      families.map((family) => ({ destination, family })),
    );
    this.#changesAfter = sweep.changesAfter ?? [];
    this.#listed = sweep.detail === 'ENDPOINTS';
    this.replicas = replicasAsked(sweep, this.#listed ? this.#swept.length : undefined);
    this.#bound = this.#readBound(sweep.bound);
    this.#points = new ScalePoints(cluster, sweep.scale, { settings, at }, `${POINTER}/scale`);
    if (assumption !== undefined) this.#assume([assumption]);
    this.services = nested(() =>
      this.#swept.map(({ destination, family }) => {
        const fabric = new Fabric(cluster, settings, family, balancing(prepared, this.#question.phase));
        return headOf(fabric, destination, walkClients(fabric, this.#question, destination));
      }),
    );
  }

  /** The bound of the question; where it has none and says what a pod takes, that no pod is over it. */
  #readBound(bound: SweepBound | undefined): Bound | undefined {
    const offered = this.#offered;
    if (bound?.overCapacity !== undefined && (offered === undefined || !hasCapacity(offered))) {
      const detail =
        'Needs traffic that says what a pod takes: capacity, maxRequestsPerSecond or cpuMillisecondsPerRequest.';
      throw new QuestionError('INVALID_REQUEST', detail, [{ pointer: `${POINTER}/bound/overCapacity`, detail }]);
    }
    if (bound !== undefined || offered === undefined || !hasCapacity(offered)) {
      return bound === undefined ? undefined : readBound(bound);
    }
    const limit = chanceText(offered.maxChance);
    const why =
      'The question says what a pod takes and has no bound: enough is where some pod is over its capacity with ' +
      `a chance of at most ${limit} (maxChance).`;
    this.#assume([{ field: 'sweep.bound', value: `overCapacity ${limit}`, why }]);
    return readBound({ overCapacity: limit });
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
    if (this.#offered !== undefined) this.#doors.set(shares, this.#doorOf(state, fabric, swept, walked, true));
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
    const more = withMore(shares, {
      detail: {
        endpoints: endpoints.map(({ ref, share }) => ({ ...ref, share: probability(share) })),
        nodes: nodes.map(([node, share]) => ({ node, share: probability(share) })),
      },
    });
    const door = this.#doors.get(shares);
    if (door !== undefined) this.#doors.set(more, door);
    return more;
  }

  /**
   * What the load behind a walked Service port needs beside its shares; `whole`: what crosses nodes and zones was
   * walked.
   */
  #doorOf(state: State, fabric: Fabric, { destination }: Swept, walked: Walked, whole: boolean): SweptDoor {
    const from = doorClients(walked.clientJourneys);
    const sticky = stickySecondsOf(fabric, destination, walked);
    const cpuMilli = this.#cpuMilli === undefined ? {} : { cpuMilli: this.#cpuMilli };
    const law = doorLaw(state.settings, from, sticky);
    if (!whole) return { law, clients: clientPlaces(state.cluster, from), ...cpuMilli };
    const { crossZone } = crossings(state.cluster, from);
    return { law, crossZone: crossZone?.value, crossNode: toNumber(crossNodeShare(from)), ...cpuMilli };
  }

  /** The shares with the load that they make of the question's traffic. `doors`: of shares that were not walked. */
  #loaded(services: readonly SweptShares[], doors: readonly SweptDoor[] | undefined): readonly SweptShares[] {
    const offered = this.#offered;
    if (offered === undefined) return services;
    return services.map((shares, index) => {
      const door = doors?.[index] ?? this.#doors.get(shares);
      const load = door === undefined ? undefined : sweptLoad(shares, door, offered);
      return load === undefined ? shares : withMore(shares, { load });
    });
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
    shares: readonly SweptShares[],
    unplaced: Unplaced,
    found: readonly Finding[] = [],
    doors?: readonly SweptDoor[],
  ): SweepPoint {
    const { wanted } = this.#context;
    const services = this.#loaded(shares, doors);
    for (const one of [...shares, ...services]) forgetGroups(one);
    return {
      replicas,
      services,
      ...(unplaced.pods === 0 ? {} : { unplaced }),
      findings: shownFindings(
        [...found, ...pointFindings(this.services, services, unplaced, this.#thresholds)],
        wanted,
      ),
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

  #stays(): 'CONNECTIONS' | 'CLIENTS' | undefined {
    const { connections, open, clients } = this.#offered ?? {};
    if (connections === undefined && open === undefined) return undefined;
    return clients === undefined ? 'CONNECTIONS' : 'CLIENTS';
  }

  /** How points are worked out without walking them, where that is possible. */
  #lawful(): ((replicas: number) => SweepPoint | undefined) | undefined {
    return lawfulPoints({
      prepared: this.#context.prepared,
      question: this.#question,
      points: this.#points,
      replicas: this.replicas,
      swept: this.#swept,
      loaded: this.#offered !== undefined,
      stays: this.#stays(),
      walk: (state, swept) => this.#walk(state, state.cluster, swept),
      pairLaw: (given) => nested(() => pairLaw(given)),
      doorOf: (state, fabric, swept, walked) => this.#doorOf(state, fabric, swept, walked, false),
      assume: (assumptions) => this.#assume(assumptions),
      noteOf: (scaled) => this.#noteOf(scaled),
      found: (state) => this.#found(state, [localWithoutEndpoints]),
      point: (replicas, shares, unplaced, found, doors) => this.#point(replicas, shares, unplaced, found, doors),
      walked: (replicas) => this.#walked(replicas),
    });
  }

  /** The points in ascending order of replicas, each when it is asked for. Throws QuestionError. */
  *points(): Generator<SweepPoint, void, undefined> {
    const quick = this.#listed || this.#changesAfter.length > 0 ? undefined : this.#lawful();
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

  /** The whole answer around the points, once all are there. */
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
      shownFindings(
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
