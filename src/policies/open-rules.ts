/** Rules of which it is not known whether they match, and what would have to be known. */
import type { Flow } from './flow.js';
import { fieldsOf, isGiven, listOf } from './rule.js';

/** Where a rule stands. */
interface Place {
  readonly kind: string;
  readonly policy: string;
  readonly pointer: string;
}

/** Whether a rule may be about an address outside that has a name. */
function namesDomains(rule: unknown, { destination }: Flow): boolean {
  if (destination.pod !== undefined || destination.node !== undefined || destination.isSomePod === true) return false;
  return listOf(fieldsOf(rule).to).some((peer) => isGiven(fieldsOf(peer).domainNames));
}

/** What would decide whether a rule matches a connection; `rule` as the policy has it, where it is itself open. */
export function openRule({ kind, policy, pointer }: Place, rule?: unknown, flow?: Flow): string {
  const end = `would decide whether ${pointer} of ${kind} ${policy} matches`;
  return flow !== undefined && namesDomains(rule, flow)
    ? `the addresses of domain names, which no snapshot has, ${end}`
    : `labels of a namespace that the snapshot does not hold ${end}`;
}
