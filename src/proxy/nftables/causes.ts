import type { Cause } from '../../contract/answers.js';
import { NFTABLES } from '../../netfilter/nftables/language.js';
import type { Rule } from '../../netfilter/ruleset.js';
import { CHAINS } from './fixed-rules.js';

const CHECKS: ReadonlySet<string> = new Set([
  CHAINS.endpointsCheck,
  CHAINS.serviceEndpointsCheck,
  CHAINS.nodePortEndpointsCheck,
]);

/** Why a rule of kube-proxy drops or rejects, from the chain in which it is. Rules of others are POLICY. */
export function causeInNftables(rule: Rule): Cause {
  const { chain } = rule;
  if (chain === CHAINS.reject) return 'NO_ENDPOINTS';
  // These chains jump to the reject chain where a Service has no endpoint at all, and drop where only this node has
  // none.
  if (CHECKS.has(chain)) return 'NO_LOCAL_ENDPOINTS';
  if (chain === CHAINS.firewallAllowCheck || /^firewall-[A-Z2-7]{8}-/.test(chain)) return 'FIREWALLED';
  // What no Service has is dropped there by range, and what one has on other ports is rejected.
  if (chain === CHAINS.clusterIPsCheck)
    return rule.statements.some(({ kind }) => kind === 'drop') ? 'NO_RULE' : 'UNKNOWN_PORT';
  return NFTABLES.isAboutInvalid(rule) ? 'INVALID_STATE' : 'POLICY';
}
