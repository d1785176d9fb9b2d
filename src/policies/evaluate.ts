/** What the policies of a cluster say of a connection in one direction, and who decided. */
import { remember } from '../base/remember.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Pod } from '../cluster/objects.js';
import { actionOf, matchesAdminRule, type Tier } from './admin-policy.js';
import type { Direction, Flow } from './flow.js';
import type { PodPolicy } from './network-policy.js';
import { openRule } from './open-rules.js';
import { type AdminApis, ALL_APIS, policySetOf, type Subject } from './policy-set.js';
import type { Mismatch } from './rule.js';
import type { RuleIndex } from './rule-index.js';

/** Who had the last word. */
type DecidingTier = 'NONE' | 'SELF' | 'NODE' | 'ADMIN' | 'NETWORK_POLICY' | 'BASELINE' | 'DEFAULT';

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
interface Refusal extends RuleRef {
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
  /** The first of the rules that came nearest to matching. */
  readonly nearest?: Refusal | undefined;
  /** What would have to be known. */
  readonly unknown?: string;
}

/** How near a rule came to matching, the nearest first. */
const NEAREST: readonly Mismatch[] = ['PORT', 'PROTOCOL', 'PEER', 'NAMESPACE', 'FAMILY'];

const plain = { isolatedBy: [], allowedBy: [], refusals: [] } as const;
const OF_NO_POD: Decision = { ...plain, verdict: 'ALLOW', tier: 'NONE' };
const BY_DEFAULT: Decision = { ...plain, verdict: 'ALLOW', tier: 'DEFAULT' };
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
  /** What would have to be known, where it is not sure. */
  readonly unknown: string;
  /** Whether it matches whatever labels the snapshot does not hold. */
  readonly isSure: boolean;
}

/**
 * What the NetworkPolicies that isolate a pod say. Who allows, and why each rule refuses, is looked up when it is read:
 * of a table of all workloads only verdicts are.
 */
function byNetworkPolicies(cluster: Cluster, direction: Direction, rules: RuleIndex, flow: Flow, own: Head): Decision {
  let isAllowed = false;
  let open: RuleRef | undefined;
  rules.eachThatMayMatch(cluster, flow, (policy, rule, verdict) => {
    if (verdict === undefined) isAllowed = true;
    else if (verdict === 'UNKNOWN') open ??= ruleRef('NetworkPolicy', policy.key, direction, rule);
    return isAllowed;
  });
  const asked = { cluster, direction, rules, flow };
  return isAllowed ? new AllowedByRules(asked, own) : new DeniedByRules(asked, own, open);
}

/** What rules were asked about. */
interface AskedRules {
  readonly cluster: Cluster;
  readonly direction: Direction;
  readonly rules: RuleIndex;
  readonly flow: Flow;
}

type Head = Pick<Decision, 'tier' | 'isolatedBy' | 'passedBy'>;

class AllowedByRules implements Decision {
  readonly verdict = 'ALLOW';
  readonly tier: DecidingTier;
  readonly isolatedBy: readonly string[];
  readonly passedBy?: RuleRef;
  readonly refusals = [];
  readonly #asked: AskedRules;

  constructor(asked: AskedRules, { tier, isolatedBy, passedBy }: Head) {
    this.#asked = asked;
    this.tier = tier;
    this.isolatedBy = isolatedBy;
    if (passedBy !== undefined) this.passedBy = passedBy;
  }

  get allowedBy(): readonly RuleRef[] {
    const { cluster, direction, rules, flow } = this.#asked;
    const found: RuleRef[] = [];
    rules.eachThatMayMatch(cluster, flow, (policy, rule, verdict) => {
      if (verdict === undefined) found.push(ruleRef('NetworkPolicy', policy.key, direction, rule));
      return false;
    });
    return found;
  }
}

/** No rule surely matches; UNKNOWN where something that is not known would decide. */
class DeniedByRules implements Decision {
  readonly verdict: 'DENY' | 'UNKNOWN';
  readonly tier: DecidingTier;
  readonly isolatedBy: readonly string[];
  readonly passedBy?: RuleRef;
  readonly allowedBy = [];
  readonly unknown?: string;
  readonly #asked: AskedRules;
  #nearest: Refusal | undefined;

  constructor(asked: AskedRules, { tier, isolatedBy, passedBy }: Head, open: RuleRef | undefined) {
    this.#asked = asked;
    this.verdict = open === undefined ? 'DENY' : 'UNKNOWN';
    this.tier = tier;
    this.isolatedBy = isolatedBy;
    if (passedBy !== undefined) this.passedBy = passedBy;
    if (open !== undefined) this.unknown = openRule(open);
  }

  get nearest(): Refusal | undefined {
    const { cluster, direction, rules, flow } = this.#asked;
    // Kept: pods that are alike share a denial, and the sentence about each of them reads it.
    this.#nearest ??= nearestOf(cluster, direction, rules, flow);
    return this.#nearest;
  }

  get refusals(): readonly Refusal[] {
    const { cluster, direction, rules, flow } = this.#asked;
    const found: Refusal[] = [];
    rules.each(cluster, flow, (policy, rule, verdict) => {
      if (verdict !== undefined && verdict !== 'UNKNOWN') found.push(refusalOf(policy, direction, rule, verdict));
      return false;
    });
    return found;
  }
}

/** The first of the rules that came nearest to matching, of those that do not. */
function nearestOf(cluster: Cluster, direction: Direction, rules: RuleIndex, flow: Flow): Refusal | undefined {
  let nearest: Refusal | undefined;
  let rank = NEAREST.length;
  rules.each(cluster, flow, (policy, rule, verdict) => {
    if (verdict === undefined || verdict === 'UNKNOWN') return false;
    const own = NEAREST.indexOf(verdict);
    if (own < rank) {
      rank = own;
      nearest = refusalOf(policy, direction, rule, verdict);
    }
    return rank === 0;
  });
  return nearest;
}

