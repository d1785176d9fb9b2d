/** How evenly endpoints share new connections. */
import { joinHostPort } from '../../base/address.js';
import {
  compare,
  divide,
  type Fraction,
  formatFraction,
  fraction,
  isZero,
  ONE,
  sum,
  toDecimal,
} from '../../base/fraction.js';
import { parseSigned } from '../../base/signed-fraction.js';
import type { EndpointShare } from '../../contract/answers.js';
import { exactOf } from '../differences/shifted-shares.js';
import { doorPairs } from './client-pairs.js';
import type { Door } from './door.js';
import type { DifferenceFinder, StateFinder } from './finders.js';
import { doorEvidence, doorText, finding, listed, MAX_LISTED } from './finding.js';

function factorOf({ imbalance }: Door): Fraction | undefined {
  if (imbalance === undefined) return undefined;
  // Mostly none has more than its part.
  return imbalance.fraction === '1' ? ONE : parseSigned(imbalance.fraction)?.size;
}

/** What an endpoint would get if all that are reached got the same. */
function evenShare(endpoints: readonly EndpointShare[]): Fraction {
  return divide(sum(endpoints.map(({ share }) => exactOf(share))), fraction(endpoints.length));
}

function times(factor: Fraction): string {
  return `${toDecimal(factor, 2).replace(/\.?0+$/, '')} times`;
}

/** Endpoints with more than their part. */
export const imbalances: StateFinder = ({ doors }, { imbalance: threshold }) =>
  doors.flatMap((door) => {
    const factor = factorOf(door);
    if (factor === undefined || compare(factor, threshold) <= 0) return [];
    const even = evenShare(door.endpoints);
    const above = isZero(even)
      ? []
      : door.endpoints.filter(({ share }) => compare(divide(exactOf(share), even), threshold) > 0);
    const names = above.map(({ address, port, pod }) => pod ?? joinHostPort(address, port));
    const message =
      `${listed(names)} of ${doorText(door)} ${above.length === 1 ? 'gets' : 'get'} up to ${times(factor)} the ` +
      `even share ${formatFraction(even)}.`;
    return [
      finding('IMBALANCE', message, {
        ...doorEvidence(door),
        factor: formatFraction(factor),
        threshold: formatFraction(threshold),
        evenShare: formatFraction(even),
        endpoints: above.slice(0, MAX_LISTED).map(({ share, ...endpoint }) => ({ ...endpoint, share: share.fraction })),
      }),
    ];
  });

/** Imbalance that a change makes worse, beyond what is put up with. */
export const imbalanceDifferences: DifferenceFinder = (before, after, { imbalance: threshold }) =>
  doorPairs(before.doors, after.doors).flatMap((pair) => {
    const [was, is] = [factorOf(pair.before) ?? ONE, factorOf(pair.after)];
    if (is === undefined || compare(is, was) <= 0 || compare(is, threshold) <= 0) return [];
    const message =
      `The largest share of an endpoint of ${doorText(pair.after)} is ${times(is)} the even share; it was ` +
      `${times(was)}.`;
    return [
      finding('IMBALANCE_GROWN', message, {
        ...doorEvidence(pair.after),
        factor: { before: formatFraction(was), after: formatFraction(is) },
        threshold: formatFraction(threshold),
      }),
    ];
  });
