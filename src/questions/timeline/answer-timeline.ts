/**
 * timeline: what users live through while a change goes on: phases with their reasons, the load with established
 * connections, what is lost.
 */
import { QuestionError } from '../../base/errors.js';
import { remember } from '../../base/remember.js';
import { momentOf as momentWhere, type Remaining, remainingOf } from '../../capacity/time-models.js';
import type { Cluster } from '../../cluster/cluster.js';
import { requireWorkload } from '../../cluster/lookup.js';
import type { Snapshot } from '../../cluster/read-snapshot.js';
import type { Assumption } from '../../cluster/settings.js';
import type { Answer, TimelinePhase, TimelineResult } from '../../contract/answers.js';
import type { ProbabilityQuestion, QuestionRequest, TimelineQuestion } from '../../contract/requests.js';
import { shownFindings } from '../findings/index.js';
import { findingsOfChanges } from '../findings/of-changes.js';
import { capacityOf, cpuRequest, cpuRequestOf } from '../load/capacity.js';
import { shortNumber } from '../load/fields.js';
import { lawOf } from '../load/law.js';
import { type Offered, readTraffic, wrongTraffic } from '../load/offered.js';
import { momentOf, type Prepared } from '../prepare.js';
import { everyPort } from '../probability/asked-ports.js';
import { summed } from '../summaries/index.js';
import { servicesBefore } from '../sweep/asked.js';
import { Established } from './established.js';
import { movedServices } from './moved-services.js';
import { type CapacityOf, type Chances, type PhaseLoad, phaseLoad } from './phase-load.js';
import { type Course, courseOf, type Scene } from './scenes.js';
import { alike, TRAFFIC } from './views.js';

/** Pods whose load is drawn. */
const MOST_BARS = 20;
const DEFAULT_WITHIN = 0.1;
/** Services that are asked about without being named. */
const MOST_SERVICES = 100;
/** Terms of the laws of all phases together: more takes longer than anybody waits. */
const MOST_TERMS = 4e7;
const FOREVER: Remaining = () => 1;

function refuse(pointer: string, detail: string): QuestionError {
  return new QuestionError('INVALID_REQUEST', detail, [{ pointer, detail }]);
}

/**
 * The Services that the question names, else those whose pods the change moves. Throws INVALID_REQUEST where the change
 * does not say.
 */
function questionOf(
  prepared: Prepared,
  { change, probability: given = {} }: TimelineQuestion,
  at: number,
): ProbabilityQuestion {
  const { cluster } = prepared;
  if (given.services !== undefined) return given;
  const scaled = change.scale ?? change.rollout;
  if (scaled !== undefined) {
    const workload = requireWorkload(
      cluster,
      scaled.kind,
      scaled.namespace,
      scaled.name,
      `/timeline/change/${change.scale === undefined ? 'rollout' : 'scale'}`,
    );
    return {
      ...given,
      services: everyPort(servicesBefore(cluster, workload, '/timeline/probability/services'), given.protocol).map(
        ({ service }) => service,
      ),
    };
  }
  if (change.service !== undefined) {
    const { namespace, name } = change.service;
    const service = cluster.services.get(`${namespace}/${name}`);
    if (service !== undefined)
      return { ...given, services: everyPort([service], given.protocol).map((one) => one.service) };
  }
  const moved = placed(() => movedServices(prepared, change, at));
  if (moved.length > MOST_SERVICES)
    throw refuse(
      '/timeline/probability/services',
      `The change moves pods of ${moved.length} Services: name those to ask about, at most ${MOST_SERVICES}.`,
    );
  const services = everyPort(moved, given.protocol).map(({ service }) => service);
  if (services.length > 0) return { ...given, services };
  throw refuse('/timeline/probability/services', 'The change moves no pod of a Service: name those to ask about.');
}

