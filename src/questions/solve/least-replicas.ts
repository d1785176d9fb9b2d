/**
 * The least replicas that bear the traffic, also when a zone or a node is lost and while the workload is rolled out.
 */
import type { SolvedReplicas, SolvedState, SolvedValue } from '../../contract/answers.js';
import type { Change, SolveQuestion } from '../../contract/requests.js';
import { lossesOf, stateAfter } from '../load/risks.js';
import type { Prepared } from '../prepare.js';
import { type Asked, bears, measure, measuredAfter, plainRequest, stateOf, whyNot } from './measure.js';

type Wanted = NonNullable<SolveQuestion['replicas']>;
type Scale = NonNullable<SolveQuestion['scale']>;

/** Numbers of replicas that are tried at most. */
const MOST_TRIED = 400;
/** How many states of one number of replicas an answer lists. */
const MOST_STATES = 24;

const WHOLE = 'whole';

/**
 * One number of replicas: its states, in the order in which they are tried; up to the first that does not bear the
 * traffic.
 */
interface Trial {
  readonly replicas: number;
  readonly states: readonly SolvedState[];
  readonly fails: SolvedState | undefined;
  /** Whether some state is uneven: then a smaller number may do where a larger one does not. */
  readonly uneven: boolean;
  readonly unknown: string | undefined;
}

class Search {
  readonly #asked: Asked;
  readonly #scale: Scale;
  readonly #wanted: Wanted;
  readonly #trials = new Map<string, Trial>();
  tried = 0;

  constructor(asked: Asked, scale: Scale, wanted: Wanted) {
    this.#asked = asked;
    this.#scale = scale;
    this.#wanted = wanted;
  }

