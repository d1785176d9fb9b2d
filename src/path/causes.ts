import type { Rule } from '../netfilter/ruleset.js';
import { stepsOf } from '../netfilter/walk/steps.js';
import type { HookOutcome, WalkStep } from '../netfilter/walk/types.js';
import type { Ending } from './trail.js';
import type { Cause } from './verdict.js';

/** The comment of a rule, '' without one. */
export function commentOf(rule: Rule | undefined): string {
  for (const statement of rule?.statements ?? []) if (statement.kind === 'comment') return statement.text;
  return '';
}

/** Whether a Service's firewall let the packet in, so that what came after turned it away. */
function admitted(steps: readonly WalkStep[]): boolean {
  return steps.some(
    ({ action, chain, target = '' }) =>
      action === 'JUMP' && chain.startsWith('KUBE-FW-') && /^KUBE-(?:EXT|XLB|SVC)-/.test(target),
  );
}

/**
 * Why a rule of kube-proxy or kubelet drops or rejects, from where it stands and what its comment says. Rules of
 * others, and policies, are POLICY.
 */
function causeOf(rule: Rule | undefined, steps: readonly WalkStep[]): Cause {
  if (rule === undefined) return 'POLICY';
  const comment = commentOf(rule);
  if (comment.endsWith(' has no endpoints')) return 'NO_ENDPOINTS';
  if (comment.endsWith(' has no local endpoints')) return 'NO_LOCAL_ENDPOINTS';
  if (rule.chain === 'KUBE-PROXY-FIREWALL' || comment.includes(' traffic not accepted by ')) {
    // The drop of what the firewall does not let in also meets what it let in and no local endpoint took.
    return admitted(steps) ? 'NO_LOCAL_ENDPOINTS' : 'FIREWALLED';
  }
  if (comment === 'block incoming localnet connections') return 'MARTIAN';
  if (
    rule.statements.some((statement) => statement.kind === 'conntrack' && statement.states?.values.includes('INVALID'))
  ) {
    return 'INVALID_STATE';
  }
  if (rule.chain === 'KUBE-FIREWALL') {
    // Up to 1.24 kube-proxy only marks what is to be dropped; who marked it tells why.
    const marking = steps.findLast((step) => step.action === 'JUMP' && step.target === 'KUBE-MARK-DROP');
    if (marking !== undefined) {
      const local = admitted(steps) || commentOf(marking.rule).endsWith(' has no local endpoints');
      return local ? 'NO_LOCAL_ENDPOINTS' : 'FIREWALLED';
    }
  }
  return 'POLICY';
}

const SENTENCES: Readonly<Record<string, string>> = {
  NO_ENDPOINTS: 'the Service has no endpoint that may be used',
  NO_LOCAL_ENDPOINTS: 'the traffic policy is Local and this node has no endpoint of the Service',
  FIREWALLED: "the source is not in the Service's loadBalancerSourceRanges",
  MARTIAN: 'packets from outside may not address 127.0.0.0/8',
  INVALID_STATE: 'connection tracking does not know this packet’s connection',
};

/** What a node's hooks did to a packet before, newest first. */
export interface Earlier {
  readonly outcome: HookOutcome;
  readonly previous: Earlier | undefined;
}

/** What a hook's DROP, REJECT or UNKNOWN means for the packet's way. `earlier`: what happened to it on this node. */
export function endingOf(outcome: HookOutcome, node: string, earlier?: Earlier): Ending {
  const rule = outcome.rule === undefined ? {} : { rule: outcome.rule };
  if (outcome.verdict === 'UNKNOWN') {
    const cause = outcome.unknown?.cause ?? 'UNKNOWN_MATCH';
    return {
      verdict: 'UNKNOWN',
      cause,
      detail: `${outcome.unknown?.detail ?? 'a rule is not understood'} (${node})`,
      ...rule,
    };
  }
  let steps = stepsOf(outcome.steps);
  for (let at = earlier; at !== undefined; at = at.previous) steps = [...stepsOf(at.outcome.steps), ...steps];
  const cause = causeOf(outcome.rule, steps);
  const done = outcome.verdict === 'REJECT' ? 'rejects it' : 'drops it';
  const why = SENTENCES[cause];
  const where =
    outcome.rule === undefined
      ? `the policy of chain ${steps.at(-1)?.chain ?? ''} on ${node} ${done}`
      : `chain ${outcome.rule.chain} on ${node} ${done}`;
  return {
    verdict: outcome.verdict === 'REJECT' ? 'REJECTED' : 'DROPPED',
    cause,
    detail: why === undefined ? where : `${where}: ${why}`,
    ...rule,
  };
}
