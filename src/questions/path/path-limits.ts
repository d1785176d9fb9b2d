import { compare } from '../../base/fraction.js';
import { whenRead } from '../../base/when-read.js';
import type { PathResult, PathTrace } from '../../contract/answers.js';
import type { PathQuestion } from '../../contract/requests.js';
import type { Fabric } from '../../path/fabric.js';
import { probability, total } from '../chances.js';
import { basisOfAll } from '../share-basis.js';
import type { ClientJourney } from './client-journey.js';
import type { PathSums } from './path-sums.js';
import { endpointOf, traceOf } from './trace.js';

/** So many traces an answer has where the question does not say. */
export const DEFAULT_TRACES = 100;

function groupKey(fabric: Fabric, clientJourney: ClientJourney, groupBy: PathQuestion['groupBy']): string | undefined {
  const { journey } = clientJourney;
  const verdict = `${journey.verdict} ${journey.cause ?? ''}`;
  const endpoint = endpointOf(fabric, journey);
  switch (groupBy) {
    case 'ENDPOINT':
      return `${verdict} ${endpoint === undefined ? '' : `${endpoint.address} ${endpoint.port}`}`;
    case 'NODE':
      return `${verdict} ${endpoint?.node ?? ''}`;
    case 'VERDICT':
      return verdict;
    default:
      return undefined;
  }
}

interface Group {
  readonly first: ClientJourney;
  readonly clientJourneys: ClientJourney[];
}

/** The most likely groups first, DELIVERED before others at equal chance. */
function byChance(groups: Iterable<Group>): readonly Group[] {
  const ranked = Array.from(groups, (group) => ({
    group,
    chance: total(group.clientJourneys.map((clientJourney) => clientJourney.journey.chance)).nominal,
    rank: Number(group.first.journey.verdict !== 'DELIVERED'),
  }));
  return ranked.sort((a, b) => compare(b.chance, a.chance) || a.rank - b.rank).map(({ group }) => group);
}

/**
 * As many groups as are wanted, the most likely ones, but at least the first of each verdict and cause: what happens to
 * few packets only must not be left out because many others are delivered.
 */
function someOf(sorted: readonly Group[], limit: number): readonly Group[] {
  const kinds = new Map<string, Group>();
  for (const group of sorted) {
    const { verdict, cause } = group.first.journey;
    const kind = `${verdict} ${cause ?? ''}`;
    if (!kinds.has(kind)) kinds.set(kind, group);
  }
  const kept = new Set([...kinds.values()].slice(0, limit));
  for (const group of sorted) {
    if (kept.size >= limit) break;
    kept.add(group);
  }
  return sorted.filter((group) => kept.has(group));
}

/** Whether a journey stands for endpoints of which each is a trace of its own. */
function isApart({ journey: { bundle, receiver } }: ClientJourney, groupBy: PathQuestion['groupBy']): boolean {
  if (bundle === undefined || groupBy === 'NODE' || groupBy === 'VERDICT') return false;
  // By endpoint, those that nobody receives are one.
  return groupBy !== 'ENDPOINT' || receiver !== undefined;
}

/** How many traces bundles of endpoints stand for. By endpoint those of several clients are one. */
function tracesOf(apart: readonly ClientJourney[], groupBy: PathQuestion['groupBy']): number {
  const seen = new Set<object>();
  let traces = 0;
  for (const { journey } of apart) {
    if (groupBy === 'ENDPOINT' && journey.bundle !== undefined) {
      if (seen.has(journey.bundle)) continue;
      seen.add(journey.bundle);
    }
    traces += journey.count ?? 1;
  }
  return traces;
}

/**
 * Gives a result the traces of the answer: most likely first, DELIVERED before others at equal chance, then in the
 * order of the walk; grouped as asked and at most `maxTraces` of them, each verdict and cause among them. What is left
 * out is counted, with its share. `sums`: what the journeys come to together, where that is known; then traces are made
 * when they are read.
 */
export function withTraces<T extends object>(
  result: T,
  fabric: Fabric,
  clientJourneys: readonly ClientJourney[],
  question: PathQuestion,
  sums?: PathSums,
): T & Pick<PathResult, 'traces' | 'omitted'> {
  const limit = question.maxTraces ?? DEFAULT_TRACES;
  if (sums === undefined || question.groupBy !== undefined || clientJourneys.length > limit)
    return Object.assign(result, limitTraces(fabric, clientJourneys, question, limit));
  const trace = (place: number) =>
    traceOf(fabric, clientJourneys[place] as ClientJourney, undefined, sums.probabilities[place]);
  return whenRead(result, 'traces', () => sums.order.map(trace));
}

function limitTraces(
  fabric: Fabric,
  clientJourneys: readonly ClientJourney[],
  question: PathQuestion,
  limit: number,
): Pick<PathResult, 'traces' | 'omitted'> {
  const groups = new Map<string, Group>();
  /** Bundles of endpoints that are no part of a group: none of their traces is among the first. */
  const apart: ClientJourney[] = [];
  for (const [index, clientJourney] of clientJourneys.entries()) {
    if (isApart(clientJourney, question.groupBy)) {
      apart.push(clientJourney);
      continue;
    }
    const key = groupKey(fabric, clientJourney, question.groupBy) ?? String(index);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { first: clientJourney, clientJourneys: [clientJourney] });
    else group.clientJourneys.push(clientJourney);
  }
  const sorted = byChance(groups.values());
  const shown = someOf(sorted, limit);
  const traces = shown.map(({ first, clientJourneys: members }): PathTrace => {
    const count = members.reduce((sum, { journey }) => sum + (journey.count ?? 1), 0);
    if (count === 1) return traceOf(fabric, first);
    const chances = members.map((clientJourney) => clientJourney.journey.chance);
    return traceOf(fabric, first, {
      probability: probability(total(chances)),
      basis: basisOfAll(chances),
      count,
    });
  });
  const listed = new Set(shown);
  const rest = sorted.filter((group) => !listed.has(group)).flatMap((group) => group.clientJourneys);
  if (rest.length + apart.length === 0) return { traces };
  const share = probability(total([...rest, ...apart].map((clientJourney) => clientJourney.journey.chance)));
  return { traces, omitted: { traces: sorted.length - traces.length + tracesOf(apart, question.groupBy), share } };
}
