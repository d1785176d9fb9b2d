/** What is to be said of one point of a sweep, from its numbers. */

import { compare, type Fraction, parseFraction } from '../../base/fraction.js';
import type { Unplaced } from '../../changes/scale-points.js';
import type { ExactShare, Finding, SweptShares } from '../../contract/answers.js';
import type { FindingCode } from '../findings/codes.js';
import { doorEvidence, finding, portText } from '../findings/finding.js';
import { findingsOfLoad } from '../findings/load.js';
import { notPlaced } from '../findings/unplaced.js';
import type { Thresholds } from '../findings/wanted.js';
import type { ServiceHead } from '../probability/walked-clients.js';

const MASSES = [
  ['dropped', 'TRAFFIC_DROPPED', 'droppedShare', 'are dropped'],
  ['rejected', 'TRAFFIC_REJECTED', 'rejectedShare', 'are refused'],
  ['unreachable', 'TRAFFIC_UNREACHABLE', 'unreachableShare', 'reach nobody'],
  ['unknown', 'TRAFFIC_UNKNOWN', 'unknownShare', 'leave the model'],
] as const satisfies readonly (readonly [keyof SweptShares, FindingCode, keyof Thresholds, string])[];

function exceeds(share: ExactShare | undefined, threshold: Fraction): share is ExactShare {
  const exact = share === undefined ? undefined : parseFraction(share.fraction);
  return exact !== undefined && compare(exact, threshold) > 0;
}

function text({ n, d }: Fraction): string {
  return d === 1n ? `${n}` : `${n}/${d}`;
}

function ofService(head: ServiceHead, shares: SweptShares, thresholds: Thresholds): readonly Finding[] {
  const about = doorEvidence(head);
  const name = `${portText(head.service)} via ${head.via} (${head.clients})`;
  const found: Finding[] = [];
  for (const [mass, code, threshold, words] of MASSES) {
    const share = shares[mass];
    if (!exceeds(share, thresholds[threshold])) continue;
    const message = `${share.fraction === '1' ? 'All' : share.fraction} new connections to ${name} ${words}.`;
    found.push(finding(code, message, { ...about, share: share.fraction, threshold: text(thresholds[threshold]) }));
  }
  const { imbalance, largest, even } = shares;
  if (exceeds(imbalance, thresholds.imbalance)) {
    const message =
      `${largest?.endpoints} endpoints of ${name} get ${imbalance.fraction} times the even share ` +
      `${even?.fraction}.`;
    const evidence = { factor: imbalance.fraction, threshold: text(thresholds.imbalance), evenShare: even?.fraction };
    found.push(finding('IMBALANCE', message, { ...about, ...evidence }));
  }
  return [...found, ...findingsOfLoad(head, shares.endpoints, shares.load)];
}

/** The findings of a point: what is lost, what is uneven, and pods without a place. */
export function pointFindings(
  heads: readonly ServiceHead[],
  services: readonly SweptShares[],
  unplaced: Unplaced,
  thresholds: Thresholds,
): readonly Finding[] {
  const found = services.flatMap((shares, index) => ofService(heads[index] as ServiceHead, shares, thresholds));
  if (unplaced.pods === 0) return found;
  const reasons = unplaced.reasons.map(({ why }) => why);
  return [...found, notPlaced('At this number of replicas', unplaced.pods, reasons, {})];
}
