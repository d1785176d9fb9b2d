/** Network policies that an answer leaves out of account, since what they let through is not evaluated. */
import { remember } from '../../base/remember.js';
import { matchesSelector } from '../../cluster/labels.js';
import { policiesOf, policiesSelecting } from '../../cluster/network-policies.js';
import type { Pod, Workload } from '../../cluster/objects.js';
import { resourceName } from '../../cluster/resources.js';
import { matchesServiceSelector } from '../../control-plane/labels.js';
import { isEvaluated } from '../../policies/policy-set.js';
import { finding, listed, MAX_LISTED } from './finding.js';
import type { StateFinder, View } from './view.js';

/** The pods that the view is about, by name: clients, endpoints, and what the Services' selectors match. */
function podsOf({ cluster, services, doors }: View): ReadonlyMap<string, Pod> {
  const found = new Map<string, Pod>();
  const add = (name: string | undefined) => {
    const pod = name === undefined ? undefined : cluster.pods.get(name);
    if (name !== undefined && pod !== undefined) found.set(name, pod);
  };
  for (const { from, endpoints } of doors) {
    for (const { client } of from) if (client.kind === 'POD') add(client.name.replace(/^pod\//, ''));
    for (const { pod } of endpoints) add(pod);
    for (const { outcomes } of from) for (const { receiver } of outcomes) add(receiver?.pod);
  }
  const byNamespace = new Map<string, Workload[]>();
  for (const workload of cluster.workloads.values()) {
    remember(byNamespace, workload.metadata.namespace ?? 'default', (): Workload[] => []).push(workload);
  }
  for (const key of services) {
    const [namespace = ''] = key.split('/');
    for (const slice of cluster.slicesOf(key)) {
      for (const { targetRef } of slice.endpoints) {
        if (targetRef?.kind === 'Pod') add(`${targetRef.namespace ?? namespace}/${targetRef.name}`);
      }
    }
    const selector = cluster.services.get(key)?.spec?.selector;
    for (const { kind, metadata, spec } of byNamespace.get(namespace) ?? []) {
      const { template } = spec ?? {};
      if (template === undefined || kind === 'ReplicaSet') continue;
      if (!matchesServiceSelector(selector, template.metadata?.labels)) continue;
      // A pod that is not there yet: what would be made of the template.
      const name = `pods of ${kind} ${namespace}/${metadata.name}`;
      const made = { name, namespace, labels: template.metadata?.labels ?? {} };
      if (!matchesSelector(made.labels, spec?.selector ?? {})) continue;
      found.set(name, {
        kind: 'Pod',
        metadata: made,
        ...(template.spec === undefined ? {} : { spec: template.spec }),
      } as Pod);
    }
  }
  return found;
}

/** One finding for each policy that selects pods which the view is about. */
export const policiesNotEvaluated: StateFinder = (view) => {
  if (policiesOf(view.cluster).length === 0) return [];
  const selected = new Map<string, string[]>();
  for (const [name, pod] of podsOf(view)) {
    for (const policy of policiesSelecting(view.cluster, pod)) {
      if (isEvaluated(policy)) continue;
      const key = resourceName(policy);
      const pods = selected.get(key) ?? [];
      pods.push(name);
      selected.set(key, pods);
    }
  }
  return [...selected].map(([policy, pods]) => {
    const message =
      `${policy} selects ${listed(pods)}, and what network policies of its kind let through is not evaluated: ` +
      'connections from or to these pods may be denied though this answer delivers them.';
    return finding('NETWORK_POLICY_NOT_EVALUATED', message, {
      policy,
      pods: pods.slice(0, MAX_LISTED),
      podCount: pods.length,
    });
  });
};