/** How long connections last. Throws INVALID_REQUEST for what is missing or contradicts the traffic. */
function lifetimeOf(
  { lifetime }: TimelineQuestion,
  offered: Offered | undefined,
  traffic: ProbabilityQuestion['traffic'],
): { readonly remaining: Remaining; readonly assumption?: Assumption; readonly isExponential: boolean } {
  const given = traffic?.lifetimeSeconds;
  if (lifetime === undefined) {
    if (given !== undefined)
      return { remaining: remainingOf({ law: 'exponential', seconds: given }, ''), isExponential: true };
    const why =
      'The request does not say how long connections last: keep-alive, HTTP/2 and gRPC clients keep one ' +
      'until its pod goes.';
    return {
      remaining: () => 1,
      isExponential: true,
      ...(offered?.connections === undefined && offered?.open === undefined
        ? {}
        : { assumption: { field: 'timeline.lifetime', value: 'FOREVER', why } }),
    };
  }
  const { law, seconds, jitter } = lifetime;
  if (law === 'FOREVER') {
    if (seconds !== undefined) throw refuse('/timeline/lifetime/seconds', 'FOREVER has no mean: leave seconds out.');
    return { remaining: () => 1, isExponential: true };
  }
  if (seconds === undefined) throw refuse('/timeline/lifetime/seconds', `${law} needs its mean in seconds.`);
  if (law === 'UNIFORM' && jitter === undefined)
    throw refuse(
      '/timeline/lifetime/jitter',
      'UNIFORM needs jitter: lifetimes from seconds times 1 - jitter to 1 + jitter.',
    );
  if (law !== 'UNIFORM' && jitter !== undefined) throw refuse('/timeline/lifetime/jitter', `${law} has no jitter.`);
  if (given !== undefined && given !== seconds)
    throw refuse('/timeline/lifetime/seconds', `Traffic says lifetimeSeconds ${given}: leave one of them out.`);
  const fields = { law: law.toLowerCase(), seconds, ...(jitter === undefined ? {} : { jitter }) };
  return { remaining: remainingOf(fields, ''), isExponential: law === 'EXPONENTIAL' };
}

/** The load of each Service port in one scene. */
interface SceneLoad {
  readonly scene: Scene;
  readonly services: readonly PhaseLoad[];
  readonly loads: readonly (readonly number[])[];
}

const count = (number: number, what: string) => `${number} ${what}${number === 1 ? '' : 's'}`;

/** How long until every Service's load is even, from the last scene on; undefined: never. */
function evenAfter(
  established: readonly Established[],
  last: number,
  lifetimes: readonly Remaining[],
  within: number,
): number | undefined {
  let latest = 0;
  for (const [index, one] of established.entries()) {
    const off = one.unevenness(one.since);
    const wait = off <= within ? 0 : momentWhere(lifetimes[index] as Remaining, within / off);
    if (wait === null) return undefined;
    latest = Math.max(latest, off <= within ? last : one.since + wait);
  }
  return latest;
}

/** What each pod takes, where the traffic says so or the CPU that pods request does. */
function capacities(offered: Offered | undefined, cluster: Cluster, podOf: Course['podOf']): CapacityOf {
  const found = new Map<string, ReturnType<CapacityOf>>();
  return (pod) =>
    remember(found, pod, () => {
      if (offered === undefined) return {};
      const cpu =
        offered.cpuMillisecondsPerRequest === undefined
          ? undefined
          : (cpuRequest(cluster, pod) ?? cpuRequestOf(podOf(pod)));
      return capacityOf(offered, cpu);
    });
}

