/** Established connections that a change ends. */
import { joinHostPort } from '../../base/address.js';
import { compare, formatFraction } from '../../netfilter/fraction.js';
import { establishedShares } from '../differences/established.js';
import { exactOf } from '../differences/shares.js';
import { doorEvidence, doorText, finding, listed, MAX_LISTED } from './finding.js';
import type { DifferenceFinder } from './view.js';

/** Connections whose endpoint's pod or node is gone, taken to be spread as new ones were before the change. */
export const connectionsLost: DifferenceFinder = (before, after, { lostConnections: threshold }) =>
  before.doors.flatMap((door) => {
    const delivered = door.endpoints.map(({ share, ...endpoint }) => ({ endpoint, share }));
    const { lost, lostEndpoints } = establishedShares(delivered, before.cluster, after.cluster);
    if (compare(exactOf(lost), threshold) <= 0) return [];
    const names = lostEndpoints.map(({ address, port, pod }) => pod ?? joinHostPort(address, port));
    const message = `${lost.fraction} of the connections that are established through ${doorText(door)} are lost: those of ${listed(names)}.`;
    return [
      finding('CONNECTIONS_LOST', message, {
        ...doorEvidence(door),
        share: lost.fraction,
        threshold: formatFraction(threshold),
        endpoints: lostEndpoints.slice(0, MAX_LISTED),
      }),
    ];
  });
