/** What becomes of established connections that network policies come to deny: plugins keep them or cut them. */
import { compare, type Fraction, sum } from '../../base/fraction.js';
import type { EstablishedShares, VerdictShare } from '../../contract/answers.js';
import { enforcementOf } from '../../policies/enforcer.js';
import { exactOf, totalOf } from './shifted-shares.js';
import type { Side } from './udp-flows.js';

/**
 * `NONE`: policies come to deny nothing, or the plugin keeps what there is. `CUT`: what they come to deny ends, as much
 * as new connections lose. `OPEN`: how much ends is not known.
 */
export interface PolicyCuts {
  readonly fate: 'NONE' | 'CUT' | 'OPEN';
  /** In a sentence; absent where policies come to deny nothing. */
  readonly explanation?: string;
}

/** What is said of a door where it is not known what becomes of its established connections. */
export const OPEN_SHARES: EstablishedShares = { kept: totalOf([]), lost: totalOf([]), lostEndpoints: [] };

const SENTENCES: Readonly<Record<string, string>> = {
  KEPT: 'leaves established connections alone: those that policies come to deny go on until they end.',
  CUT: 'judges every packet: those that policies come to deny are lost, too.',
  UNKNOWN: 'may keep those that policies come to deny or cut them: which, is not documented.',
};

function deniedIn(verdicts: readonly VerdictShare[]): Fraction {
  const denied = verdicts.filter(({ verdict, cause }) => cause === 'NETWORK_POLICY' && verdict !== 'UNKNOWN');
  return sum(denied.map(({ share }) => exactOf(share)));
}

/** What policies do to the established connections of a door, by the verdicts of new ones before and after. */
export function policyCuts(
  before: Side,
  after: Side,
  was: readonly VerdictShare[],
  is: readonly VerdictShare[],
): PolicyCuts {
  if (compare(deniedIn(is), deniedIn(was)) <= 0) return { fate: 'NONE' };
  const { by } = enforcementOf(after.cluster, after.settings.network.policies);
  const established = by?.established ?? 'UNKNOWN';
  const explanation = `${by?.name ?? 'Who enforces the policies is not known, and'} ${SENTENCES[established]}`;
  if (established === 'KEPT') return { fate: 'NONE', explanation };
  // Where endpoints are others, new connections lose and find others for that too.
  const isSame = (['services', 'endpointSlices', 'nodes'] as const).every(
    (kind) => before.cluster[kind] === after.cluster[kind],
  );
  return { fate: established === 'CUT' && isSame ? 'CUT' : 'OPEN', explanation };
}
