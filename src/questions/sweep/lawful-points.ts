/** The points of a sweep that laws say, so that they need not be walked. */
import type { IPFamily } from '../../base/address.js';
import type { Growth, ScaledCluster, ScalePoints, Unplaced } from '../../changes/scale-points.js';
import type { Cluster } from '../../cluster/cluster.js';
import type { Assumption, Settings } from '../../cluster/settings.js';
import type { Finding, SweepPoint, SweptShares } from '../../contract/answers.js';
import type { ProbabilityQuestion } from '../../contract/requests.js';
import { ANNOTATIONS_OF_HINTS } from '../../control-plane/topology-hints.js';
import { Fabric } from '../../path/fabric.js';
import { type Law, lawOfEntries } from '../load/law.js';
import type { SweptDoor } from '../load/swept-load.js';
import { balancing } from '../path/answer-path.js';
import type { Prepared } from '../prepare.js';
import type { ServiceTargeted } from '../probability/asked-ports.js';
import type { Walked } from '../probability/walked-clients.js';
import { EvenLaw } from './even-law.js';
import { choosesAlike, spreadsEvenly } from './even-ports.js';
import type { PointEndpoints, PortLaw, pairLaw } from './port-law.js';
import { tallyOf } from './tally.js';

/** Points with more pairs of nodes and endpoints are not walked only to check laws. */
const MOST_PAIRS_PROBED = 20_000;

/** A Service port of the sweep in one family. */
export interface Swept {
  readonly destination: ServiceTargeted;
  readonly family: IPFamily;
}

/** A cluster at one point, as it is asked about. */
export interface State {
  readonly cluster: Cluster;
  readonly settings: Settings;
}

/** What laws need of a sweep. */
export interface LawfulInput {
  readonly prepared: Prepared;
  readonly question: ProbabilityQuestion;
  readonly points: ScalePoints;
  readonly replicas: readonly number[];
  readonly swept: readonly Swept[];
  /** Whether the question has traffic, so that points have loads. */
  readonly loaded: boolean;
  /** What stays where it was placed, if anything: connections, or all connections of each client. */
  readonly stays: 'CONNECTIONS' | 'CLIENTS' | undefined;
  walk(state: State, swept: Swept): { readonly fabric: Fabric; readonly walked: Walked };
  pairLaw(given: Parameters<typeof pairLaw>[0]): ReturnType<typeof pairLaw>;
  doorOf(state: State, fabric: Fabric, swept: Swept, walked: Walked): SweptDoor;
  assume(assumptions: readonly Assumption[]): void;
  noteOf(scaled: ScaledCluster): void;
  /** What is to be said of the Services of a point whose nodes choose among different endpoints. */
  found(state: State): readonly Finding[];
  point(
    replicas: number,
    shares: readonly SweptShares[],
    unplaced: Unplaced,
    found: readonly Finding[],
    doors: readonly SweptDoor[] | undefined,
  ): SweepPoint;
  /** The point as it is worked out on its own. */
  walked(replicas: number): SweepPoint;
}

/** A point as a text in which loads, which are doubles, agree to nine digits. */
function sameText(point: SweepPoint): string {
  return JSON.stringify(point, (key, value) =>
    typeof value === 'number' && key !== 'value' ? Number(value.toPrecision(9)) : value,
  );
}

/**
 * A fabric of a cluster that the sweep's workload is scaled in; `walks`: also the probes of load balancers are walked.
 */
function fabricOf({ prepared, question }: LawfulInput, cluster: Cluster, family: IPFamily, walks: boolean): Fabric {
  const earlier = prepared.earlier ?? { cluster: prepared.cluster, settings: prepared.settings };
  const { walkProbe, ...rest } = balancing({ ...prepared, earlier }, question.phase);
  return new Fabric(cluster, prepared.settings, family, walks && walkProbe ? { walkProbe, ...rest } : rest);
}

/** Whether hints of a Service follow the number of its endpoints. */
function isHintedByNumber({ destination: { target } }: Swept): boolean {
  const { annotations } = target.service.metadata;
  return ANNOTATIONS_OF_HINTS.some((name) => annotations?.[name] !== undefined);
}

/** The endpoints of a point that no change of its own has. */
function endpointsAt(
  { points, swept }: LawfulInput,
  growth: Growth,
  replicas: number,
): PointEndpoints & { readonly scaled?: ScaledCluster } {
  if (replicas > growth.kept) {
    const count = replicas - growth.kept;
    let cluster: Cluster | undefined;
    return {
      isThere: (address) => (growth.position.get(address) ?? -1) < count,
      cluster: () => {
        cluster ??= swept.some(isHintedByNumber) ? growth.settledAt(replicas) : growth.endpointsAt(replicas);
        return cluster;
      },
    };
  }
  const scaled = points.at(replicas);
  const isThere = (address: string) => !growth.position.has(address) && !scaled.removed.has(address);
  return { isThere, cluster: () => scaled.cluster, scaled };
}

interface FoundLaw {
  readonly law: PortLaw;
  readonly door?: SweptDoor;
  /** Whether every client chooses among all endpoints alike. */
  readonly isEven?: boolean;
}

/** Whether loads follow from who chooses among which endpoints, and not from shares alone. */
function needsEntries(law: Law, { stays }: LawfulInput): boolean {
  if (stays === undefined || (law.kind !== 'IN_TURN' && law.kind !== 'STAGES')) return false;
  return law.kind === 'IN_TURN' || stays === 'CLIENTS' || law.entries().some(({ choice }) => choice === 'IN_TURN');
}

