/** The bound of a sweep: what shares may be at most, and the smallest number of replicas for which they are. */
import { QuestionError } from '../../base/errors.js';
import { compare, type Fraction, isZero, parseFraction, toNumber } from '../../base/fraction.js';
import type { ExactShare, SweepBoundResult, SweepPoint, SweptShares } from '../../contract/answers.js';
import type { SweepBound } from '../../contract/requests.js';

type Limit = keyof SweepBound;
type ShareLimit = Exclude<Limit, 'overCapacity'>;

/** How each limit is named, and the value that it limits. */
const LIMITS: Readonly<
  Record<ShareLimit, { readonly what: string; readonly of: (shares: SweptShares) => ExactShare | undefined }>
> = {
  largestShare: { what: "an endpoint's largest share", of: ({ largest }) => largest },
  largestNodeShare: { what: "a node's largest share", of: ({ nodes }) => nodes.largest },
  largestZoneShare: { what: "a zone's largest share", of: ({ zones }) => largestOf(zones.map(({ share }) => share)) },
  imbalance: { what: 'the imbalance', of: ({ imbalance }) => imbalance },
  delivered: { what: 'what is delivered', of: ({ delivered }) => delivered },
};

const WHAT: Readonly<Record<Limit, string>> = {
  ...(Object.fromEntries(Object.entries(LIMITS).map(([name, { what }]) => [name, what])) as Record<ShareLimit, string>),
  overCapacity: 'the chance that some pod is over its capacity',
};

/** Whether the chance of a pod over its capacity is within a limit; not where it is not known. */
function fits({ load }: SweptShares, limit: Fraction): boolean {
  const chance = (load as { readonly overCapacity?: number } | undefined)?.overCapacity;
  return chance !== undefined && chance <= toNumber(limit) * (1 + 1e-12);
}

function exact(share: ExactShare): Fraction {
  return parseFraction(share.fraction) as Fraction;
}

function largestOf(shares: readonly ExactShare[]): ExactShare | undefined {
  return shares.reduce<ExactShare | undefined>(
    (most, share) => (most === undefined || compare(exact(share), exact(most)) > 0 ? share : most),
    undefined,
  );
}

/** A bound that has been read. */
export interface Bound {
  readonly limits: readonly { readonly name: Limit; readonly limit: Fraction; readonly text: string }[];
  over(points: readonly SweepPoint[]): SweepBoundResult;
}

/** Throws QuestionError INVALID_REQUEST for a limit that is no number. */
export function readBound(bound: SweepBound): Bound {
  const limits = (Object.keys(WHAT) as Limit[]).flatMap((name) => {
    const given = bound[name];
    if (given === undefined) return [];
    const limit = parseFraction(String(given));
    if (limit === undefined) {
      const detail = `${given} is no bound: an integer, or a fraction "p/q" with q above 0, is needed.`;
      throw new QuestionError('INVALID_REQUEST', detail, [{ pointer: `/sweep/bound/${name}`, detail }]);
    }
    return [{ name, limit, text: String(given) }];
  });
  const read: Bound = { limits, over: (points) => overall(read, points) };
  return read;
}

function holds({ limits }: Bound, shares: SweptShares): boolean {
  // Where nothing is delivered nobody has a large share, which is not what is looked for.
  if (isZero(exact(shares.delivered)) || isUnknown(shares)) return false;
  return limits.every(({ name, limit }) => {
    if (name === 'overCapacity') return fits(shares, limit);
    const value = LIMITS[name].of(shares);
    if (value === undefined) return true;
    return name === 'delivered' ? compare(exact(value), limit) >= 0 : compare(exact(value), limit) <= 0;
  });
}

/** Whether every Service port keeps the bound. */
export function judge(bound: Bound, services: readonly SweptShares[]): boolean {
  return services.every((shares) => holds(bound, shares));
}

/**
 * Whether it is not known what becomes of some connections: then shares are lower bounds, and a bound cannot be
 * decided.
 */
function isUnknown({ unknown }: SweptShares): boolean {
  return !isZero(exact(unknown));
}

function words({ limits }: Bound): string {
  const named = limits.map(
    ({ name, text }) => `${WHAT[name]} ${name === 'delivered' ? 'at least' : 'at most'} ${text}`,
  );
  return named.length < 2 ? named.join('') : `${named.slice(0, -1).join(', ')} and ${named.at(-1)}`;
}

function overall(bound: Bound, points: readonly SweepPoint[]): SweepBoundResult {
  const unknown = points.filter(({ services }) => services.some(isUnknown));
  const smallest = points.find(({ satisfied }) => satisfied)?.replicas;
  const lastFailing = points.findLastIndex(({ satisfied }) => satisfied !== true);
  const lasting = points[lastFailing + 1]?.replicas;
  const [first, last] = [points[0]?.replicas, points.at(-1)?.replicas];
  const asked =
    points.length === 1 ? `the one asked about (${first})` : `the ${points.length} asked about (${first} to ${last})`;
  if (smallest === undefined) {
    if (unknown.length > 0) {
      const where = unknown.length === points.length ? 'any of them' : `${unknown.length} of them`;
      return {
        explanation:
          `Whether a number of replicas of ${asked} has ${words(bound)} is not known: it is not known what ` +
          `becomes of connections at ${where}.`,
      };
    }
    return { explanation: `No number of replicas of ${asked} has ${words(bound)}.` };
  }
  const later =
    smallest === last
      ? ''
      : lasting === smallest
        ? ' All larger ones do too.'
        : lasting === undefined
          ? ' The largest one does not.'
          : ` Some larger ones do not; from ${lasting} on all do.`;
  const open = unknown.length === 0 ? '' : ` At ${unknown.length} of them it is not known.`;
  return {
    smallest,
    ...(lasting === undefined ? {} : { lasting }),
    explanation: `${smallest} is the smallest number of replicas of ${asked} with ${words(bound)}.${later}${open}`,
  };
}
