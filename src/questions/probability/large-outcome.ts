/** Shares of a Service port with more endpoints than are walked one by one, and than an answer lists. */
import { QuestionError } from '../../base/errors.js';
import {
  compare,
  divide,
  formatFraction,
  fraction,
  isZero,
  multiply,
  sum,
  toNumber,
  ZERO,
} from '../../base/fraction.js';
import type { ProbabilityQuestion } from '../../contract/requests.js';
import { resolveDestination } from '../../path/destinations.js';
import { Fabric, type FabricOptions } from '../../path/fabric.js';
import { type Journey, weighted } from '../../path/trail.js';
import { clientGroups } from '../../probability/client-groups.js';
import { receiverShares, type Share, ShareSum } from '../../probability/distribution.js';
import { probability } from '../chances.js';
import { bundledEndpoints, LARGE_LIMITS, type LargeLimits, LargePort } from '../large-ports/large-port.js';
import { clientJourneysOf } from '../path/answer-path.js';
import { receiverRef } from '../path/trace.js';
import type { ServiceTargeted } from './asked-ports.js';
import { type PortOutcome, placedOutcome } from './port-outcome.js';
import { doorClients, type Walked } from './walked-clients.js';

/**
 * Whether a destination may have more endpoints than are walked one by one, so that its shares are worked out here.
 * `count`: how many its Service has (`endpointCount`).
 */
export function isLargeTarget(
  { target }: ServiceTargeted,
  count: number,
  { walked }: Pick<LargeLimits, 'walked'>,
): boolean {
  const { via, service } = target;
  return count > walked && (via === 'CLUSTER_IP' || via === 'DNS') && service.spec?.clusterIP !== 'None';
}

/** Refuses the load of pods that are not listed. */
export function refuseLoad({ target: { key } }: ServiceTargeted): never {
  const detail =
    `Service ${key} has more than ${LARGE_LIMITS.walked} endpoints: ` + 'the load of each is worked out for no more.';
  throw new QuestionError('ANSWER_TOO_LARGE', detail, [{ pointer: '/probability/traffic', in: 'request', detail }]);
}

/**
 * What connections to a port that {@link isLargeTarget} come to; undefined where it has not so many after all. Throws
 * QuestionError ANSWER_TOO_LARGE where something beside their places tells its endpoints apart.
 */
export function largeOutcome(
  plain: Fabric,
  options: FabricOptions,
  question: ProbabilityQuestion,
  destination: ServiceTargeted,
  { walked, listed }: LargeLimits,
): (PortOutcome & Pick<Walked, 'groups' | 'clients' | 'journeys'>) | undefined {
  const { cluster } = plain;
  const { settings, family, places } = plain;
  const scout = new Fabric(cluster, settings, family, { ...options, places, expectsUpTo: walked });
  const { groups, description } = clientGroups(scout, question.clients, destination);
  const [any] = groups;
  const [only, ...others] = any === undefined ? [] : resolveDestination(plain, destination, any.client).targets;
  if (only === undefined || others.length > 0) return undefined;
  const large = LargePort.find(plain, {
    options,
    clients: groups,
    target: only.target,
    shown: { walked: 0, listed, ofNodes: false },
    pointer: '/probability/services',
    walked,
  });
  if (large === undefined) return undefined;
  const { fabric } = large;
  const clientJourneys = groups.map((group) => ({
    ...group,
    journeys: weighted(large.settle(clientJourneysOf(fabric, group.client, destination)), group.weight),
  }));
  for (const one of [scout, fabric]) plain.assumptions.addAll(one.assumptions.all());
  const journeys = clientJourneys.flatMap((group) => group.journeys);
  const from = doorClients(clientJourneys);
  return {
    shares: placedOutcome(cluster, journeys, from, endpointsOf(fabric, journeys, large)),
    from,
    groups,
    clients: description,
    journeys,
  };
}

/** The endpoints that the answer lists, what the others get, and the parts of nodes and zones. */
function endpointsOf(
  fabric: Fabric,
  journeys: readonly Journey[],
  large: LargePort,
): Parameters<typeof placedOutcome>[3] {
  const wanted = new Set(
    large.listed.map((place) => large.endpoints[place]).map((one) => `${one?.address} ${one?.port}`),
  );
  const followed = receiverShares(journeys).map(({ receiver, share }) => ({
    ref: receiverRef(fabric, receiver),
    share,
  }));
  const listed = followed.filter(({ ref }) => wanted.has(`${ref.address} ${ref.port}`));
  const bundles = journeys.flatMap(({ bundle, receiver, verdict, chance }) =>
    bundle === undefined || receiver === undefined || verdict !== 'DELIVERED'
      ? []
      : [{ ref: receiverRef(fabric, receiver), share: chance as Share }],
  );
  const rest = new ShareSum();
  const unlisted = followed.filter((one) => !listed.includes(one));
  for (const { share } of [...unlisted, ...bundles]) rest.add(share);
  const reached = followed.length + bundledEndpoints(journeys);
  const top = followed.reduce((known, { share }) => (compare(share.nominal, known) > 0 ? share.nominal : known), ZERO);
  const delivered = sum([...followed, ...bundles].map(({ share }) => share.nominal));
  const factor = isZero(delivered) ? undefined : divide(top, multiply(delivered, fraction(1, reached)));
  return {
    listed,
    placed: [...followed, ...bundles],
    ...(reached === listed.length
      ? {}
      : { omitted: { endpoints: reached - listed.length, share: probability(rest.share) } }),
    ...(factor === undefined ? {} : { imbalance: { fraction: formatFraction(factor), value: toNumber(factor) } }),
  };
}
