/** The policies of a cluster, read once, and those that select a pod. */
import { remember } from '../base/remember.js';
import type { Cluster } from '../cluster/cluster.js';
import { policiesOf, policiesSelecting } from '../cluster/network-policies.js';
import type { Pod } from '../cluster/objects.js';
import type { Resource } from '../cluster/resources.js';
import { type AdminPolicy, isSubject, readAdminPolicy } from './admin-policy.js';
import { type Direction, namespaceOf } from './flow.js';
import { type PodPolicy, readNetworkPolicy } from './network-policy.js';
import { type Match, selectorOf, selectsPod } from './selectors.js';

/** An administrator's policy that selects a pod, or may. */
export interface Subject {
  readonly policy: AdminPolicy;
  /** Whether it surely does. */
  readonly isSure: boolean;
}

/** NetworkPolicies that isolate a pod in one direction. */
export interface Isolation {
  readonly policies: readonly PodPolicy[];
  readonly names: readonly string[];
}

/** The policies of a namespace by a label that pods must have to be selected; '' for those that ask for none. */
type ByLabel = ReadonlyMap<string, readonly PodPolicy[]>;

const label = (key: string, value: string) => `${key}=${value}`;

function byLabel(policies: readonly PodPolicy[]): ByLabel {
  const found = new Map<string, PodPolicy[]>();
  for (const policy of policies) {
    const [first] = Object.entries(selectorOf(policy.podSelector)?.matchLabels ?? {});
    remember(found, first === undefined ? '' : label(...first), (): PodPolicy[] => []).push(policy);
  }
  return found;
}

/** The policies that are evaluated. */
export class PolicySet {
  readonly #byNamespace: ReadonlyMap<string, ByLabel>;
  readonly #admin: readonly AdminPolicy[];
  readonly #selecting = new WeakMap<Pod, readonly PodPolicy[]>();
  readonly #isolating: Readonly<Record<Direction, WeakMap<Pod, Isolation>>> = {
    INGRESS: new WeakMap(),
    EGRESS: new WeakMap(),
  };
  readonly #subjects = new WeakMap<Pod, readonly Subject[]>();
  readonly #cluster: Cluster;
  /** Whether there is any policy that is evaluated. */
  readonly isEmpty: boolean;

  constructor(cluster: Cluster, resources: readonly Resource[]) {
    this.#cluster = cluster;
    const pods = resources.filter(isNetworkPolicy).map(readNetworkPolicy);
    const byNamespace = new Map<string, PodPolicy[]>();
    for (const policy of pods) remember(byNamespace, policy.namespace, (): PodPolicy[] => []).push(policy);
    this.#byNamespace = new Map([...byNamespace].map(([name, policies]) => [name, byLabel(policies)]));
    this.#admin = resources
      .filter(isAdminPolicy)
      .map(readAdminPolicy)
      .sort((a, b) => a.priority - b.priority || (a.resource.metadata.name < b.resource.metadata.name ? -1 : 1));
    this.isEmpty = pods.length === 0 && this.#admin.length === 0;
  }

  /** The NetworkPolicies that select a pod, by name. */
  selecting(pod: Pod): readonly PodPolicy[] {
    return remember(this.#selecting, pod, () => {
      const policies = this.#byNamespace.get(namespaceOf(pod));
      if (policies === undefined) return [];
      const own = Object.entries(pod.metadata.labels ?? {}).map(([key, value]) => label(key, value));
      return ['', ...own]
        .flatMap((one) => policies.get(one) ?? [])
        .filter(({ podSelector }) => selectsPod(podSelector, pod))
        .sort((a, b) => (a.key < b.key ? -1 : 1));
    });
  }

  /** The NetworkPolicies that isolate a pod in a direction, by name. */
  isolating(pod: Pod, direction: Direction): Isolation {
    return remember(this.#isolating[direction], pod, () => {
      const policies = this.selecting(pod).filter(({ directions }) => directions.has(direction));
      return { policies, names: policies.map(({ key }) => key) };
    });
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

const foreignOnes = new WeakMap<Cluster['resources'], readonly Resource[]>();
const foreign = new WeakMap<Cluster['resources'], WeakMap<Pod, readonly Resource[]>>();

/** The policies of kinds that are not evaluated (Cilium's, Calico's, Antrea's). */
export function foreignPolicies(cluster: Cluster): readonly Resource[] {
  return remember(foreignOnes, cluster.resources, () => policiesOf(cluster).filter((one) => !isEvaluated(one)));
}

/** The policies of kinds that are not evaluated (Cilium's, Calico's, Antrea's) that select a pod. */
export function foreignPoliciesOf(cluster: Cluster, pod: Pod): readonly Resource[] {
  const among = foreignPolicies(cluster);
  if (among.length === 0) return among;
  const byPod = remember(foreign, cluster.resources, () => new WeakMap<Pod, readonly Resource[]>());
  return remember(byPod, pod, () => policiesSelecting(cluster, pod, among));
}