/** Answers a timeline of a prepared cluster. Throws QuestionError. */
export function answerTimeline(
  prepared: Prepared,
  request: QuestionRequest,
  snapshot: Snapshot,
): Answer<TimelineResult> {
  const { timeline } = request;
  if (timeline === undefined) throw refuse('/timeline', 'The question is missing: give {"timeline": {"change": {…}}}.');
  const { at, assumption: moment } = momentOf(request, snapshot);
  const question = questionOf(prepared, timeline, at);
  const { traffic } = question;
  if (traffic?.models !== undefined)
    throw wrongTraffic(`${TRAFFIC}/models`, 'Models need no cluster: ask probability.');
  const offered = traffic === undefined ? undefined : readTraffic(traffic, TRAFFIC);
  const carried = offered?.connections ?? offered?.open;
  const { remaining, assumption, isExponential } = lifetimeOf(timeline, offered, traffic);
  const within = timeline.within ?? DEFAULT_WITHIN;
  const setting = { prepared, question, times: timeline.times ?? {}, at, pointer: '/timeline/change' };
  const course = placed(() => courseOf(setting, timeline.change));
  const { before, scenes, added } = course;
  // With session affinity a client's next connection goes to the pod of its last one.
  const sticky = before.doors.map(({ affinity }) => affinity > 0);
  const lifetimes = before.views.map((_, index) => (sticky[index] ? FOREVER : remaining));
  const established =
    carried === undefined
      ? []
      : before.views.map((view, index) => new Established(carried, lifetimes[index] ?? remaining, view));
  const limits = capacities(offered, prepared.cluster, course.podOf);
  const chances =
    carried === undefined
      ? []
      : before.doors.map(({ from, affinity }): Chances => {
          const law = lawOf({ settings: prepared.settings, from, stickySeconds: affinity });
          return { law, terms: MOST_TERMS / before.doors.length, cut: false };
        });
  const walked: SceneLoad[] = [];
  const tell = (scene: Scene) => {
    const each = scene.views.map((view, index) => {
      const own = established[index];
      const turned =
        own !== undefined && (scene.gone.size > 0 || walked.length === 0 || scene.views !== walked.at(-1)?.scene.views);
      const broken = turned && own !== undefined ? own.turn(scene.at, view, scene.gone) : 0;
      return phaseLoad(view, own?.at(scene.at), broken, added, offered, limits, chances[index]);
    });
    walked.push({ scene, services: each.map(({ load }) => load), loads: each.map(({ values }) => values) });
  };
  for (const scene of scenes) tell(scene);
  const last = scenes.at(-1) as Scene;
  const even =
    carried === undefined
      ? spreadFrom(scenes)
      : evenAfter(established, firstEven(walked, last, within), lifetimes, within);
  if (carried !== undefined && even !== undefined && even > last.at + 1e-9) {
    for (const part of [1 / 4, 1 / 2])
      tell({
        ...last,
        at: last.at + (even - last.at) * part,
        title: 'connections move',
        delays: [],
        gone: new Set(),
      });
    tell({ ...last, at: even, title: `even within ${shortNumber(within * 100)} %`, delays: [], gone: new Set() });
  }
  const result = resultOf(before, walked, added, even, course, carried, within);
  const approximate: Assumption[] =
    isExponential || scenes.filter(({ gone }) => gone.size > 0).length + (added.size > 0 ? 1 : 0) < 2
      ? []
      : [
          {
            field: 'timeline.lifetime',
            value: 'from each moment anew',
            why:
              'Several moments move connections, and lifetimes are not exponential: what is left of a ' +
              'connection is counted from the latest of them.',
          },
        ];
  const ofChances: Assumption[] = [
    ...(carried !== undefined && sticky.includes(true) && timeline.lifetime?.law !== 'FOREVER'
      ? [
          {
            field: 'timeline.affinity',
            value: 'clients come back',
            why:
              'Session affinity sends the next connection of a client to the pod of its last one: clients are ' +
              'taken to come back before the entry expires.',
          },
        ]
      : []),
    ...chances.flatMap(({ law, cut }): Assumption[] => {
      const isKnown = law.kind === 'RANDOM' || law.kind === 'CLIENTS' || law.kind === 'STAGES';
      if (isKnown && !cut) return [];
      const why = isKnown
        ? 'The percentiles of so many phases take too long to work out: later phases have means.'
        : `Percentiles of phases are known where each connection is placed by itself. ${law.why}`;
      return [{ field: 'timeline.percentiles', value: 'means', why }];
    }),
  ];
  const always: Assumption[] = [
    {
      field: 'timeline.reconnecting',
      value: 'at once',
      why:
        'Connections whose pod goes are opened anew at once, where new connections go at that moment; how long ' +
        'clients take to notice is their own.',
    },
    {
      field: 'timeline.times',
      value: 'the latest',
      why: 'Times are upper ends: probes, syncs and health checks may come sooner.',
    },
  ];
  const assumptions = [
    ...((request.changes?.length ?? 0) === 0 && moment !== undefined ? [moment] : []),
    ...(assumption === undefined ? [] : [assumption]),
    ...approximate,
    ...ofChances,
    ...always,
    ...course.assumptions,
  ];
  const found = findingsOfChanges(prepared.changes, prepared.earlier?.cluster ?? prepared.cluster, prepared.cluster);
  return summed('timeline', request, prepared.answer({ result, assumptions }, shownFindings(found, request.findings)));
}

