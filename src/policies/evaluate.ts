/** What the policies of a cluster say of a connection in one direction, and who decided. */
import { remember } from '../base/remember.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Pod } from '../cluster/objects.js';
import { actionOf, matchesAdminRule, type Tier } from './admin-policy.js';
import type { Direction, Flow } from './flow.js';
import { matchesRule, type PodPolicy } from './network-policy.js';
import type { Subject } from './policy-set.js';
import { type AdminApis, ALL_APIS, policySetOf } from './policy-set.js';
import type { Mismatch } from './rule.js';

/** Who had the last word. */
export type DecidingTier = 'NONE' | 'SELF' | 'NODE' | 'ADMIN' | 'NETWORK_POLICY' | 'BASELINE' | 'DEFAULT';

/** A rule of a NetworkPolicy. */
export interface RuleRef {
  readonly kind: string;
  /** `namespace/name`, or the name alone of a policy of the whole cluster. */
  readonly policy: string;
  /** Its place in the list of rules. */
  readonly rule: number;
  /** JSON Pointer into the policy. */
  readonly pointer: string;
}

/** A rule that does not match, and the first reason why not. */
export interface Refusal extends RuleRef {
  readonly reason: Mismatch;
}

export interface Decision {
  readonly verdict: 'ALLOW' | 'DENY' | 'UNKNOWN';
  readonly tier: DecidingTier;
  /** The NetworkPolicies that isolate the pod in this direction. */
  readonly isolatedBy: readonly string[];
  /** Every rule of them that lets the connection through. */
  readonly allowedBy: readonly RuleRef[];
  /** The rule of an administrator's policy that decided. */
  readonly decidedBy?: RuleRef;
  /** The rule of an administrator's policy that handed on. */
  readonly passedBy?: RuleRef;
  /** For a denial: each rule, and the first reason why it does not match. */
  readonly refusals: readonly Refusal[];
  /** What would have to be known. */
  readonly unknown?: string;
}

const plain = { isolatedBy: [], allowedBy: [], refusals: [] } as const;
const listName = (direction: Direction) => (direction === 'INGRESS' ? 'ingress' : 'egress');

function ruleRef(kind: string, policy: string, direction: Direction, rule: number): RuleRef {
  return { kind, policy, rule, pointer: `/spec/${listName(direction)}/${rule}` };
}

type RefusalsOfRules = Readonly<Record<Direction, Partial<Record<Mismatch, Refusal>>[]>>;

const knownRefusals = new WeakMap<PodPolicy, RefusalsOfRules>();

/** The same object for the same rule and reason: of denials there may be very many. */
function refusalOf(policy: PodPolicy, direction: Direction, rule: number, reason: Mismatch): Refusal {
  const rules = remember(knownRefusals, policy, (): RefusalsOfRules => ({ INGRESS: [], EGRESS: [] }))[direction];
  rules[rule] ??= {};
  const known = rules[rule];
  known[reason] ??= { ...ruleRef('NetworkPolicy', policy.key, direction, rule), reason };
  return known[reason];
}

interface Found {
  readonly action: 'ALLOW' | 'DENY' | 'PASS' | 'UNKNOWN';
  readonly ref: RuleRef;
}

/** The first rule of a tier that matches. */
function firstMatch(
  cluster: Cluster,
  subjects: readonly Subject[],
  tier: Tier,
  direction: Direction,
  flow: Flow,
): Found | undefined {
  for (const { policy, isSure } of subjects) {
    if (policy.tier !== tier) continue;
    for (const [index, rule] of policy.rules[direction].entries()) {
      const verdict = matchesAdminRule(cluster, direction, rule, flow);
      if (verdict !== undefined && verdict !== 'UNKNOWN') continue;
      const { kind, metadata } = policy.resource;
      const ref = ruleRef(kind, metadata.name, direction, index);
      const action = actionOf(rule);
      if (verdict === 'UNKNOWN' || !isSure || action === undefined) return { action: 'UNKNOWN', ref };
      return { action, ref };
    }
  }
  return undefined;
}

function unknownBy({ kind, policy, pointer }: RuleRef): string {
  return `labels of a namespace that the snapshot does not hold would decide whether ${pointer} of ${kind} ${policy} matches`;
}

/**
 * What the policies at one end say: at the source pod of its egress, at the destination pod of its ingress. `pod` is that
 * pod; undefined for an end that is not a pod. An administrator's policy decides first, then NetworkPolicies, then the baseline.
 */
