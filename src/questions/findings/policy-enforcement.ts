/** Policies that nobody enforces, or that are of kinds which the network plugin does not know. */
import { type Resource, resourceName } from '../../cluster/resources.js';
import type { Finding } from '../../contract/answers.js';
import { countsForeign, enforcementOf } from '../../policies/enforcer.js';
import { isAdminPolicy, isEvaluated } from '../../policies/policy-set.js';
import type { StateFinder } from './finders.js';
import { finding, listed, MAX_LISTED } from './finding.js';
import { policiesInView } from './view-policies.js';

const about = (policies: readonly Resource[]) => ({
  policies: policies.slice(0, MAX_LISTED).map(resourceName),
  policyCount: policies.length,
});

/**
 * One finding for all policies where nobody is seen to enforce any, and one for those of kinds that the plugin does not
 * know.
 */
export const policiesNotEnforced: StateFinder = (view) => {
  const { cluster, settings } = view;
  const policies = policiesInView(view);
  const stated = settings.network.policies;
  // Whoever asks says that policies are ignored: no finding has to repeat it.
  if (policies.length === 0 || stated === 'IGNORED') return [];
  const { enforced, by, why } = enforcementOf(cluster, stated);
  if (!enforced) {
    const message =
      `${policies.length === 1 ? 'A network policy is' : `${policies.length} network policies are`} there ` +
      `(${listed(policies.map(resourceName))}). ${why}`;
    return [finding('NETWORK_POLICIES_NOT_ENFORCED', message, about(policies))];
  }
  if (by === undefined) return [];
  const unknown = policies.filter((one) => {
    if (isAdminPolicy(one)) return !(one.kind === 'ClusterNetworkPolicy' ? by.admin.cnp : by.admin.anp);
    return !isEvaluated(one) && !countsForeign(by, one);
  });
  const byKind = new Map<string, Resource[]>();
  for (const one of unknown) byKind.set(one.kind, [...(byKind.get(one.kind) ?? []), one]);
  return [...byKind].map(([kind, ones]): Finding => {
    const message =
      `${by.name} enforces network policies here and does not know ` +
      `${ones.length === 1 ? resourceName(ones[0] as Resource) : `${ones.length} objects of kind ${kind}`}: ` +
      `nobody enforces ${ones.length === 1 ? 'it' : 'them'}.`;
    return finding('NETWORK_POLICY_KIND_NOT_ENFORCED', message, { kind, enforcer: by.name, ...about(ones) });
  });
};
