/** The traffic policy with the least cost: each is given to the Services, and the plain question is asked. */
import { QuestionError } from '../../base/errors.js';
import { controlPlaneVersion } from '../../changes/control-plane-version.js';
import { applyChanges } from '../../changes/index.js';
import type { SolvedPolicy } from '../../contract/answers.js';
import type { Change, SolveQuestion } from '../../contract/requests.js';
import { fieldsOfLoad } from '../load/fields.js';
import { hasCapacity, wrongTraffic } from '../load/offered.js';
import type { Prepared } from '../prepare.js';
import { type Asked, bears, type Measured, measure, plainRequest } from './measure.js';
import { comesFromOutside, POLICIES, type Policy, policyChanges, policyName } from './policy-choices.js';

type Wanted = NonNullable<SolveQuestion['policy']>;
type Costs = NonNullable<Wanted['costs']>;
type Part = keyof Costs;
type Candidate = SolvedPolicy['candidates'][number];

const GIGABYTE = 1e9;
const DEFAULT_COSTS: Costs = { imbalance: 1, crossZoneShare: 1 };
const PARTS: readonly Part[] = ['imbalance', 'crossZoneShare', 'crossZoneGigabyte', 'clientAddressLost'];
const WORDS: Readonly<Record<Part, string>> = {
  imbalance: 'imbalance',
  crossZoneShare: 'connections to other zones',
  crossZoneGigabyte: 'gigabytes to other zones',
  clientAddressLost: 'client addresses that are lost',
};

function bytesPerSecond({ results }: Measured): number | undefined {
  const each = results.map(({ load }) => fieldsOfLoad(load)?.crossZoneBytesPerSecond);
  return each.some((one) => one === undefined) ? undefined : each.reduce<number>((sum, one) => sum + (one ?? 0), 0);
}

/** How much of each cost a state has: its cost is the price times this. Undefined: not known. */
function amounts(measured: Measured): Readonly<Record<Part, number | undefined>> {
  const bytes = bytesPerSecond(measured);
  return {
    imbalance: measured.imbalance - 1,
    crossZoneShare: measured.crossZone,
    crossZoneGigabyte: bytes === undefined ? undefined : (bytes * 3600) / GIGABYTE,
    clientAddressLost: measured.kept === undefined ? undefined : 1 - measured.kept,
  };
}

interface Tried {
  readonly policy: Policy;
  readonly changes: readonly Change[];
  readonly measured?: Measured;
  /** Why it cannot be. */
  readonly why?: string;
}

function tried(asked: Asked, policy: Policy): Tried {
  const { prepared, question, at } = asked;
  const outside = comesFromOutside(question);
  const version = controlPlaneVersion(prepared.cluster, prepared.settings);
  const keys = [...new Set((question.services ?? []).map(({ namespace, name }) => `${namespace}/${name}`))];
  const changes = keys.flatMap((key) => {
    const service = prepared.cluster.services.get(key);
    return service === undefined ? [] : policyChanges(service, policy, outside, version);
  });
  try {
    const changed = applyChanges(prepared.cluster, changes, { settings: prepared.settings, at });
    const state: Prepared = {
      ...prepared,
      cluster: changed.cluster,
      settings: changed.settings,
      earlier: { cluster: prepared.cluster, settings: prepared.settings },
    };
    const measured = measure(asked, state);
    const { delivered, unknown } = measured;
    const why =
      unknown !== undefined
        ? `what becomes of some connections is not known (${unknown})`
        : delivered < 1 - 1e-12
          ? `${Number(((1 - delivered) * 100).toPrecision(3))} % of connections are lost`
          : asked.offered !== undefined && hasCapacity(asked.offered) && !bears(asked, measured)
            ? `a pod is over its capacity: the hottest gets ${measured.hottest}`
            : undefined;
    return { policy, changes, measured, ...(why === undefined ? {} : { why }) };
  } catch (error) {
    if (!(error instanceof QuestionError)) throw error;
    return { policy, changes, why: error.problems[0]?.detail ?? error.message };
  }
}

/** Throws INVALID_REQUEST for a cost that nothing is known of. */
function requireCosts(asked: Asked, costs: Costs): void {
  const priced = PARTS.filter((part) => (costs[part] ?? 0) > 0);
  if (priced.length === 0)
    throw wrongTraffic(
      '/solve/policy/costs',
      'Every cost is 0: nothing tells policies apart. Give at least one of them.',
    );
  if (
    (costs.crossZoneGigabyte ?? 0) > 0 &&
    (asked.offered?.bytesPerRequest === undefined || asked.offered.requestsPerSecond === undefined)
  ) {
    throw wrongTraffic(
      '/solve/policy/costs/crossZoneGigabyte',
      'Gigabytes need traffic with requestsPerSecond and bytesPerRequest.',
    );
  }
}