export function decide(
  cluster: Cluster,
  direction: Direction,
  flow: Flow,
  pod: Pod | undefined,
  apis: AdminApis = ALL_APIS,
): Decision {
  if (pod === undefined) return { ...plain, verdict: 'ALLOW', tier: 'NONE' };
  if (flow.source.pod !== undefined && flow.source.pod === flow.destination.pod) {
    const denied =
      flow.isHairpin === true && apis.cnp ? deniedToItself(cluster, direction, flow, pod, apis) : undefined;
    return denied ?? { ...plain, verdict: 'ALLOW', tier: 'SELF' };
  }
  const set = policySetOf(cluster, apis);
  if (set.isEmpty) return { ...plain, verdict: 'ALLOW', tier: 'DEFAULT' };
  const subjects = set.subjects(pod);
  const { policies: selecting, names: isolatedBy } = set.isolating(pod, direction);
  const admin = firstMatch(cluster, subjects, 'ADMIN', direction, flow);
  if (admin?.action === 'UNKNOWN') {
    return { ...plain, verdict: 'UNKNOWN', tier: 'ADMIN', isolatedBy, unknown: unknownBy(admin.ref) };
  }
  if (admin !== undefined && admin.action !== 'PASS') {
    return { ...plain, verdict: admin.action, tier: 'ADMIN', isolatedBy, decidedBy: admin.ref };
  }
  const passed = admin === undefined ? {} : { passedBy: admin.ref };
  if (direction === 'INGRESS' && fromOwnNode(flow, pod) && selecting.length > 0) {
    return { ...plain, ...passed, verdict: 'ALLOW', tier: 'NODE', isolatedBy };
  }
  if (selecting.length > 0) {
    const allowedBy: RuleRef[] = [];
    const refusals: Refusal[] = [];
    let open: RuleRef | undefined;
    for (const policy of selecting) {
      for (const [index, rule] of policy.rules[direction].entries()) {
        const verdict = matchesRule(cluster, policy, direction, rule, flow);
        if (verdict === undefined) allowedBy.push(ruleRef('NetworkPolicy', policy.key, direction, index));
        else if (verdict === 'UNKNOWN') open ??= ruleRef('NetworkPolicy', policy.key, direction, index);
        else if (allowedBy.length === 0) refusals.push(refusalOf(policy, direction, index, verdict));
      }
    }
    const known = { tier: 'NETWORK_POLICY', isolatedBy, allowedBy, ...passed } as const;
    if (allowedBy.length > 0) return { ...known, verdict: 'ALLOW', refusals: [] };
    if (open !== undefined) return { ...known, verdict: 'UNKNOWN', refusals, unknown: unknownBy(open) };
    return { ...known, verdict: 'DENY', refusals };
  }
  const baseline = firstMatch(cluster, subjects, 'BASELINE', direction, flow);
  if (baseline === undefined || baseline.action === 'PASS') {
    return { ...plain, ...passed, verdict: 'ALLOW', tier: 'DEFAULT' };
  }
  if (baseline.action === 'UNKNOWN') {
    return { ...plain, ...passed, verdict: 'UNKNOWN', tier: 'BASELINE', unknown: unknownBy(baseline.ref) };
  }
  return { ...plain, ...passed, verdict: baseline.action, tier: 'BASELINE', decidedBy: baseline.ref };
}

/**
 * What ClusterNetworkPolicies say of a pod that reaches itself through a Service: unlike other policies they are about that too
 * (network-policy-api, api-overview). Undefined where they do not deny it.
 */
function deniedToItself(
  cluster: Cluster,
  direction: Direction,
  flow: Flow,
  pod: Pod,
  apis: AdminApis,
): Decision | undefined {
  const subjects = policySetOf(cluster, apis)
    .subjects(pod)
    .filter(({ policy: { resource } }) => resource.kind === 'ClusterNetworkPolicy');
  for (const tier of ['ADMIN', 'BASELINE'] as const) {
    const found = firstMatch(cluster, subjects, tier, direction, flow);
    if (found === undefined || found.action === 'PASS') continue;
    if (found.action === 'ALLOW') return undefined;
    const head = { ...plain, tier } as const;
    return found.action === 'UNKNOWN'
      ? { ...head, verdict: 'UNKNOWN', unknown: unknownBy(found.ref) }
      : { ...head, verdict: 'DENY', decidedBy: found.ref };
  }
  return undefined;
}

function fromOwnNode({ source }: Flow, pod: Pod): boolean {
  return source.node !== undefined && source.node.metadata.name === pod.spec?.nodeName;
}