  change(replicas: number): Change {
    return { scale: { ...this.#scale, replicas } } as Change;
  }

  /** The changes that may happen to a state, each in words. */
  *#events(state: Prepared, endpoints: Parameters<typeof lossesOf>[1]): Generator<readonly [string, Change]> {
    const { without = [] } = this.#wanted;
    for (const { kind, name, change } of lossesOf(state.cluster, endpoints)) {
      if (without.includes(kind)) yield [`without ${kind.toLowerCase()} ${name}`, change];
    }
    if (without.includes('ROLLOUT') && this.#scale.kind !== 'ReplicaSet') {
      yield ['while it is rolled out', { rollout: { ...this.#scale, state: 'FEWEST_READY' } } as Change];
    }
  }

  /** Tries a number of replicas. `whole`: only the state in which nothing is lost. */
  at(replicas: number, whole: boolean, all = false): Trial {
    const key = `${replicas} ${whole} ${all}`;
    const known = this.#trials.get(key);
    if (known !== undefined) return known;
    this.tried++;
    const asked = this.#asked;
    const state = stateAfter(asked.prepared, [this.change(replicas)], asked.at);
    const states: SolvedState[] = [];
    let [uneven, unknown]: [boolean, string | undefined] = [false, undefined];
    if (state !== undefined) {
      const first = measure(asked, state);
      states.push(stateOf(asked, WHOLE, first));
      uneven = first.imbalance > 1 + 1e-12;
      unknown = first.unknown;
      if (!whole && (all || bears(asked, first))) {
        for (const [words, change] of this.#events(state, first.results[0]?.endpoints ?? [])) {
          const measured = measuredAfter(asked, state, [change]);
          if (measured === undefined) continue;
          unknown ??= measured.unknown;
          uneven ||= measured.imbalance > 1 + 1e-12;
          states.push(stateOf(asked, words, measured));
          if (!all && !bears(asked, measured)) break;
        }
      }
    }
    // Of states that fail, the one with the largest chance binds.
    const fails = states.filter(({ fits }) => !fits).sort((a, b) => (b.chance ?? 1) - (a.chance ?? 1))[0];
    const trial = { replicas, states, fails, uneven, unknown };
    this.#trials.set(key, trial);
    return trial;
  }
}

function solvedValue({ replicas, states, fails }: Trial): SolvedValue {
  const shown =
    states.length <= MOST_STATES
      ? states
      : [
          ...states.slice(0, MOST_STATES - 1),
          ...(fails === undefined || states.indexOf(fails) < MOST_STATES - 1 ? [] : [fails]),
        ];
  return { value: String(replicas), fits: fails === undefined && states.length > 0, states: shown };
}

/** So many pods are needed however they are placed: each gets at least an even part. */
function lowerBound({ offered }: Asked): number {
  if (offered === undefined) return 1;
  const { requestsPerSecond, maxRequestsPerSecond, connections, open, capacity } = offered;
  const byRate =
    requestsPerSecond !== undefined && maxRequestsPerSecond !== undefined && open === undefined
      ? Math.ceil(requestsPerSecond / maxRequestsPerSecond - 1e-9)
      : 1;
  const byCount =
    connections !== undefined && capacity !== undefined && Math.floor(capacity) > 0
      ? Math.ceil(connections / Math.floor(capacity))
      : 1;
  return Math.max(1, byRate, byCount);
}

/** The least number by galloping and bisection, where more replicas never do worse; undefined: none up to `most`. */
function bisected(search: Search, from: number, most: number): number | undefined {
  const holds = (n: number) => search.at(n, true).fails === undefined && search.at(n, true).states.length > 0;
  let [low, high] = [from, from];
  while (!holds(high)) {
    if (high >= most) return undefined;
    low = high + 1;
    high = Math.min(most, high * 2);
  }
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

const fitsAll = ({ fails, states }: Trial) => fails === undefined && states.length > 0;

/** Searches the least replicas. Each number is asked of the engine: scaled, then every loss in turn. */
export function leastReplicas(
  asked: Asked,
  scale: Scale,
  wanted: Wanted,
): { readonly solved: SolvedReplicas; readonly unknown?: string } {
  const search = new Search(asked, scale, wanted);
  const most = wanted.most ?? 5000;
  const name = `${scale.namespace}/${scale.name}`;
  const none = (explanation: string) => ({ solved: { explanation, tried: search.tried } });
  const bound = lowerBound(asked);
  if (bound > most)
    return none(
      `At least ${bound} replicas of ${name} are needed, each with an even part, and at most ${most} are tried.`,
    );
  const first = search.at(bound, true);
  if (first.unknown !== undefined) return { ...none(`It is not known: ${first.unknown}.`), unknown: first.unknown };
  // What is lost on the way need not be borne: then a smaller number may do.
  const start = (first.states[0]?.delivered ?? 1) < 1 ? 1 : bound;
  let least = bisected(search, start, most);
  if (least === undefined) {
    const last = search.at(most, true).fails;
    return none(
      `No number of replicas of ${name} up to ${most} is ` +
        `enough${last === undefined ? '' : `: at ${most}, ${whyNot(last)}`}.`,
    );
  }
  // Uneven shares need not get better with each pod: then every number is tried.
  if (search.at(least, true).uneven || search.at(Math.max(start, least - 1), true).uneven) {
    for (let n = start; n < least && search.tried < MOST_TRIED; n++) if (fitsAll(search.at(n, true))) least = n;
  }
  let smallest = least;
  if ((wanted.without?.length ?? 0) > 0) {
    for (;;) {
      const trial = search.at(smallest, false);
      if (trial.unknown !== undefined) return { ...none(`It is not known: ${trial.unknown}.`), unknown: trial.unknown };
      if (fitsAll(trial)) break;
      if (search.tried >= MOST_TRIED || smallest >= most) {
        return none(
          `No number of replicas of ${name} from ${least} to ${smallest} is enough: ${trial.fails?.state}, ` +
            `${trial.fails === undefined ? '' : whyNot(trial.fails)}.`,
        );
      }
      // One more replica leaves at most one more pod.
      const left = trial.fails?.pods ?? 0;
      smallest = Math.min(most, smallest + (trial.uneven ? 1 : Math.max(1, least - left)));
    }
  }
  const holds = search.at(smallest, false, true);
  const fails = smallest > 1 ? search.at(smallest - 1, false, true) : undefined;
  const binding = fails?.fails;
  const also = binding === undefined || binding.state === WHOLE ? '' : `${binding.state} `;
  const next =
    fails === undefined || binding === undefined
      ? ''
      : ` ${smallest - 1} ${smallest === 2 ? 'is' : 'are'} not: ` +
        `${also === '' ? '' : `${also}${binding.pods} are left and `}${whyNot(binding)}.`;
  const worst = [...holds.states].sort((a, b) => (b.chance ?? 0) - (a.chance ?? 0) || a.pods - b.pods)[0];
  const kinds: Readonly<Record<string, string>> = {
    ZONE: 'any one zone',
    NODE: 'any one node',
    ROLLOUT: 'what a roll-out takes',
  };
  const survived = (wanted.without ?? []).map((kind) => kinds[kind]).join(' and ');
  const explanation =
    `${smallest} ${smallest === 1 ? 'replica' : 'replicas'} of ${name} ${smallest === 1 ? 'is' : 'are'} ` +
    `enough${survived === '' ? '' : `, also without ${survived}`}: the hottest pod gets ` +
    `${worst?.hottest ?? 'nothing'}${worst === undefined || worst.state === WHOLE ? '' : ` ${worst.state}`}.${next}`;
  return {
    solved: {
      smallest,
      explanation,
      ...(binding === undefined ? {} : { binding: binding.state }),
      holds: solvedValue(holds),
      ...(fails === undefined ? {} : { fails: solvedValue(fails) }),
      tried: search.tried,
      check: {
        holds: plainRequest(asked, [search.change(smallest)]),
        ...(fails === undefined
          ? {}
          : { fails: plainRequest(asked, [search.change(smallest - 1), ...eventOf(binding, scale)]) }),
      },
    },
  };
}

/** The change behind a state's words. */
function eventOf(state: SolvedState | undefined, scale: Scale): readonly Change[] {
  const [, kind, name] = /^without (zone|node) (.+)$/.exec(state?.state ?? '') ?? [];
  if (kind === 'zone') return [{ zone: { name, action: 'FAIL' } } as Change];
  if (kind === 'node') return [{ node: { name, action: 'FAIL' } } as Change];
  return state?.state === 'while it is rolled out' ? [{ rollout: { ...scale, state: 'FEWEST_READY' } } as Change] : [];
}
