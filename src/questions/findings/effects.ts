/**
 * Which findings are effects of others: a Service whose selector matches nothing has no endpoints, so its connections
 * are refused.
 */
import type { Finding } from '../../contract/answers.js';
import type { FindingCode } from './codes.js';

/** What becomes of connections to a Service that lost its endpoints. */
const LOST: readonly FindingCode[] = [
  'DELIVERED_BEFORE_REJECTED_NOW',
  'DELIVERED_BEFORE_DROPPED_NOW',
  'DELIVERED_BEFORE_UNREACHABLE_NOW',
  'TRAFFIC_REJECTED',
  'TRAFFIC_DROPPED',
  'TRAFFIC_UNREACHABLE',
  'CONNECTIONS_LOST',
  'BACKENDS_CHANGED',
  'LOST_UNTIL_CONVERGED',
];
const WITHOUT_ENDPOINTS: readonly FindingCode[] = ['SERVICE_WITHOUT_ENDPOINTS', ...LOST];

/** Causes, the deepest first, and what they explain of the same Service. */
const EXPLAINS: readonly (readonly [FindingCode, readonly FindingCode[]])[] = [
  ['SERVICE_DELETED', ['DOOR_REMOVED', ...LOST]],
  ['SELECTOR_MATCHES_NO_POD', WITHOUT_ENDPOINTS],
  ['PORT_NAME_WITHOUT_ENDPOINT', WITHOUT_ENDPOINTS],
  ['TARGET_PORT_LOST', WITHOUT_ENDPOINTS],
  ['SERVICE_WITHOUT_ENDPOINTS', LOST],
  ['NETWORK_POLICY_CUTS', ['DELIVERED_BEFORE_DROPPED_NOW', 'DELIVERED_BEFORE_REJECTED_NOW']],
  [
    'LOCAL_POLICY_WITHOUT_ENDPOINTS',
    ['DELIVERED_BEFORE_DROPPED_NOW', 'TRAFFIC_DROPPED', 'BACKENDS_CHANGED', 'LOST_UNTIL_CONVERGED'],
  ],
];

/** Whether two findings can be about one port: what both say of it is the same. */
function samePort(a: Finding, b: Finding): boolean {
  if (a.evidence.service === undefined || a.evidence.service !== b.evidence.service) return false;
  return (['portName', 'port', 'protocol', 'family'] as const).every((field) => {
    const [left, right] = [a.evidence[field], b.evidence[field]];
    return left === undefined || right === undefined || left === right;
  });
}

/** What may be lost only by this cause; a Local policy explains what no local endpoint explains. */
function fits(cause: Finding, effect: Finding): boolean {
  if (cause.code === 'NETWORK_POLICY_CUTS') return effect.evidence.cause === 'NETWORK_POLICY';
  if (cause.code !== 'LOCAL_POLICY_WITHOUT_ENDPOINTS') return true;
  return effect.evidence.cause === undefined || effect.evidence.cause === 'NO_LOCAL_ENDPOINTS';
}

/** The findings, in their order; those that another one explains name its code in `effectOf`. */
export function withEffects(findings: readonly Finding[]): readonly Finding[] {
  const causes = EXPLAINS.flatMap(([code, effects]) =>
    findings.filter((one) => one.code === code).map((cause) => ({ cause, effects })),
  );
  if (causes.length === 0) return findings;
  return findings.map((finding) => {
    const found = causes.find(
      ({ cause, effects }) =>
        effects.includes(finding.code) && cause !== finding && samePort(cause, finding) && fits(cause, finding),
    );
    return found === undefined ? finding : { ...finding, effectOf: found.cause.code };
  });
}

/** A cause with what follows from it, or a finding that is alone. */
export interface FindingGroup {
  readonly cause: Finding;
  readonly effects: readonly Finding[];
  /** The gravest of them all. */
  readonly severity: Finding['severity'];
}

const RANK: Readonly<Record<Finding['severity'], number>> = { ERROR: 0, WARNING: 1, INFO: 2 };

/**
 * Findings by cause, the most severe group first, otherwise in their order. Of findings that say the same in the same
 * words, as of several clients that are not modelled, one is kept.
 */
export function groupedFindings(all: readonly Finding[]): readonly FindingGroup[] {
  const said = new Map(all.map((one) => [JSON.stringify([one.code, one.severity, one.message]), one]));
  const findings = [...said.values()];
  const groups = findings
    .filter(({ effectOf }) => effectOf === undefined)
    .map((cause) => ({ cause, effects: [] as Finding[], severity: cause.severity }));
  for (const finding of findings) {
    const { effectOf } = finding;
    if (effectOf === undefined) continue;
    const group =
      groups.find(({ cause, effects }) =>
        [cause, ...effects].some((one) => one.code === effectOf && samePort(one, finding)),
      ) ?? groups.find(({ cause }) => cause.evidence.service === finding.evidence.service);
    if (group === undefined) {
      groups.push({ cause: finding, effects: [], severity: finding.severity });
      continue;
    }
    group.effects.push(finding);
    if (RANK[finding.severity] < RANK[group.severity]) group.severity = finding.severity;
  }
  return groups.sort((a, b) => RANK[a.severity] - RANK[b.severity]);
}

/** Groups whose causes are one kind of finding, of many Services or doors: the first stands for them. */
export interface AlikeGroups {
  readonly first: FindingGroup;
  readonly others: readonly FindingGroup[];
}

/** Groups of one code and severity taken together, in the order of their first. */
export function alikeFindings(groups: readonly FindingGroup[]): readonly AlikeGroups[] {
  const kinds = new Map<string, { readonly first: FindingGroup; readonly others: FindingGroup[] }>();
  for (const group of groups) {
    const key = `${group.severity} ${group.cause.code}`;
    const kind = kinds.get(key);
    if (kind === undefined) kinds.set(key, { first: group, others: [] });
    else kind.others.push(group);
  }
  return [...kinds.values()];
}
