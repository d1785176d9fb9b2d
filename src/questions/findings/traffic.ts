/** Connections that do not arrive: as they are, and that arrived before a change. */

import {
  add,
  compare,
  divide,
  type Fraction,
  formatFraction,
  isZero,
  multiply,
  subtract,
  ZERO,
} from '../../base/fraction.js';
import type { Cause, Finding, PathVerdict } from '../../contract/answers.js';
import { ruleText } from '../chains/rule-text.js';
import { exactOf } from '../differences/shifted-shares.js';
import { clientPairs, type DoorPair, doorPairs, partWhere } from './client-pairs.js';
import type { FindingCode } from './codes.js';
import { type Door, type DoorOutcome, sameDestination } from './door.js';
import { isAvoidedBy } from './endpoints.js';
import type { DifferenceFinder, StateFinder } from './finders.js';
import { doorEvidence, doorText, finding, findingWhenRead, listed, MAX_LISTED, part } from './finding.js';
import type { Thresholds } from './wanted.js';

type Lost = Exclude<PathVerdict, 'DELIVERED'>;

interface LostKind {
  readonly verdict: Lost;
  readonly threshold: keyof Thresholds;
  readonly state: FindingCode;
  readonly difference: FindingCode;
  readonly words: string;
}

const KINDS: readonly LostKind[] = [
  {
    verdict: 'DROPPED',
    threshold: 'droppedShare',
    state: 'TRAFFIC_DROPPED',
    difference: 'DELIVERED_BEFORE_DROPPED_NOW',
    words: 'are dropped',
  },
  {
    verdict: 'REJECTED',
    threshold: 'rejectedShare',
    state: 'TRAFFIC_REJECTED',
    difference: 'DELIVERED_BEFORE_REJECTED_NOW',
    words: 'are refused',
  },
  {
    verdict: 'UNREACHABLE',
    threshold: 'unreachableShare',
    state: 'TRAFFIC_UNREACHABLE',
    difference: 'DELIVERED_BEFORE_UNREACHABLE_NOW',
    words: 'reach nobody',
  },
  {
    verdict: 'UNKNOWN',
    threshold: 'unknownShare',
    state: 'TRAFFIC_UNKNOWN',
    difference: 'DELIVERED_BEFORE_UNKNOWN_NOW',
    words: 'leave the model',
  },
];

const isDelivered = ({ verdict }: DoorOutcome) => verdict === 'DELIVERED';

/** Why, and by which rule, in the words of the first outcome that is meant. */
function why(door: Door, outcome: DoorOutcome | undefined) {
  const { rule, detail } = outcome ?? {};
  return { explanation: detail, ...(rule === undefined ? {} : { rule: ruleText(rule, door.family) }) };
}

function losesSome({ verdicts }: Door): boolean {
  for (const { verdict } of verdicts) if (verdict !== 'DELIVERED') return true;
  return false;
}

/** The shares of new connections that do not arrive, by cause. */
export const lostTraffic: StateFinder = (view, thresholds) =>
  view.doors.filter(losesSome).flatMap((door) =>
    KINDS.flatMap(({ verdict, threshold, state, words }) => {
      const causes = door.verdicts.filter((share) => share.verdict === verdict);
      if (causes.length === 0) return [];
      const total = causes.reduce((sum, { share }) => add(sum, exactOf(share)), ZERO);
      if (compare(total, thresholds[threshold]) <= 0) return [];
      return causes.map(({ cause, share }): Finding => {
        const say = () => {
          const isMeant = (outcome: DoorOutcome) => outcome.verdict === verdict && outcome.cause === cause;
          const from = door.from.filter(({ outcomes }) => outcomes.some(isMeant));
          const names = from.flatMap(({ client, nodes }) => nodes ?? [client.name]);
          const reason = cause === undefined ? '' : ` (${cause})`;
          return {
            message: `${part(exactOf(share))} to ${doorText(door)} ${words}${reason}: from ${listed(names)}.`,
            evidence: {
              ...doorEvidence(door),
              share: share.fraction,
              threshold: formatFraction(thresholds[threshold]),
              cause,
              from: names.slice(0, MAX_LISTED),
              fromCount: names.length,
              ...why(door, from.flatMap(({ outcomes }) => outcomes).find(isMeant)),
            },
          };
        };
        return findingWhenRead(
          state,
          say,
          // Who comes through the load balancer never meets it.
          door.via === 'NODE_PORT' && cause === 'NO_LOCAL_ENDPOINTS' && isAvoidedBy(view, door) ? 'INFO' : undefined,
        );
      });
    }),
  );