/**
 * The rules of a tier that may be the first to match, in order: those of which labels that are not known decide, and
 * last the first one that surely matches, if any.
 */
function firstMatches(
  cluster: Cluster,
  subjects: readonly Subject[],
  tier: Tier,
  direction: Direction,
  flow: Flow,
): readonly Found[] {
  const found: Found[] = [];
  for (const { policy, isSure } of subjects) {
    if (policy.tier !== tier) continue;
    for (const [index, rule] of policy.rules[direction].entries()) {
      const verdict = matchesAdminRule(cluster, direction, rule, flow);
      if (verdict !== undefined && verdict !== 'UNKNOWN') continue;
      const { kind, metadata } = policy.resource;
      const ref = ruleRef(kind, metadata.name, direction, index);
      const isSureMatch = verdict === undefined && isSure;
      // A subject that is not sure is one of a namespace whose labels are not known.
      const unknown = openRule(ref, verdict === 'UNKNOWN' ? rule : undefined, flow);
      found.push({ action: actionOf(rule) ?? 'UNKNOWN', ref, unknown, isSure: isSureMatch });
      if (isSureMatch) return found;
    }
  }
  return found;
}

/**
 * What the policies at one end say: at the source pod of its egress, at the destination pod of its ingress. `pod` is
 * that pod; undefined for an end that is not a pod. An administrator's policy decides first, then NetworkPolicies, then
 * the baseline.
 */
export function decide(
  cluster: Cluster,
  direction: Direction,
  flow: Flow,
  pod: Pod | undefined,
  apis: AdminApis = ALL_APIS,
): Decision {
  if (pod === undefined) return OF_NO_POD;
  const isItself = flow.source.pod !== undefined && flow.source.pod === flow.destination.pod;
  if (isItself) return toItself(cluster, direction, flow, pod, apis);
  const set = policySetOf(cluster, apis);
  if (set.isEmpty) return BY_DEFAULT;
  const subjects = set.subjects(pod);
  const isolation = set.isolating(pod, direction);
  const { policies: selecting, names: isolatedBy } = isolation;
  const belowAdmin = (passed: Pick<Decision, 'passedBy'> | undefined): Decision => {
    if (direction === 'INGRESS' && fromOwnNode(flow, pod) && selecting.length > 0) {
      return { ...plain, ...passed, verdict: 'ALLOW', tier: 'NODE', isolatedBy };
    }
    if (selecting.length > 0) {
      return byNetworkPolicies(cluster, direction, isolation.rules, flow, {
        tier: 'NETWORK_POLICY',
        isolatedBy,
        ...passed,
      });
    }
    const byDefault = passed === undefined ? BY_DEFAULT : { ...BY_DEFAULT, ...passed };
    if (subjects.length === 0) return byDefault;
    const matches = firstMatches(cluster, subjects, 'BASELINE', direction, flow);
    return byTier(matches, { ...plain, ...passed, tier: 'BASELINE' }, () => byDefault);
  };
  if (subjects.length === 0) return belowAdmin(undefined);
  const matches = firstMatches(cluster, subjects, 'ADMIN', direction, flow);
  return byTier(matches, { ...plain, tier: 'ADMIN', isolatedBy }, (passedBy) =>
    belowAdmin(passedBy === undefined ? undefined : { passedBy }),
  );
}

/**
 * What the rules of a tier that may match decide, `below` what the tiers below it do. Where it is not known which of
 * them matches, that matters only if they do not come to the same.
 */
function byTier(
  matches: readonly Found[],
  own: Omit<Decision, 'verdict'>,
  below: (passedBy?: RuleRef) => Decision,
): Decision {
  const comesTo = ({ action, ref, unknown }: Found): Decision => {
    if (action === 'PASS') return below(ref);
    if (action === 'UNKNOWN') return { ...own, verdict: 'UNKNOWN', unknown };
    return { ...own, verdict: action, decidedBy: ref };
  };
  const last = matches.at(-1);
  const surely = last?.isSure === true ? comesTo(last) : below();
  const unsure = matches.filter(({ isSure }) => !isSure);
  const other = unsure.find((one) => comesTo(one).verdict !== surely.verdict);
  return other === undefined ? surely : { ...own, verdict: 'UNKNOWN', unknown: other.unknown };
}

/**
 * What policies say of a pod that reaches itself. NetworkPolicies let it pass, and where they isolate the pod the
 * baseline does not count. ClusterNetworkPolicies alone are about that, through a Service (network-policy-api,
 * api-overview).
 */
function toItself(cluster: Cluster, direction: Direction, flow: Flow, pod: Pod, apis: AdminApis): Decision {
  const bySelf: Decision = { ...plain, verdict: 'ALLOW', tier: 'SELF' };
  if (flow.isHairpin !== true || !apis.cnp) return bySelf;
  const set = policySetOf(cluster, apis);
  const subjects = set.subjects(pod).filter(({ policy }) => policy.resource.kind === 'ClusterNetworkPolicy');
  const byRules = (tier: Tier, below: () => Decision) =>
    byTier(firstMatches(cluster, subjects, tier, direction, flow), { ...plain, tier }, below);
  const isIsolated = set.isolating(pod, direction).policies.length > 0;
  return byRules('ADMIN', () => (isIsolated ? bySelf : byRules('BASELINE', () => bySelf)));
}

function fromOwnNode({ source }: Flow, pod: Pod): boolean {
  return source.node !== undefined && source.node.metadata.name === pod.spec?.nodeName;
}
