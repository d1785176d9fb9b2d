import type { Cause } from '../contract/answers.js';
import type { Language } from '../netfilter/language.js';
import type { Rule } from '../netfilter/ruleset.js';
import type { WalkStep } from '../netfilter/walk/types.js';
import { causeInIptables } from './iptables/causes.js';
import { causeInIpvs } from './ipvs/causes.js';
import { causeInNftables } from './nftables/causes.js';

type CauseInLanguage = (rule: Rule, steps: readonly WalkStep[]) => Cause;

/**
 * Why kube-proxy or kubelet lets a packet die, from the rule that does it and the steps before: one function for each
 * language.
 */
const CAUSES = new Map<string, CauseInLanguage>([
  // ipvs mode writes rules of iptables, in chains that no other mode has.
  ['iptables', (rule, steps) => causeInIpvs(rule) ?? causeInIptables(rule, steps)],
  ['nftables', causeInNftables],
]);

/** Takes the causes of one more language of rules. */
export function addCauses(language: string, cause: CauseInLanguage): void {
  CAUSES.set(language, cause);
}

/** The cause of a packet's end at a rule; rules of others, and policies of chains (no rule), are POLICY. */
export function causeOf(language: Language, rule: Rule | undefined, steps: readonly WalkStep[]): Cause {
  if (rule === undefined) return 'POLICY';
  const { name } = rule.language ?? language;
  return CAUSES.get(name)?.(rule, steps) ?? 'POLICY';
}