/** The first moment from which on new connections are spread as in the end. */
function spreadFrom(scenes: readonly Scene[]): number {
  const last = scenes.at(-1) as Scene;
  const other = scenes.findLastIndex(({ views }) => !alike(views, last.views));
  return (scenes[other + 1] ?? last).at;
}

/** The first moment from which on the load is even, where it is at the end. */
function firstEven(walked: readonly SceneLoad[], last: Scene, within: number): number {
  let from = last.at;
  for (const { scene, services } of [...walked].reverse()) {
    if (
      services.some(
        ({ overEven = 1, newConnectionsLost }) => overEven > 1 + within + 1e-9 || newConnectionsLost > 1e-12,
      )
    )
      break;
    from = scene.at;
  }
  return from;
}

/** Errors of the change have places inside the question. */
function placed<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof QuestionError)) throw error;
    const place = (pointer: string) =>
      pointer.startsWith('/timeline/change/0')
        ? `/timeline/change${pointer.slice('/timeline/change/0'.length)}`
        : pointer.startsWith('/probability')
          ? `/timeline${pointer}`
          : pointer;
    throw new QuestionError(
      error.code,
      error.message,
      error.problems.map((problem) => ({ ...problem, pointer: place(problem.pointer) })),
    );
  }
}

function seconds(value: number): string {
  return `${shortNumber(value)} s`;
}

function resultOf(
  before: Course['before'],
  walked: readonly SceneLoad[],
  added: ReadonlySet<string>,
  even: number | undefined,
  course: Course,
  carried: number | undefined,
  within: number,
): TimelineResult {
  const top = Math.max(0, ...walked.flatMap(({ loads }) => loads.map(([first = 0]) => first)));
  const phases = walked.map(({ scene, services, loads }, index): TimelinePhase => {
    const next = walked[index + 1]?.scene.at;
    return {
      title: scene.title,
      fromSeconds: scene.at,
      ...(next === undefined ? {} : { seconds: next - scene.at }),
      delays: [...scene.delays],
      services: services.map((load, number) => ({ ...load, bars: top === 0 ? [] : bars(loads[number] ?? [], top) })),
    };
  });
  const worst = worstOf(phases);
  const final = phases.at(-1)?.services ?? [];
  const newcomers = added.size === 0 || carried === undefined ? undefined : newPodsText(phases, added.size);
  const evenText =
    carried === undefined
      ? `New connections are spread as after the change from ${seconds(even ?? 0)} on.`
      : even === undefined
        ? `The load is never even within ${shortNumber(within * 100)} %: connections stay where they are (in ` +
          `the end the hottest pod has ${shortNumber(Math.max(...final.map(({ overEven = 1 }) => overEven)))} ` +
          'times the even load).'
        : `The load is even within ${shortNumber(within * 100)} % after ${seconds(even)}.`;
  const lostAt = phases.findIndex(({ services }) =>
    services.some(({ newConnectionsLost }) => newConnectionsLost > 1e-12),
  );
  const calm = lostAt < 0 && !phases.some(({ services }) => services.some(({ overCapacity }) => overCapacity === true));
  const worstFrom = worst === undefined ? undefined : phases[worst.phase]?.fromSeconds;
  const worstText =
    worst === undefined
      ? ''
      : calm
        ? ` ${worst.why.replace(/^t/, 'T')}.`
        : ` Worst ${worstFrom === 0 ? 'at the beginning' : `from ${seconds(worstFrom ?? 0)} on`}: ${worst.why}.`;
  return {
    services: before.results.map(({ service, via, family, destination, clients }) => ({
      service,
      via,
      family,
      destination,
      clients,
    })),
    phases,
    ...(even === undefined ? {} : { evenAfterSeconds: even }),
    ...(newcomers === undefined ? {} : { newPods: newcomers }),
    ...(worst === undefined ? {} : { worst }),
    explanation: `${evenText}${newcomers === undefined ? '' : ` ${newcomers}`}${worstText}`,
    ...(course.unknown === undefined ? {} : { unknown: course.unknown }),
  };
}