interface NewlyLost {
  readonly verdict: Lost;
  readonly cause: Cause | undefined;
  readonly outcome: DoorOutcome;
  share: Fraction;
  readonly names: string[];
}

/** What of each client's connections arrived before and does not now, by verdict and cause; over all clients. */
function newlyLost({ before, after }: DoorPair): readonly NewlyLost[] {
  const found = new Map<string, NewlyLost>();
  for (const pair of clientPairs(before, after)) {
    const [was, is] = [partWhere(pair.before, isDelivered), partWhere(pair.after, isDelivered)];
    if (compare(is, was) >= 0) continue;
    const lost = subtract(was, is);
    const growths = new Map<string, { readonly outcome: DoorOutcome; readonly growth: Fraction }>();
    for (const outcome of pair.after.outcomes) {
      const key = `${outcome.verdict} ${outcome.cause ?? ''}`;
      if (outcome.verdict === 'DELIVERED' || growths.has(key)) continue;
      const isMeant = (other: DoorOutcome) => other.verdict === outcome.verdict && other.cause === outcome.cause;
      const [earlier, now] = [partWhere(pair.before, isMeant), partWhere(pair.after, isMeant)];
      if (compare(now, earlier) > 0) growths.set(key, { outcome, growth: subtract(now, earlier) });
    }
    const all = [...growths.values()].reduce((sum, { growth }) => add(sum, growth), ZERO);
    for (const [key, { outcome, growth }] of growths) {
      const known = found.get(key) ?? {
        verdict: outcome.verdict as Lost,
        cause: outcome.cause,
        outcome,
        share: ZERO,
        names: [],
      };
      known.share = add(known.share, multiply(pair.weight, multiply(lost, divide(growth, all))));
      known.names.push(...pair.names);
      found.set(key, known);
    }
  }
  return [...found.values()];
}

function deliveredBy(door: Door): Fraction {
  return door.verdicts.reduce(
    (sum, { verdict, share }) => (verdict === 'DELIVERED' ? add(sum, exactOf(share)) : sum),
    ZERO,
  );
}

/** Connections that were delivered before and are not now, client by client. */
export const trafficDifferences: DifferenceFinder = (before, after) =>
  doorPairs(before.doors, after.doors).flatMap((pair) =>
    newlyLost(pair).map(({ verdict, cause, outcome, share, names }) => {
      const { difference, words } = KINDS.find((kind) => kind.verdict === verdict) as LostKind;
      const door = pair.after;
      const reason = cause === undefined ? '' : ` (${cause})`;
      const message =
        `${part(share)} to ${doorText(door)} were delivered and ${words} now${reason}: ` + `from ${listed(names)}.`;
      const [was, is] = [deliveredBy(pair.before), deliveredBy(door)].map(formatFraction);
      return finding(difference, message, {
        ...doorEvidence(door),
        share: formatFraction(share),
        delivered: { before: was, after: is },
        cause,
        from: names.slice(0, MAX_LISTED),
        fromCount: names.length,
        ...why(door, outcome),
      });
    }),
  );

/** Ways to a Service port that delivered and are gone, or are under another address or port now. */
export const doorsRemoved: DifferenceFinder = (before, after) => {
  const later = new Map(after.doors.map((door) => [door.id, door]));
  return before.doors.flatMap((door) => {
    const delivered = deliveredBy(door);
    const same = later.get(door.id);
    const now = same?.destination;
    if (isZero(delivered) || (same !== undefined && sameDestination(door, same))) return [];
    // Where nothing is known of the door after the change, nothing says that it is gone.
    const isUnknown = later.get(door.id)?.verdicts.some(({ verdict }) => verdict === 'UNKNOWN') ?? false;
    if (now === '' && isUnknown) return [];
    // What a name is answered with changes with every endpoint; the name stays.
    if (now !== undefined && (door.via === 'DNS' || door.via === 'HOST')) return [];
    const moved = now === undefined || now === '' ? 'is gone' : `is ${now} now`;
    const message =
      `${door.destination || 'The destination'}, the way to ${doorText(door)}, ${moved}: it delivered ` +
      `${formatFraction(delivered)} of new connections.`;
    return [
      finding('DOOR_REMOVED', message, {
        ...doorEvidence(door),
        delivered: { before: formatFraction(delivered), after: '0' },
        now: now === '' ? undefined : now,
      }),
    ];
  });
};
