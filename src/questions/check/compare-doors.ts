/** One Service's doors before and after, side by side. */

import { compare, type Fraction, formatFraction } from '../../base/fraction.js';
import { parseSigned } from '../../base/signed-fraction.js';
import type {
  Both,
  CheckClients,
  CheckedDoor,
  EndpointShare,
  ServiceProbability,
  ServiceRef,
} from '../../contract/answers.js';
import type { Via } from '../../contract/requests.js';
import { establishedShares } from '../differences/established.js';
import { OPEN_SHARES, policyCuts } from '../differences/policy-cuts.js';
import { holdsUnknownShare, isShifted, pairs, shifted, shiftedVerdicts } from '../differences/shifted-shares.js';
import { flowFates, type Side } from '../differences/udp-flows.js';
import { type Door, sameDestination } from '../findings/door.js';
import { keptShare } from '../findings/source-address.js';
import { fieldsOfLoad } from '../load/fields.js';

/** At most so many endpoints of a door are listed, those that shift most. */
const MAX_ENDPOINTS = 50;

/** A door of one side, with all that is reported of it. */
export interface SideDoor {
  readonly door: Door;
  readonly result: ServiceProbability;
  readonly clients: CheckClients;
}

function bothOf<T>(before: T | undefined, after: T | undefined): Both<T> | undefined {
  if (before === undefined && after === undefined) return undefined;
  return { ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
}

function named<K extends string, T>(name: K, value: T | undefined): { readonly [P in K]?: T } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [P in K]?: T });
}

const text = (value: Fraction | undefined) => (value === undefined ? undefined : formatFraction(value));

function endpointsOf(before: SideDoor | undefined, after: SideDoor | undefined): CheckedDoor['endpoints'] {
  const keyOf = ({ address, port, pod }: EndpointShare) => JSON.stringify([address, port, pod]);
  const size = (endpoint: CheckedDoor['endpoints'][number]) =>
    parseSigned(endpoint.shift.fraction)?.size ?? { n: 0n, d: 1n };
  return pairs(before?.result.endpoints ?? [], after?.result.endpoints ?? [], keyOf)
    .map((pair) => {
      const { share: _, ...ref } = (pair.after ?? pair.before) as EndpointShare;
      return { ...ref, ...shifted(pair.before?.share, pair.after?.share) };
    })
    .sort((a, b) => compare(size(b), size(a)));
}

function reached(
  endpoints: readonly Readonly<Record<'before' | 'after', { readonly fraction: string }>>[],
  side: 'before' | 'after',
): number {
  return endpoints.filter((one) => one[side].fraction !== '0').length;
}

/** The load of a door with its most loaded pods alone. */
export function shortLoad(load: ServiceProbability['load']): ServiceProbability['load'] {
  const pods = fieldsOfLoad(load)?.pods;
  if (pods === undefined || pods.length <= MAX_ENDPOINTS) return load;
  const hottest = [...pods].sort((a, b) => b.share - a.share).slice(0, MAX_ENDPOINTS);
  return { ...load, pods: hottest, omittedPods: pods.length - MAX_ENDPOINTS };
}

/** One door of which at least one side is there. */
export function compareDoor(
  before: SideDoor | undefined,
  after: SideDoor | undefined,
  sides: { readonly before: Side; readonly after: Side },
): CheckedDoor {
  const one = (after ?? before) as SideDoor;
  const { service, via, family } = one.door;
  const endpoints = endpointsOf(before, after);
  const verdicts = shiftedVerdicts(before?.result.verdicts ?? [], after?.result.verdicts ?? []);
  const destination = bothOf(before?.result.destination, after?.result.destination) ?? {};
  const kept = bothOf(text(before && keptShare(before.door)), text(after && keptShare(after.door)));
  const crossZone = bothOf(before?.result.crossZone, after?.result.crossZone);
  const imbalance = bothOf(before?.result.imbalance, after?.result.imbalance);
  const delivered = (before?.result.endpoints ?? []).map(({ share, ...endpoint }) => ({ endpoint, share }));
  const { fate } = policyCuts(sides.before, sides.after, before?.result.verdicts ?? [], after?.result.verdicts ?? []);
  const later = (after?.result.endpoints ?? []).map(({ share, ...endpoint }) => ({ endpoint, share }));
  const established =
    fate === 'OPEN'
      ? OPEN_SHARES
      : establishedShares(
          delivered,
          sides.before.cluster,
          sides.after.cluster,
          flowFates(sides.before, sides.after, service, family),
          fate === 'CUT' ? later : undefined,
        );
  const moved =
    [...endpoints, ...verdicts].some(isShifted) ||
    (before !== undefined && after !== undefined && !sameDestination(before.door, after.door)) ||
    kept?.before !== kept?.after ||
    established.lostEndpoints.length > 0;
  return {
    service: service as ServiceRef,
    // The doors of a check are ways to a Service, never a bare address.
    via: via as Via,
    family,
    clients: one.clients,
    change:
      before === undefined
        ? 'ADDED'
        : after === undefined
          ? 'REMOVED'
          : moved
            ? 'CHANGED'
            : holdsUnknownShare(verdicts)
              ? 'UNKNOWN'
              : 'SAME',
    destination,
    verdicts,
    endpoints: endpoints.slice(0, MAX_ENDPOINTS),
    ...(endpoints.length > MAX_ENDPOINTS ? { omittedEndpoints: endpoints.length - MAX_ENDPOINTS } : {}),
    endpointCounts: { before: reached(endpoints, 'before'), after: reached(endpoints, 'after') },
    ...named('sourceAddressKept', kept),
    ...named('crossZone', crossZone),
    ...named('imbalance', imbalance),
    ...named('load', bothOf(shortLoad(before?.result.load), shortLoad(after?.result.load))),
    established,
  };
}
