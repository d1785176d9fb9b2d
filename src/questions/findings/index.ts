/**
 * All that can be found, of one state and of what lies between two. A new family is a file of its own and a line here.
 */
import type { Finding } from '../../contract/answers.js';
import { accidentalEndpoints } from './accidents.js';
import { externalIPsTaken, hostPortConflicts, metallbConflicts, metallbLosers } from './address-conflicts.js';
import { affinities, affinityBroken, affinityDifferences } from './affinity-findings.js';
import { imbalanceDifferences, imbalances } from './balance.js';
import {
  backendsChanged,
  balancerChanged,
  balancerImbalance,
  connectionsCrossing,
  firewallClosed,
  firewallOpened,
  healthCheckChanged,
  lostUntilConverged,
  newNodePorts,
  unguardedNodePorts,
} from './balancers.js';
import { addressConflicts } from './claims.js';
import type { FindingCode, Severity } from './codes.js';
import { connectionsLost } from './connections.js';
import { withEffects } from './effects.js';
import { hintDifferences, localWithoutEndpoints, servicesWithoutEndpoints } from './endpoints.js';
import type { DifferenceFinder, StateFinder, View } from './finders.js';
import { finding, keyOf } from './finding.js';
import { ipvsFindings, ipvsModeFindings } from './ipvs-mode.js';
import { commentsChanged } from './large-cluster.js';
import { loadRisks, loads } from './load.js';
import { otherServicesReached } from './other-service.js';
import { dnsForgotten } from './policy-dns.js';
import { policiesNotEnforced } from './policy-enforcement.js';
import { policyObjectFindings } from './policy-objects.js';
import { probesDenied } from './policy-probes.js';
import { rangesMasqueraded } from './policy-ranges.js';
import { proxyModeFindings } from './proxy-mode.js';
import { selectorFindings, servicesDeleted, targetPortsLost } from './selectors.js';
import { sourceAddressDifferences } from './source-address.js';
import { doorsRemoved, lostTraffic, trafficDifferences } from './traffic.js';
import { policiesNotEvaluated } from './unevaluated-policies.js';
import { type FindingsSpec, type Thresholds, wantedFindings } from './wanted.js';
import { crossZone, crossZoneDifferences } from './zones.js';

const STATE: readonly StateFinder[] = [
  addressConflicts,
  servicesWithoutEndpoints,
  localWithoutEndpoints,
  lostTraffic,
  imbalances,
  crossZone,
  affinities,
  unguardedNodePorts,
  policiesNotEvaluated,
  policiesNotEnforced,
  policyObjectFindings,
  dnsForgotten,
  probesDenied,
  rangesMasqueraded,
  selectorFindings,
  externalIPsTaken,
  otherServicesReached,
  metallbConflicts,
  hostPortConflicts,
  accidentalEndpoints,
  ipvsFindings,
  loads,
  loadRisks,
];

const DIFFERENCE: readonly DifferenceFinder[] = [
  trafficDifferences,
  doorsRemoved,
  sourceAddressDifferences,
  hintDifferences,
  crossZoneDifferences,
  imbalanceDifferences,
  affinityDifferences,
  affinityBroken,
  connectionsLost,
  balancerChanged,
  backendsChanged,
  healthCheckChanged,
  lostUntilConverged,
  connectionsCrossing,
  balancerImbalance,
  newNodePorts,
  firewallClosed,
  firewallOpened,
  targetPortsLost,
  servicesDeleted,
  metallbLosers,
  commentsChanged,
  proxyModeFindings,
  ipvsModeFindings,
];

/** The address and Services of a LOAD_BALANCER_ADDRESS_LOST; '' for another finding. */
function addressOfLoss({ code, evidence }: Finding): string {
  return code === 'LOAD_BALANCER_ADDRESS_LOST' ? JSON.stringify([evidence.address, evidence.services]) : '';
}

/** What is to be said of one state of the cluster. */
export function stateFindings(view: View, thresholds: Thresholds): readonly Finding[] {
  const found: Finding[] = [];
  // Most find nothing in a Service that is well.
  for (const find of STATE) {
    const own = find(view, thresholds);
    for (const one of own) found.push(one);
  }
  return found;
}

/**
 * What is to be said of a change: what it does, then what is so after it. Of the latter, what was so before too is
 * reported as INFO, with `before: true`: the change is not to blame for it.
 */
export function differenceFindings(before: View, after: View, thresholds: Thresholds): readonly Finding[] {
  const was = stateFindings(before, thresholds);
  const earlier = new Set(was.map(keyOf));
  const now = stateFindings(after, thresholds).map((found): Finding => {
    // What is left out of account on a side stays a warning: the comparison rests on it.
    if (found.code === 'NETWORK_POLICY_NOT_EVALUATED' || !earlier.has(keyOf(found))) return found;
    return { ...found, severity: 'INFO', evidence: { ...found.evidence, before: true } };
  });
  const later = new Set(now.map(keyOf));
  const gone = was.filter((found) => found.code === 'NETWORK_POLICY_NOT_EVALUATED' && !later.has(keyOf(found)));
  const made = DIFFERENCE.flatMap((find) => find(before, after, thresholds));
  // What a change does and what is so after it may be one thing: it is reported once, as what the change does.
  const lost = new Set(made.filter(({ code }) => code === 'LOAD_BALANCER_ADDRESS_LOST').map(addressOfLoss));
  return [...made, ...now.filter((found) => !lost.has(addressOfLoss(found))), ...gone];
}

/** At most so many findings of one code are reported. */
const MAX_OF_CODE = 100;

const RANK: Readonly<Record<Severity, number>> = { ERROR: 0, WARNING: 1, INFO: 2 };

/** The findings that the request wants, the worst first, otherwise in the order in which they were found. */
export function sortedFindings(findings: readonly Finding[], spec: FindingsSpec | undefined): readonly Finding[] {
  return [...wantedFindings(findings, spec)].sort((a, b) => RANK[a.severity] - RANK[b.severity]);
}

/** The findings as an answer has them: sorted; of one code at most 100, with how many more there are. */
export function shownFindings(findings: readonly Finding[], spec: FindingsSpec | undefined): readonly Finding[] {
  const sorted = withEffects(sortedFindings(findings, spec));
  const counts = new Map<FindingCode, number>();
  const reported = sorted.filter(({ code }) => {
    const count = (counts.get(code) ?? 0) + 1;
    counts.set(code, count);
    return count <= MAX_OF_CODE;
  });
  const more = [...counts].filter(([, count]) => count > MAX_OF_CODE);
  return [
    ...reported,
    ...more.map(([code, count]) =>
      finding('MORE_FINDINGS', `${count} findings are ${code}; ${MAX_OF_CODE} of them are listed.`, {
        code,
        count,
        told: MAX_OF_CODE,
      }),
    ),
  ];
}
