/** What connections to a Service port come to: all of its answer that their ways decide. */

import type { Cluster } from '../../cluster/cluster.js';
import type { EndpointRef, EndpointShare, PathVerdict, ServiceProbability } from '../../contract/answers.js';
import type { Fabric } from '../../path/fabric.js';
import type { Journey } from '../../path/trail.js';
import { type Share, ShareSum, sharesBy } from '../../probability/distribution.js';
import { probability } from '../chances.js';
import type { DoorClient } from '../findings/door.js';
import type { ZoneShares } from '../findings/zones.js';
import type { Prepared } from '../prepare.js';
import { basisOfAll } from '../share-basis.js';
import { describeAffinity } from './affinity-answer.js';
import type { ServiceTargeted } from './asked-ports.js';
import { crossings } from './crossings.js';
import { reachedEndpoints } from './endpoint-shares.js';
import { verdictShares } from './verdict-shares.js';
import { doorClients, type Walked } from './walked-clients.js';

const VERDICTS = ['DELIVERED', 'DROPPED', 'REJECTED', 'UNREACHABLE', 'UNKNOWN'] as const;

type Masses = Pick<ServiceProbability, 'delivered' | 'dropped' | 'rejected' | 'unreachable' | 'unknown'>;

export interface PortOutcome {
  /** In the order in which answers have them. */
  readonly shares: Pick<
    ServiceProbability,
    | 'basis'
    | 'endpoints'
    | 'omitted'
    | 'nodes'
    | 'zones'
    | 'verdicts'
    | 'secondHop'
    | 'crossZone'
    | 'imbalance'
    | 'affinity'
  > &
    Masses;
  readonly from: readonly DoorClient[];
  /** What leaves the zone, where that is known without looking at each of `from`. */
  readonly zoneShares?: ZoneShares | undefined;
}

/** The share of journeys that end this way. */
export function mass(journeys: readonly Journey[], verdict: PathVerdict): Share {
  const sum = new ShareSum();
  for (const journey of journeys) if (journey.verdict === verdict) sum.add(journey.chance);
  return sum.share;
}

function massesOf(journeys: readonly Journey[]): Masses {
  return Object.fromEntries(
    VERDICTS.map((verdict) => [verdict.toLowerCase(), probability(mass(journeys, verdict))]),
  ) as Masses;
}

/** Compares names as answers are sorted. */
export function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

interface Placed {
  readonly ref: Pick<EndpointShare, 'node' | 'zone'>;
  readonly share: Share;
}

function sharesByPlace(endpoints: readonly Placed[], place: 'node' | 'zone'): readonly [string, Share][] {
  const shares = sharesBy(
    endpoints,
    ({ ref }) => ref[place] ?? '',
    ({ share }) => share,
  );
  return [...shares].sort(byName);
}

/** What walked clients come to. */
export function walkedOutcome(
  prepared: Prepared,
  fabric: Fabric,
  destination: ServiceTargeted,
  { journeys, clientJourneys, groups }: Walked,
): PortOutcome {
  const from = doorClients(clientJourneys);
  const { receivers, endpoints, imbalance } = reachedEndpoints(fabric, journeys);
  const affinity = groups.length === 0 ? undefined : describeAffinity(fabric, destination, clientJourneys, receivers);
  const reached = { listed: endpoints, placed: endpoints, ...(imbalance === undefined ? {} : { imbalance }) };
  const shares = placedOutcome(prepared.cluster, journeys, from, reached);
  return { shares: affinity === undefined ? shares : { ...shares, affinity }, from };
}

/** Who is reached. */
interface ReachedPlaces extends Pick<ServiceProbability, 'omitted' | 'imbalance'> {
  /** The endpoints that the answer lists. */
  readonly listed: readonly { readonly ref: EndpointRef; readonly share: Share }[];
  /** All of them, with where they are; several of one node may be one. */
  readonly placed: readonly Placed[];
}

/** What journeys come to. */
export function placedOutcome(
  cluster: Cluster,
  journeys: readonly Journey[],
  from: readonly DoorClient[],
  { listed, placed, omitted, imbalance }: ReachedPlaces,
): PortOutcome['shares'] {
  const basis = basisOfAll(journeys.map(({ chance }) => chance));
  return {
    ...(basis === undefined ? {} : { basis }),
    endpoints: listed.map(({ ref, share }) => ({ ...ref, share: probability(share) })),
    ...(omitted === undefined ? {} : { omitted }),
    nodes: sharesByPlace(placed, 'node').map(([node, share]) => ({ node, share: probability(share) })),
    zones: sharesByPlace(placed, 'zone').map(([zone, share]) => ({ zone, share: probability(share) })),
    ...massesOf(journeys),
    verdicts: verdictShares(journeys),
    ...crossings(cluster, from),
    ...(imbalance === undefined ? {} : { imbalance }),
  };
}
