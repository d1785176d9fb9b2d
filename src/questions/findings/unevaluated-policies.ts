/** Network policies that an answer leaves out of account, since what they let through is not evaluated. */
import { remember } from '../../base/remember.js';
import { policiesOf, policiesSelecting } from '../../cluster/network-policies.js';
import { resourceName } from '../../cluster/resources.js';
import type { Finding } from '../../contract/answers.js';
import type { Client } from '../../path/client.js';
import { asRead, judge } from '../../path/judge.js';
import { actionOf, readAdminPolicy, selectsAny } from '../../policies/admin-policy.js';
import { countsForeign, enforcementOf } from '../../policies/enforcer.js';
import { foreignPolicies, isAdminPolicy } from '../../policies/policy-set.js';
import type { Door } from './door.js';
import type { StateFinder, View } from './finders.js';
import { finding, listed, MAX_LISTED } from './finding.js';
import { podsOf } from './view-policies.js';

/** Whether some client of a door is no pod of the cluster, but stands for any pod of its node. */
function someStandIn({ from }: Door, { cluster }: View): Client | undefined {
  return from.find(({ client }) => client.kind === 'POD' && !cluster.pods.has(client.name.replace(/^pod\//, '')))
    ?.client;
}

/**
 * Policies whose rules select pods, where the client stands for any pod: such a rule is taken to match, and whether it
 * does depends on which pod connects.
 */
function undecidedForStandIns(view: View): Finding[] {
  const { cluster, settings, doors } = view;
  // Where nobody enforces policies, nothing depends on them.
  const { by, enforced } = enforcementOf(cluster, settings.network.policies);
  if (!enforced) return [];
  const found = new Map<string, Set<string>>();
  for (const door of doors) {
    const client = someStandIn(door, view);
    if (client === undefined) continue;
    const source = { address: client.address ?? '', isSomePod: true };
    for (const { address, port, pod: name = '' } of door.endpoints) {
      const pod = cluster.pods.get(name);
      if (pod === undefined) continue;
      const protocol = door.service?.protocol ?? 'TCP';
      const flow = asRead({ source, destination: { address, pod }, protocol, port }, by);
      const point = { node: pod.spec?.nodeName ?? '', direction: 'INGRESS', pod, flow } as const;
      const { decision, isTakenToPass } = judge(cluster, point, pod, by);
      if (!isTakenToPass) continue;
      const { isolatedBy } = decision;
      const policies = isolatedBy.length > 0 ? isolatedBy : ['A policy of an administrator'];
      for (const policy of policies) remember(found, policy, () => new Set<string>()).add(name);
    }
  }
  return [...found].map(([policy, pods]) => {
    const names = [...pods];
    const message =
      `${policy} decides by labels which pods may connect to ${listed(names)}. The clients of this answer ` +
      'stand for any pod, and are taken to be let ' +
      'through: ask with --clients or --from about the pods that connect.';
    return finding('NETWORK_POLICY_NOT_EVALUATED', message, {
      policy,
      pods: names.slice(0, MAX_LISTED),
      podCount: names.length,
    });
  });
}

/**
 * Policies of administrators that may deny what every pod sends: clients that stand for any pod have no pod of which
 * egress is evaluated.
 */
function egressOfStandIns(view: View): Finding[] {
  const { cluster, settings, doors } = view;
  const { by, enforced } = enforcementOf(cluster, settings.network.policies);
  if (!enforced || !doors.some((door) => someStandIn(door, view) !== undefined)) return [];
  return policiesOf(cluster)
    .filter(isAdminPolicy)
    .filter(({ kind }) => by === undefined || (kind === 'ClusterNetworkPolicy' ? by.admin.cnp : by.admin.anp))
    .filter((resource) => {
      const { subject, rules } = readAdminPolicy(resource);
      return selectsAny(subject) && rules.EGRESS.some((rule) => actionOf(rule) === 'DENY');
    })
    .map((resource) => {
      const policy = resourceName(resource);
      const message =
        `${policy} denies some of what every pod sends. The clients of this answer stand for any pod, and what they ` +
        'send is not evaluated: ask with --clients or --from about the pods that connect.';
      return finding('NETWORK_POLICY_NOT_EVALUATED', message, { policy, pods: [], podCount: 0 });
    });
}

/**
 * One finding for each policy that selects pods which the view is about, and is not evaluated for them or their
 * clients.
 */
export const policiesNotEvaluated: StateFinder = (view) => {
  if (policiesOf(view.cluster).length === 0) return [];
  const { by, enforced } = enforcementOf(view.cluster, view.settings.network.policies);
  const foreign = enforced ? foreignPolicies(view.cluster).filter((one) => countsForeign(by, one)) : [];
  const selected = new Map<string, string[]>();
  for (const [name, pod] of foreign.length === 0 ? [] : podsOf(view)) {
    for (const policy of policiesSelecting(view.cluster, pod, foreign)) {
      const key = resourceName(policy);
      const pods = selected.get(key) ?? [];
      pods.push(name);
      selected.set(key, pods);
    }
  }
  const ofKinds = [...selected].map(([policy, pods]) => {
    const message =
      `${policy} selects ${listed(pods)}, and what network policies of its kind let through is not evaluated: ` +
      'connections from or to these pods may be denied though this answer delivers them.';
    return finding('NETWORK_POLICY_NOT_EVALUATED', message, {
      policy,
      pods: pods.slice(0, MAX_LISTED),
      podCount: pods.length,
    });
  });
  return [...ofKinds, ...undecidedForStandIns(view), ...egressOfStandIns(view)];
};
