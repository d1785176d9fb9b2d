/**
 * What a state of the cluster does with the traffic of a question: the plain question about shares, asked of it, in a
 * few numbers.
 */
import { toNumber } from '../../base/fraction.js';
import type { ServiceProbability, SolvedState } from '../../contract/answers.js';
import type { Change, ProbabilityQuestion } from '../../contract/requests.js';
import { hottestText } from '../findings/load.js';
import { keptShare } from '../findings/source-address.js';
import { fieldsOfLoad } from '../load/fields.js';
import { hasCapacity, type Offered } from '../load/offered.js';
import { stateAfter } from '../load/risks.js';
import type { Prepared } from '../prepare.js';
import { answerProbability } from '../probability/answer-probability.js';

/** What is solved: the plain question, and the state that it is asked of. */
export interface Asked {
  readonly prepared: Prepared;
  /** With its Services named. */
  readonly question: ProbabilityQuestion;
  readonly offered: Offered | undefined;
  /** The moment of changes, milliseconds since 1970. */
  readonly at: number;
}

/** A state in numbers, of all Service ports asked about the worst. */
export interface Measured {
  readonly pods: number;
  /** That some pod is over its capacity; undefined: not known, or no capacity is given. */
  readonly chance: number | undefined;
  readonly hottest: string;
  readonly delivered: number;
  readonly imbalance: number;
  readonly largest: string;
  readonly crossZone: number | undefined;
  readonly kept: number | undefined;
  readonly unknown: string | undefined;
  readonly results: readonly ServiceProbability[];
}

const TRAFFIC = '/solve/probability/traffic';

/** Asks the plain question of a state. Throws QuestionError. */
export function measure({ question }: Pick<Asked, 'question'>, prepared: Prepared): Measured {
  const { result, doors } = answerProbability(prepared, question, TRAFFIC);
  const results = result.services;
  const worst = [...results].sort((a, b) => rank(b) - rank(a))[0];
  const chances = results.map((one) => (one.delivered.value === 0 ? 1 : fieldsOfLoad(one.load)?.overCapacity));
  const largest = worst?.endpoints.reduce<ServiceProbability['endpoints'][number] | undefined>(
    (most, one) => (most === undefined || one.share.value > most.share.value ? one : most),
    undefined,
  );
  const kept = doors.flatMap((door) => keptShare(door) ?? []).map(toNumber);
  const crossing = results.map(({ crossZone }) => crossZone?.value);
  const all = <T>(values: readonly (T | undefined)[]): readonly T[] | undefined =>
    values.length > 0 && values.every((value) => value !== undefined) ? (values as readonly T[]) : undefined;
  const known = all(chances);
  const crossed = all(crossing);
  const lost = results.find(({ unknown }) => unknown.value > 0);
  return {
    pods: Math.min(...results.map(({ endpoints }) => endpoints.length)),
    chance: known === undefined ? undefined : Math.max(...known),
    hottest: worst === undefined ? 'nothing' : hottestText(worst.load),
    delivered: Math.min(...results.map(({ delivered }) => delivered.value)),
    imbalance: Math.max(...results.map(({ imbalance }) => imbalance?.value ?? 1)),
    largest: largest?.share.fraction ?? '0',
    crossZone: crossed === undefined ? undefined : Math.max(...crossed),
    kept: kept.length === 0 ? undefined : Math.min(...kept),
    unknown:
      lost === undefined
        ? undefined
        : (lost.verdicts.find(({ verdict }) => verdict === 'UNKNOWN')?.cause ?? 'connections leave the model'),
    results,
  };
}

function rank({ load, delivered }: ServiceProbability): number {
  if (delivered.value === 0) return Number.POSITIVE_INFINITY;
  const { overCapacity = 0, most, requestsPerSecond } = fieldsOfLoad(load) ?? {};
  return overCapacity * 1e15 + (most?.p99 ?? requestsPerSecond?.most ?? 0);
}

/**
 * Whether a state bears the traffic: connections are delivered, and no pod is over its capacity with a larger chance
 * than allowed.
 */
export function bears({ offered }: Pick<Asked, 'offered'>, { chance, delivered, unknown }: Measured): boolean {
  if (unknown !== undefined || delivered === 0) return false;
  if (offered === undefined || !hasCapacity(offered)) return true;
  return chance !== undefined && chance <= offered.maxChance;
}

/** A state as answers tell it. */
export function stateOf(asked: Pick<Asked, 'offered'>, state: string, measured: Measured): SolvedState {
  const { pods, chance, hottest, delivered } = measured;
  return {
    state,
    pods: Number.isFinite(pods) ? pods : 0,
    hottest,
    ...(chance === undefined ? {} : { chance }),
    delivered: Number.isFinite(delivered) ? delivered : 0,
    fits: bears(asked, measured),
  };
}

/** The state after changes, measured; undefined where they cannot be made. */
export function measuredAfter(asked: Asked, from: Prepared, changes: readonly Change[]): Measured | undefined {
  const state = stateAfter(from, changes, asked.at);
  return state === undefined ? undefined : measure(asked, state);
}

/** A request by whose plain answer a solution can be checked. */
export function plainRequest(asked: Asked, changes: readonly Change[]): Record<string, unknown> {
  const made = asked.prepared.changes.map(({ change }) => change);
  return { changes: [...made, ...changes], probability: asked.question };
}

/** A chance or mean that says why a state does not bear the traffic. */
export function whyNot({ chance, hottest, delivered }: SolvedState): string {
  if (delivered === 0) return 'no connection is delivered';
  return chance === undefined
    ? `the hottest pod gets ${hottest}`
    : `the hottest pod gets ${hottest}, over its ` +
        `capacity${chance >= 1 - 1e-12 ? '' : ` with a chance of ${Number((chance * 100).toPrecision(3))} %`}`;
}
