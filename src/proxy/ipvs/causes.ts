import type { Cause } from '../../contract/answers.js';
import type { Rule } from '../../netfilter/ruleset.js';
import { CHAINS } from './fixed-rules.js';

/** Why a rule of kube-proxy's ipvs mode drops or rejects, from the chain in which it is; undefined for other rules. */
export function causeInIpvs({ chain }: Rule): Cause | undefined {
  if (chain === CHAINS.sourceRanges || chain === CHAINS.outFilter) return 'FIREWALLED';
  if (chain === CHAINS.accessFilter) return 'UNKNOWN_PORT';
  return undefined;
}