/** Searches the cheapest policy. Throws INVALID_REQUEST for costs that say nothing. */
export function bestPolicy(asked: Asked, { candidates = POLICIES, costs = DEFAULT_COSTS }: Wanted): SolvedPolicy {
  requireCosts(asked, costs);
  const all = candidates.map((policy) => tried(asked, policy));
  // A part that is not known of some candidate is left out of all, and said.
  const possible = all.filter(({ measured, why }) => measured !== undefined && why === undefined);
  const unknownParts = PARTS.filter(
    (part) =>
      (costs[part] ?? 0) > 0 &&
      possible.some(({ measured }) => measured !== undefined && amounts(measured)[part] === undefined),
  );
  const counted = PARTS.filter((part) => (costs[part] ?? 0) > 0 && !unknownParts.includes(part));
  const costOf = ({ measured }: Tried) =>
    measured === undefined
      ? Number.POSITIVE_INFINITY
      : counted.reduce((sum, part) => sum + (costs[part] ?? 0) * (amounts(measured)[part] ?? 0), 0);
  const candidateOf = (one: Tried): Candidate => {
    const { policy, measured, why } = one;
    const isPossible = measured !== undefined && why === undefined;
    const bytes = measured === undefined ? undefined : bytesPerSecond(measured);
    return {
      policy,
      possible: isPossible,
      ...(why === undefined ? {} : { why }),
      ...(isPossible
        ? {
            cost: costOf(one),
            costs: Object.fromEntries(
              counted.map((part) => [part, (costs[part] ?? 0) * (amounts(measured)[part] ?? 0)]),
            ),
          }
        : {}),
      ...(measured === undefined
        ? {}
        : {
            imbalance: measured.imbalance,
            ...(measured.crossZone === undefined ? {} : { crossZone: measured.crossZone }),
            ...(bytes === undefined ? {} : { crossZoneBytesPerSecond: bytes }),
            ...(measured.kept === undefined ? {} : { clientAddressKept: measured.kept }),
            delivered: measured.delivered,
            ...(measured.chance === undefined ? {} : { chance: measured.chance, hottest: measured.hottest }),
          }),
    };
  };
  const sorted = [...possible].sort((a, b) => costOf(a) - costOf(b));
  const [best, second] = sorted;
  const listed = [...sorted.map(candidateOf), ...all.filter((one) => !possible.includes(one)).map(candidateOf)];
  const left =
    unknownParts.length === 0
      ? ''
      : ` Not counted, since it is not known: ${unknownParts.map((part) => WORDS[part]).join(', ')}.`;
  if (best?.measured === undefined) {
    const [first] = all;
    return {
      explanation:
        'None of the policies can be: ' +
        `${first === undefined ? '' : `${policyName(first.policy)}: ${first.why}`}.${left}`,
      candidates: listed,
    };
  }
  const number = (value: number) => String(Number(value.toPrecision(4)));
  const bestAmounts = amounts(best.measured);
  const difference = (part: Part, other: Measured) =>
    (costs[part] ?? 0) * ((amounts(other)[part] ?? 0) - (bestAmounts[part] ?? 0));
  const binding =
    second?.measured === undefined
      ? undefined
      : [...counted].sort(
          (a, b) => difference(b, second.measured as Measured) - difference(a, second.measured as Measured),
        )[0];
  const tie = second !== undefined && Math.abs(costOf(second) - costOf(best)) < 1e-12;
  const runner =
    second === undefined
      ? ' No other policy can be.'
      : tie
        ? ` ${policyName(second.policy)} costs the same.`
        : ` ${policyName(second.policy)} is next at ` +
          `${number(costOf(second))}${binding === undefined ? '' : `: ${WORDS[binding]} make the difference`}.`;
  return {
    best: best.policy,
    explanation: `${policyName(best.policy)} costs least: ${number(costOf(best))}.${runner}${left}`,
    ...(binding === undefined || tie ? {} : { binding }),
    candidates: listed,
    ...turnsOf(sorted, counted, costs, costOf),
    check: plainRequest(asked, best.changes),
  };
}

/** For each cost the nearest price, up and down, from which on another policy is the cheapest. */
function turnsOf(
  sorted: readonly Tried[],
  counted: readonly Part[],
  costs: Costs,
  costOf: (one: Tried) => number,
): Pick<SolvedPolicy, 'turns'> {
  const [best, ...others] = sorted;
  if (best?.measured === undefined) return {};
  const own = amounts(best.measured);
  const turns = counted.flatMap((part) => {
    const price = costs[part] ?? 0;
    const found = others.flatMap(({ policy, measured }, index) => {
      const slope = measured === undefined ? 0 : (own[part] ?? 0) - (amounts(measured)[part] ?? 0);
      if (Math.abs(slope) < 1e-12) return [];
      const value = price + (costOf(others[index] as Tried) - costOf(best)) / slope;
      return value < 0 ? [] : [{ cost: part, value, policy }];
    });
    const up = found.filter(({ value }) => value > price).sort((a, b) => a.value - b.value)[0];
    const down = found.filter(({ value }) => value < price).sort((a, b) => b.value - a.value)[0];
    return [down, up].filter((turn): turn is NonNullable<typeof turn> => turn !== undefined);
  });
  return turns.length === 0 ? {} : { turns };
}
