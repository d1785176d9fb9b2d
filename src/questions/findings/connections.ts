/** Established connections that a change ends. */
import { joinHostPort } from '../../base/address.js';
import { compare, type Fraction, formatFraction } from '../../base/fraction.js';
import type { EstablishedShares } from '../../contract/answers.js';
import { establishedShares } from '../differences/established.js';
import { exactOf } from '../differences/shifted-shares.js';
import { flowFates } from '../differences/udp-flows.js';
import type { Door } from './door.js';
import type { DifferenceFinder } from './finders.js';
import { doorEvidence, doorText, finding, listed, MAX_LISTED, partOf, portEvidence } from './finding.js';

interface Lost {
  readonly door: Door;
  readonly share: Fraction;
  readonly endpoints: EstablishedShares['lostEndpoints'];
}

/**
 * Connections whose endpoint's pod or node is gone, taken to be spread as new ones were before the change. Of a Service
 * port with several doors the one that loses most is reported: what is lost is the same pods.
 */
export const connectionsLost: DifferenceFinder = (before, after, { lostConnections: threshold }) => {
  const worst = new Map<string, Lost>();
  for (const door of before.doors) {
    const delivered = door.endpoints.map(({ share, ...endpoint }) => ({ endpoint, share }));
    const { lost, lostEndpoints: endpoints } = establishedShares(
      delivered,
      before.cluster,
      after.cluster,
      flowFates(before, after, door.service, door.family),
    );
    const share = exactOf(lost);
    const key = JSON.stringify(door.service === undefined ? door.id : portEvidence(door.service, door.family));
    const known = worst.get(key);
    if (compare(share, threshold) <= 0 || (known !== undefined && compare(known.share, share) >= 0)) continue;
    worst.set(key, { door, share, endpoints });
  }
  return [...worst.values()].map(({ door, share, endpoints }) => {
    const names = endpoints.map(({ address, port, pod }) => pod ?? joinHostPort(address, port));
    const message =
      `${partOf(share)} of the connections that are established through ${doorText(door)} are lost: ` +
      `those of ${listed(names)}.`;
    return finding('CONNECTIONS_LOST', message, {
      ...doorEvidence(door),
      share: formatFraction(share),
      threshold: formatFraction(threshold),
      endpoints: endpoints.slice(0, MAX_LISTED),
    });
  });
};
