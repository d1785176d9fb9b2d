/** Changes of network policies, and of the labels that they select by: which Services they may touch. */
import type { Cluster } from '../../cluster/cluster.js';
import { AMBIENT_LABEL } from '../../cluster/mesh.js';
import { policiesOf, policiesSelecting } from '../../cluster/network-policies.js';
import type { Pod } from '../../cluster/objects.js';
import { type Resource, resourceName, resourceRole } from '../../cluster/resources.js';
import { countsForeign, enforcementOf } from '../../policies/enforcer.js';
import { isEvaluated } from '../../policies/policy-set.js';

export interface ChangedResources {
  /** One sentence for each object that changes and is not evaluated. */
  readonly reasons: readonly string[];
  /**
   * `namespace/name` of the Services with an endpoint that a policy selects which changes, newly selects or no longer
   * does.
   */
  readonly services: readonly string[];
  /** Of them: those where such a policy is not evaluated. */
  readonly unknown: readonly string[];
}

const NOTHING: ChangedResources = { reasons: [], services: [], unknown: [] };

const content = (resource: Resource | undefined) =>
  resource === undefined ? '' : JSON.stringify([resource.metadata.labels, resource.spec]);

/**
 * Whether objects differ that say which load balancers there are and how they balance: of MetalLB and Cilium,
 * Ingresses, bindings.
 */
export function balancerObjectsDiffer(before: Cluster, after: Cluster): boolean {
  if (before.resources === after.resources) return false;
  return [...new Set([...before.resources.keys(), ...after.resources.keys()])].some((key) => {
    const [was, is] = [before.resources.get(key), after.resources.get(key)];
    const resource = is ?? was;
    return was !== is && resource !== undefined && resourceRole(resource.kind, resource.apiVersion) === 'LOAD_BALANCER';
  });
}

/** Whether a policy counts without being evaluated: one of the network plugin's own. */
function isUnknown(cluster: Cluster, policy: Resource): boolean {
  return !isEvaluated(policy) && countsForeign(enforcementOf(cluster, undefined).by, policy);
}

/** The policies that select a pod, of those that are evaluated or of those that count without it. */
function selecting(cluster: Cluster, pod: Pod | undefined, evaluated: boolean): readonly Resource[] {
  if (pod === undefined) return [];
  return policiesSelecting(cluster, pod).filter((one) => (evaluated ? isEvaluated(one) : isUnknown(cluster, one)));
}

/** What lies between two clusters of objects that are not evaluated, and of namespaces' labels. */
function between(before: Cluster, after: Cluster): { readonly reasons: readonly string[]; readonly labels: boolean } {
  const reasons: string[] = [];
  let labels = false;
  const isForeign = (cluster: Cluster) => policiesOf(cluster).some((one) => isUnknown(cluster, one));
  const isMesh = (resource: Resource | undefined) => Object.hasOwn(resource?.metadata.labels ?? {}, AMBIENT_LABEL);
  for (const key of new Set([...before.resources.keys(), ...after.resources.keys()])) {
    const [was, is] = [before.resources.get(key), after.resources.get(key)];
    const resource = (is ?? was) as Resource;
    if (content(was) === content(is)) continue;
    const role = resourceRole(resource.kind, resource.apiVersion);
    const name = resourceName(resource);
    const verb = was === undefined ? 'is new' : is === undefined ? 'is gone' : 'changes';
    if (role === 'POLICY' && isUnknown(is === undefined ? before : after, resource)) {
      reasons.push(`${name} ${verb}, and what network policies of this kind let through is not evaluated.`);
    } else if (role === 'NAMESPACE') {
      labels = true;
      if (!isForeign(before) && !isForeign(after) && !isMesh(was) && !isMesh(is)) continue;
      reasons.push(
        `${name} ${verb}: by its labels policies that are not evaluated select pods and meshes take them in.`,
      );
    }
  }
  return { reasons, labels };
}

/** What lies between two clusters of network policies, namespaces and the pods that they select. */
export function changedResources(before: Cluster, after: Cluster): ChangedResources {
  if (before.resources === after.resources && before.pods === after.pods) return NOTHING;
  if (policiesOf(before).length === 0 && policiesOf(after).length === 0 && before.resources === after.resources) {
    return NOTHING;
  }
  const { reasons, labels } = between(before, after);
  const services = new Set<string>();
  const unknown = new Set<string>();
  const text = (policies: readonly Resource[]) => policies.map((one) => resourceName(one) + content(one)).join('\n');
  const differs = (was: Pod | undefined, is: Pod | undefined, evaluated: boolean) => {
    const [earlier, later] = [selecting(before, was, evaluated), selecting(after, is, evaluated)];
    // Labels of namespaces decide whom the rules of a policy let in.
    return text(earlier) !== text(later) || (labels && later.length > 0);
  };
  for (const cluster of [before, after]) {
    for (const key of cluster.services.keys()) {
      if (services.has(key)) continue;
      const [namespace = ''] = key.split('/');
      for (const { endpoints } of cluster.slicesOf(key)) {
        for (const { targetRef } of endpoints) {
          const name = `${targetRef?.namespace ?? namespace}/${targetRef?.name}`;
          const [was, is] = [before.pods.get(name), after.pods.get(name)];
          if (was === is && before.resources === after.resources) continue;
          // A pod that comes or goes changes what rules say, not what policies do.
          if (before.resources === after.resources && (was === undefined || is === undefined)) continue;
          if (differs(was, is, false)) unknown.add(key);
          if (unknown.has(key) || differs(was, is, true)) services.add(key);
        }
      }
    }
  }
  return {
    reasons: reasons,
    services: [...services].sort(),
    unknown: [...unknown].sort(),
  };
}
