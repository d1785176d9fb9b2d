/**
 * What changes for pods as clients by network policies. The clients of a check stand for any pod and have no labels, so what a
 * policy newly lets a certain pod reach, or no longer, is not seen by asking about them.
 */
import type { Cluster } from '../../cluster/cluster.js';
import { policiesOf, policiesSelecting } from '../../cluster/network-policies.js';
import type { Pod } from '../../cluster/objects.js';
import { type Resource, resourceName } from '../../cluster/resources.js';
import { isEvaluated, isNetworkPolicy } from '../../policies/policy-set.js';

type Fields = Readonly<Record<string, unknown>>;

const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
const items = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Whether a policy says what the pods that it selects may connect to. */
function hasEgress(policy: Resource): boolean {
  const { policyTypes, egress } = fields(policy.spec);
  return items(egress).length > 0 || items(policyTypes).includes('Egress');
}

/** Whether a policy lets clients in by labels of pods or namespaces. */
function selectsClients(policy: Resource): boolean {
  if (!isNetworkPolicy(policy)) return items(fields(policy.spec).ingress).length > 0;
  return items(fields(policy.spec).ingress).some((rule) =>
    items(fields(rule).from).some((peer) => 'podSelector' in fields(peer) || 'namespaceSelector' in fields(peer)),
  );
}

function egressOf(cluster: Cluster, pod: Pod): string {
  const policies = policiesSelecting(cluster, pod).filter((one) => isEvaluated(one) && hasEgress(one));
  return policies.map((one) => `${resourceName(one)} ${JSON.stringify(one.spec)}`).join('\n');
}

const labelsOf = (metadata: { readonly labels?: unknown } | undefined) => JSON.stringify(metadata?.labels ?? {});

/** Whether labels differ by which policies let clients in: of namespaces, of pods that stay, or of the pods that a workload makes. */
function labelsChange(before: Cluster, after: Cluster): boolean {
  for (const [key, is] of after.resources.entries()) {
    const was = before.resources.get(key);
    if (is.kind === 'Namespace' && is !== was && labelsOf(was?.metadata) !== labelsOf(is.metadata)) return true;
  }
  for (const [name, is] of after.pods.entries()) {
    const was = before.pods.get(name);
    if (was !== undefined && was !== is && labelsOf(was.metadata) !== labelsOf(is.metadata)) return true;
  }
  for (const [name, is] of after.workloads.entries()) {
    const was = before.workloads.get(name);
    if (was === undefined || was === is || is.kind === 'ReplicaSet') continue;
    if (labelsOf(was.spec?.template?.metadata) !== labelsOf(is.spec?.template?.metadata)) return true;
  }
  return false;
}

/** Sentences that say what a change does to clients by policies, and that a check does not see; none where it does nothing of the kind. */
export function unseenOfClients(before: Cluster, after: Cluster): readonly string[] {
  const policies = [...policiesOf(before), ...policiesOf(after)].filter(isEvaluated);
  if (policies.length === 0) return [];
  const reasons: string[] = [];
  if (policies.some(hasEgress)) {
    for (const [name, is] of after.pods.entries()) {
      const was = before.pods.get(name);
      if (was === undefined || (was === is && before.resources === after.resources)) continue;
      if (egressOf(before, was) === egressOf(after, is)) continue;
      reasons.push(
        `What network policies let pod ${name} connect to changes, and the clients of a check stand for any pod: ask path with --from ${name}.`,
      );
      break;
    }
  }
  if (policies.some(selectsClients) && labelsChange(before, after)) {
    reasons.push(
      'Labels change by which network policies let clients in, and the clients of a check stand for any pod: ask path about the pods that connect.',
    );
  }
  return reasons;
}
