/** The policies of a cluster, read once, and those that select a pod. */
import { remember } from '../base/remember.js';
import type { Cluster } from '../cluster/cluster.js';
import { policiesOf, policiesSelecting } from '../cluster/network-policies.js';
import type { Pod } from '../cluster/objects.js';
import type { Resource } from '../cluster/resources.js';
import { type AdminPolicy, isSubject, readAdminPolicy } from './admin-policy.js';
import { namespaceOf } from './flow.js';
import { type PodPolicy, readNetworkPolicy } from './network-policy.js';
import { type Match, selectsPod } from './selectors.js';

/** An administrator's policy that selects a pod, or may. */
export interface Subject {
  readonly policy: AdminPolicy;
  /** Whether it surely does. */
  readonly isSure: boolean;
}

/** The policies that are evaluated. */
export class PolicySet {
  readonly #byNamespace = new Map<string, PodPolicy[]>();
  readonly #admin: readonly AdminPolicy[];
  readonly #selecting = new WeakMap<Pod, readonly PodPolicy[]>();
  readonly #subjects = new WeakMap<Pod, readonly Subject[]>();
  readonly #cluster: Cluster;
  /** Whether there is any policy that is evaluated. */
  readonly isEmpty: boolean;

  constructor(cluster: Cluster, resources: readonly Resource[]) {
    this.#cluster = cluster;
    const pods = resources.filter(isNetworkPolicy).map(readNetworkPolicy);
    for (const policy of pods) remember(this.#byNamespace, policy.namespace, (): PodPolicy[] => []).push(policy);
    for (const list of this.#byNamespace.values()) list.sort((a, b) => (a.key < b.key ? -1 : 1));
    this.#admin = resources
      .filter(isAdminPolicy)
      .map(readAdminPolicy)
      .sort((a, b) => a.priority - b.priority || (a.resource.metadata.name < b.resource.metadata.name ? -1 : 1));
    this.isEmpty = pods.length === 0 && this.#admin.length === 0;
  }

  /** The NetworkPolicies that select a pod, by name. */
  selecting(pod: Pod): readonly PodPolicy[] {
    return remember(this.#selecting, pod, () =>
      (this.#byNamespace.get(namespaceOf(pod)) ?? []).filter(({ podSelector }) => selectsPod(podSelector, pod)),
    );
  }

  /** The policies of administrators that select a pod, by priority. */
  subjects(pod: Pod): readonly Subject[] {
    return remember(this.#subjects, pod, () =>
      this.#admin.flatMap((policy): Subject[] => {
        const selected: Match = isSubject(this.#cluster, policy, pod);
        return selected === false ? [] : [{ policy, isSure: selected === true }];
      }),
    );
  }
}

/** Whether a resource is a NetworkPolicy of Kubernetes itself. */
export function isNetworkPolicy({ kind, apiVersion }: Resource): boolean {
  return kind === 'NetworkPolicy' && /^(?:networking\.k8s\.io|extensions)\//.test(apiVersion);
}

/** Whether a resource is a policy of an administrator that is evaluated. */
export function isAdminPolicy({ kind, apiVersion }: Resource): boolean {
  return (
    apiVersion.startsWith('policy.networking.k8s.io/') &&
    /^(?:Baseline)?AdminNetworkPolicy$|^ClusterNetworkPolicy$/.test(kind)
  );
}

/** Whether policies of the resource's kind are evaluated. */
export function isEvaluated(resource: Resource): boolean {
  return isNetworkPolicy(resource) || isAdminPolicy(resource);
}

/** Which APIs of administrators count. */
export interface AdminApis {
  readonly anp: boolean;
  readonly cnp: boolean;
}

export const ALL_APIS: AdminApis = { anp: true, cnp: true };

const sets = new WeakMap<Cluster['resources'], Map<string, PolicySet>>();

/** The policies of a cluster that count, read when they are first asked for. */
export function policySetOf(cluster: Cluster, apis: AdminApis = ALL_APIS): PolicySet {
  const byApis = remember(sets, cluster.resources, () => new Map<string, PolicySet>());
  return remember(byApis, `${apis.anp} ${apis.cnp}`, () => {
    const counts = (one: Resource) =>
      isNetworkPolicy(one) || (one.kind === 'ClusterNetworkPolicy' ? apis.cnp : apis.anp);
    return new PolicySet(cluster, policiesOf(cluster).filter(counts));
  });
}

const foreign = new WeakMap<Cluster['resources'], WeakMap<Pod, readonly Resource[]>>();

/** The policies of kinds that are not evaluated (Cilium's, Calico's, Antrea's) that select a pod. */
export function foreignPoliciesOf(cluster: Cluster, pod: Pod): readonly Resource[] {
  const byPod = remember(foreign, cluster.resources, () => new WeakMap<Pod, readonly Resource[]>());
  return remember(byPod, pod, () =>
    policiesSelecting(cluster, pod).filter((one) => !isNetworkPolicy(one) && !isAdminPolicy(one)),
  );
}
