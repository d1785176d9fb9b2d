import type { Cause } from '../../contract/answers.js';
import { IPTABLES } from '../../netfilter/iptables/language.js';
import type { Rule } from '../../netfilter/ruleset.js';
import type { WalkStep } from '../../netfilter/walk/types.js';

/** Whether a Service's firewall let the packet in, so that what came after turned it away. */
function admitted(steps: readonly WalkStep[]): boolean {
  return steps.some(
    ({ action, chain, target = '' }) =>
      action === 'JUMP' && chain.startsWith('KUBE-FW-') && /^KUBE-(?:EXT|XLB|SVC)-/.test(target),
  );
}

/**
 * Why a rule of kube-proxy or kubelet drops or rejects, from where it is and what its comment says. Rules of
 * others, and policies, are POLICY.
 */
export function causeInIptables(rule: Rule, steps: readonly WalkStep[]): Cause {
  const comment = IPTABLES.commentOf(rule);
  if (comment.endsWith(' has no endpoints')) return 'NO_ENDPOINTS';
  if (comment.endsWith(' has no local endpoints')) return 'NO_LOCAL_ENDPOINTS';
  if (rule.chain === 'KUBE-PROXY-FIREWALL' || comment.includes(' traffic not accepted by ')) {
    // The drop of what the firewall does not let in also meets what it let in and no local endpoint took.
    return admitted(steps) ? 'NO_LOCAL_ENDPOINTS' : 'FIREWALLED';
  }
  if (comment === 'block incoming localnet connections') return 'MARTIAN';
  if (IPTABLES.isAboutInvalid(rule)) return 'INVALID_STATE';
  if (rule.chain === 'KUBE-FIREWALL') {
    // Up to 1.24 kube-proxy only marks what is to be dropped; who marked it tells why.
    const marking = steps.findLast((step) => step.action === 'JUMP' && step.target === 'KUBE-MARK-DROP');
    if (marking !== undefined) {
      const local =
        admitted(steps) ||
        (marking.rule === undefined ? '' : IPTABLES.commentOf(marking.rule)).endsWith(' has no local endpoints');
      return local ? 'NO_LOCAL_ENDPOINTS' : 'FIREWALLED';
    }
  }
  return 'POLICY';
}