/** What new pods get until the load is even, or in the end. */
function newPodsText(phases: readonly TimelinePhase[], pods: number): string {
  const first = phases.find(({ services }) =>
    services.some(({ newPodConnections }) => newPodConnections !== undefined),
  );
  const load = first?.services.find(({ newPodConnections }) => newPodConnections !== undefined);
  if (first === undefined || load === undefined)
    return `The ${count(pods, 'new pod')} ${pods === 1 ? 'gets' : 'get'} nothing.`;
  const got = load.newPodConnections ?? 0;
  const last = phases.at(-1)?.services[0];
  const after =
    (last?.newPodConnections ?? 0) > got + 1e-9 ? `, ${shortNumber(last?.newPodConnections ?? 0)} each in the end` : '';
  const what = got < 1e-9 ? 'no connection' : `${shortNumber(got)} connections each`;
  return `${pods === 1 ? 'The new pod gets' : `The ${pods} new pods get`} ${what} at first${after}.`;
}

function worstOf(phases: readonly TimelinePhase[]): TimelineResult['worst'] {
  let worst: { readonly phase: number; readonly rank: readonly number[]; readonly why: string } | undefined;
  for (const [phase, { services }] of phases.entries()) {
    for (const {
      newConnectionsLost: lost,
      overCapacity,
      hottestConnections,
      hottestRequestsPerSecond,
      largestShare = 0,
      connectionsBroken = 0,
      hottest,
    } of services) {
      const load = hottestConnections ?? hottestRequestsPerSecond ?? largestShare;
      const rank = [
        overCapacity === true || lost > 1e-12 ? 1 : 0,
        lost,
        overCapacity === true ? 1 : 0,
        load,
        connectionsBroken,
      ];
      const better =
        worst === undefined
          ? 1
          : (rank
              .map((value, index) => Math.sign(Number((value - (worst?.rank[index] ?? 0)).toPrecision(9))))
              .find((sign) => sign !== 0) ?? 0);
      if (better <= 0) continue;
      const parts = [
        ...(lost > 1e-12 ? [`${shortNumber(lost * 100)} % of new connections are lost`] : []),
        ...(connectionsBroken > 1e-9 ? [`${shortNumber(connectionsBroken)} connections break`] : []),
        `the hottest pod has ${hottest}${overCapacity === true ? ', over its capacity' : ''}`,
      ];
      worst = { phase, rank, why: parts.join(', ') };
    }
  }
  return worst === undefined ? undefined : { phase: worst.phase, why: worst.why };
}

/** Loads from the hottest on as parts of `top`: all, or as many as are drawn, evenly picked. */
function bars(loads: readonly number[], top: number): number[] {
  const step = Math.max(1, (loads.length - 1) / (MOST_BARS - 1));
  const picked =
    loads.length <= MOST_BARS
      ? loads
      : Array.from({ length: MOST_BARS }, (_, index) => loads[Math.round(index * step)] ?? 0);
  return picked.map((load) => load / top);
}