/** A door at a point; undefined where its load follows from what is not known there. */
function doorAt(
  door: SweptDoor,
  said: NonNullable<ReturnType<PortLaw['at']>>,
  input: LawfulInput,
): SweptDoor | undefined {
  const moved = said.leaving === undefined ? door : { ...door, ...said.leaving };
  if (!needsEntries(door.law, input)) return moved;
  const entries = said.entryPods?.();
  const law = entries === undefined ? undefined : lawOfEntries(door.law, entries);
  return law === undefined ? undefined : { ...moved, law };
}

/** The law of one Service port; undefined where none that is known holds. */
function lawOf(input: LawfulInput, growth: Growth, swept: Swept): FoundLaw | undefined {
  const { cluster, settings } = input.prepared;
  const { question, points } = input;
  const { destination, family } = swept;
  const state = { cluster: growth.at.cluster, settings };
  if (choosesAlike(cluster, destination, question)) {
    const { fabric, walked } = input.walk(state, swept);
    const law = EvenLaw.shownBy(tallyOf(fabric, walked.journeys));
    if (law !== undefined) {
      const at = ({ isThere }: PointEndpoints) => {
        const shares = law.sharesOf(isThere);
        return shares === undefined ? undefined : { shares };
      };
      if (!input.loaded) return { law: { at } };
      const door = input.doorOf(state, fabric, swept, walked);
      return door.clients === undefined ? undefined : { law: { at }, door, isEven: true };
    }
  }
  const least = input.replicas.find((replicas) => replicas > 0 && replicas !== growth.kept);
  if (least === undefined) return undefined;
  const [few, many] = [endpointsAt(input, growth, least), endpointsAt(input, growth, growth.most)];
  const most = { fabric: fabricOf(input, growth.at.cluster, family, true), point: many };
  const found = input.pairLaw({
    ...{ destination, question: question, growth, most, isHintedByNumber: isHintedByNumber(swept) },
    least: { fabric: fabricOf(input, points.at(least).cluster, family, true), point: few },
    fabricOf: (cluster) => fabricOf(input, cluster, family, false),
  });
  if (found === undefined) return undefined;
  input.assume(most.fabric.assumptions.all());
  if (!input.loaded) return { law: found.law };
  const groups = found.clientJourneys;
  const walked = {
    journeys: groups.flatMap(({ journeys }) => journeys),
    clientJourneys: groups,
    groups,
    clients: '',
  };
  // Only some clients were walked: what leaves their nodes and zones the law says of each point.
  const { clients: _, ...door } = input.doorOf(state, most.fabric, swept, walked);
  return { law: found.law, door };
}

/**
 * How points are worked out without walking them, where that is possible: a law holds for every port asked about, and a
 * point in between, walked, is what the laws say of it.
 */
export function lawfulPoints(input: LawfulInput): ((replicas: number) => SweepPoint | undefined) | undefined {
  const { swept: ports, points, replicas: asked, loaded } = input;
  const most = asked.at(-1);
  const { cluster, settings } = input.prepared;
  if (most === undefined || asked.length < 4) return undefined;
  if (!spreadsEvenly(cluster, settings)) return undefined;
  const growth = points.growth(most);
  if (growth === undefined) return undefined;
  input.noteOf(growth.at);
  const laws: FoundLaw[] = [];
  for (const swept of ports) {
    const law = lawOf(input, growth, swept);
    if (law === undefined) return undefined;
    // Where all nodes choose among all endpoints in turn, their counters are too many to put together.
    if (law.door !== undefined && needsEntries(law.door.law, input) && law.isEven) return undefined;
    laws.push(law);
  }
  // Only a policy Local leaves nodes without endpoints that others have.
  const hasLocal = ports.some(({ destination: { target } }) => {
    const { internalTrafficPolicy, externalTrafficPolicy } = target.service.spec ?? {};
    return internalTrafficPolicy === 'Local' || externalTrafficPolicy === 'Local';
  });
  const point = (replicas: number): SweepPoint | undefined => {
    // Nothing changes at this number, so that endpoints without pods, which any change would take out, are still there.
    if (replicas === growth.kept) return undefined;
    const there = endpointsAt(input, growth, replicas);
    if (there.scaled !== undefined) input.noteOf(there.scaled);
    const services: SweptShares[] = [];
    const doors: SweptDoor[] = [];
    let differs = false;
    for (const { law, door } of laws) {
      const said = law.at(there);
      if (said === undefined) return undefined;
      services.push(said.shares);
      differs ||= said.leaving !== undefined;
      if (door === undefined) continue;
      const own = doorAt(door, said, input);
      if (own === undefined) return undefined;
      doors.push(own);
    }
    const found = differs && hasLocal ? input.found({ cluster: there.cluster(), settings }) : [];
    const unplaced = there.scaled?.unplaced ?? growth.unplacedAt(replicas);
    return input.point(replicas, services, unplaced, found, loaded ? doors : undefined);
  };
  const probe = probed(asked, cluster).every((replicas) => {
    const quick = point(replicas);
    return quick === undefined || sameText(quick) === sameText(input.walked(replicas));
  });
  return probe ? point : undefined;
}

/**
 * The points that are walked to see whether laws hold: the first one, and one up to the middle that is not dear to
 * walk.
 */
function probed(replicas: readonly number[], { nodes }: Cluster): readonly number[] {
  const middle = replicas.slice(0, (replicas.length >> 1) + 1);
  const walkable = middle.filter((count) => count * nodes.size <= MOST_PAIRS_PROBED);
  return [...new Set([middle[0] as number, (walkable.at(-1) ?? middle[0]) as number])];
}
