/** The policies of a cluster, read once, and those that select a pod. */
import { remember } from '../base/remember.js';
import type { Cluster } from '../cluster/cluster.js';
import { mayDecide, policiesOf, policiesSelecting } from '../cluster/network-policies.js';
import type { Pod } from '../cluster/objects.js';
import type { Resource } from '../cluster/resources.js';
import { type AdminPolicy, isSubject, readAdminPolicy } from './admin-policy.js';
import { type Direction, namespaceOf } from './flow.js';
import { type PodPolicy, readNetworkPolicy, selects } from './network-policy.js';
import { RuleIndex } from './rule-index.js';
import { labelsKey, labelText, type Match } from './selectors.js';

/** An administrator's policy that selects a pod, or may. */
export interface Subject {
  readonly policy: AdminPolicy;
  /** Whether it surely does. */
  readonly isSure: boolean;
}

/** NetworkPolicies that isolate a pod in one direction: one object for pods that the same ones isolate. */
export class Isolation {
  readonly policies: readonly PodPolicy[];
  readonly names: readonly string[];
  readonly #direction: Direction;
  #rules: RuleIndex | undefined;

  constructor(policies: readonly PodPolicy[], names: readonly string[], direction: Direction) {
    this.policies = policies;
    this.names = names;
    this.#direction = direction;
  }

  /** Their rules; most pods are asked about one direction alone. */
  get rules(): RuleIndex {
    this.#rules ??= new RuleIndex(this.policies, this.#direction);
    return this.#rules;
  }
}

/** The NetworkPolicies that select some pods, by name, and of these those that isolate them in each direction. */
interface Isolating extends Readonly<Record<Direction, Isolation>> {
  readonly all: readonly PodPolicy[];
}

/** The policies of a namespace by a label that pods must have to be selected; '' for those that ask for none. */
type ByLabel = ReadonlyMap<string, readonly PodPolicy[]>;

function byLabel(policies: readonly PodPolicy[]): ByLabel {
  const found = new Map<string, PodPolicy[]>();
  for (const policy of policies) {
    const [first] = Object.entries(policy.podLabels?.matchLabels ?? {});
    remember(found, first === undefined ? '' : labelText(...first), (): PodPolicy[] => []).push(policy);
  }
  return found;
}

const NO_SUBJECTS: readonly Subject[] = [];

function ofNamespaces(policies: readonly PodPolicy[]): ReadonlyMap<string, ByLabel> {
  const found = new Map<string, PodPolicy[]>();
  for (const policy of policies) remember(found, policy.namespace, (): PodPolicy[] => []).push(policy);
  return new Map([...found].map(([name, all]) => [name, byLabel(all)]));
}

/** NetworkPolicies that another set has instead of some of a set's, by namespace. */
interface Edit {
  readonly of: PolicySet;
  /** `namespace/name` of those that are not there any more, or are others. */
  readonly gone: ReadonlySet<string>;
  readonly added: ReadonlyMap<string, readonly PodPolicy[]>;
}

/** The policies that are evaluated. */
export class PolicySet {
  readonly #byNamespace: ReadonlyMap<string, ByLabel>;
  readonly #edit: Edit | undefined;
  readonly #admin: readonly AdminPolicy[];
  readonly #isolating = new Map<string, Isolating>();
  readonly #isolations = new Map<string, Isolation>();
  readonly #subjects = new WeakMap<Pod, readonly Subject[]>();
  readonly #cluster: Cluster;
  /** Whether there is any policy that is evaluated. */
  readonly isEmpty: boolean;

  private constructor(
    cluster: Cluster,
    byNamespace: ReadonlyMap<string, ByLabel>,
    admin: readonly AdminPolicy[],
    edit?: Edit,
  ) {
    this.#cluster = cluster;
    this.#byNamespace = byNamespace;
    this.#admin = admin;
    this.#edit = edit;
    this.isEmpty = byNamespace.size === 0 && admin.length === 0 && edit === undefined;
  }

  /** Reads the policies of a cluster. */
  static of(cluster: Cluster, resources: readonly Resource[]): PolicySet {
    const admin = resources
      .filter(isAdminPolicy)
      .map(readAdminPolicy)
      .sort((a, b) => a.priority - b.priority || (a.resource.metadata.name < b.resource.metadata.name ? -1 : 1));
    return new PolicySet(cluster, ofNamespaces(resources.filter(isNetworkPolicy).map(readNetworkPolicy)), admin);
  }

  /** This set with these NetworkPolicies instead of those of their names; `removed`: `namespace/name` of others. */
  with(cluster: Cluster, changed: readonly Resource[], removed: readonly string[]): PolicySet {
    const added = new Map<string, PodPolicy[]>();
    const gone = new Set(removed);
    for (const policy of changed.map(readNetworkPolicy)) {
      gone.add(policy.key);
      remember(added, policy.namespace, (): PodPolicy[] => []).push(policy);
    }
    return new PolicySet(cluster, this.#byNamespace, this.#admin, { of: this, gone, added });
  }

  /** The NetworkPolicies that select a pod, by name. */
  selecting(pod: Pod): readonly PodPolicy[] {
    return this.#ofPod(pod).all;
  }

  /** The NetworkPolicies that isolate a pod in a direction, by name. */
  isolating(pod: Pod, direction: Direction): Isolation {
    return this.#ofPod(pod)[direction];
  }

  /** Pods of one namespace with equal labels are selected by the same policies. */
  #ofPod(pod: Pod): Isolating {
    return remember(this.#isolating, labelsKey(pod), () => {
      const was = this.#edit === undefined ? undefined : this.#edit.of.#ofPod(pod);
      const all = was === undefined ? this.#selecting(pod) : this.#editedSelecting(pod, was.all);
      if (was !== undefined && all === was.all) return was;
      return { all, INGRESS: this.#isolation(all, 'INGRESS'), EGRESS: this.#isolation(all, 'EGRESS') };
    });
  }

  #selecting(pod: Pod): readonly PodPolicy[] {
    const known = this.#byNamespace.get(namespaceOf(pod));
    if (known === undefined) return [];
    const own = Object.entries(pod.metadata.labels ?? {}).map(([key, value]) => labelText(key, value));
    return ['', ...own]
      .flatMap((one) => known.get(one) ?? [])
      .filter((policy) => selects(policy, pod))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** What selects a pod of what did before the edit, and of what it adds; the same list where that is the same. */
  #editedSelecting(pod: Pod, was: readonly PodPolicy[]): readonly PodPolicy[] {
    const { gone, added } = this.#edit as Edit;
    const left = was.some(({ key }) => gone.has(key)) ? was.filter(({ key }) => !gone.has(key)) : was;
    const more = (added.get(namespaceOf(pod)) ?? []).filter((policy) => selects(policy, pod));
    return more.length === 0 ? left : [...left, ...more].sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  #isolation(selecting: readonly PodPolicy[], direction: Direction): Isolation {
    const policies = selecting.filter(({ directions }) => directions.has(direction));
    const names = policies.map(({ key }) => key);
    return remember(
      this.#isolations,
      `${direction} ${names.join(' ')}`,
      () => new Isolation(policies, names, direction),
    );
  }

  /** The policies of administrators that select a pod, by priority. */
  subjects(pod: Pod): readonly Subject[] {
    if (this.#admin.length === 0) return NO_SUBJECTS;
    return remember(this.#subjects, pod, () =>
      this.#admin.flatMap((policy): Subject[] => {
        const selected: Match = isSubject(this.#cluster, policy, pod);
        return selected === false ? [] : [{ policy, isSure: selected === true }];
      }),
    );
  }
}

const withEgress = new WeakMap<Cluster['resources'], boolean>();

/** Whether some policy of the cluster may be about what pods send; of kinds that are not evaluated each may. */
export function hasEgressPolicies(cluster: Cluster): boolean {
  return remember(withEgress, cluster.resources, () =>
    policiesOf(cluster).some((one) => {
      if (isNetworkPolicy(one)) return readNetworkPolicy(one).directions.has('EGRESS');
      return isAdminPolicy(one) ? readAdminPolicy(one).rules.EGRESS.length > 0 : mayDecide(one, 'EGRESS', true);
    }),
  );
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
    const edit = editOfPolicies(cluster);
    if (edit !== undefined) {
      const { root, changed, removed } = edit;
      return policySetOf(root, apis).with(cluster, changed, removed);
    }
    return PolicySet.of(cluster, policiesOf(cluster).filter(counts));
  });
}

/** What an edited cluster has of NetworkPolicies beside the one that it was made of. */
export interface PolicyEdit {
  readonly root: Cluster;
  /** Added, or replaced. */
  readonly changed: readonly Resource[];
  /** `namespace/name` of those that are gone. */
  readonly removed: readonly string[];
}

const MOST_EDITS = 100;

/** The edit, where only NetworkPolicies are others than in the cluster that it was made of; undefined otherwise. */
export function editOfPolicies(cluster: Cluster): PolicyEdit | undefined {
  const { replacements, base } = cluster.resources;
  if (replacements.size === 0 || replacements.size > MOST_EDITS) return undefined;
  let root = cluster;
  while (root.parent !== undefined) root = root.parent;
  if (root.resources.base !== base || root.resources.replacements.size > 0) return undefined;
  const changed: Resource[] = [];
  const removed: string[] = [];
  for (const [key, is] of replacements) {
    const was = base.get(key);
    if (is === was) continue;
    if ((is !== undefined && !isNetworkPolicy(is)) || (was !== undefined && !isNetworkPolicy(was))) return undefined;
    if (is !== undefined) changed.push(is);
    else if (was !== undefined) removed.push(`${was.metadata.namespace ?? 'default'}/${was.metadata.name}`);
  }
  return { root, changed, removed };
}

const foreignOnes = new WeakMap<Cluster['resources'], readonly Resource[]>();
const foreign = new WeakMap<Cluster['resources'], WeakMap<Pod, readonly Resource[]>>();

/** The policies of kinds that are not evaluated (Cilium's, Calico's, Antrea's). */
export function foreignPolicies(cluster: Cluster): readonly Resource[] {
  return remember(foreignOnes, cluster.resources, () => {
    // An edit of NetworkPolicies leaves the others as they are.
    const edit = editOfPolicies(cluster);
    return edit === undefined ? policiesOf(cluster).filter((one) => !isEvaluated(one)) : foreignPolicies(edit.root);
  });
}

/** The policies of kinds that are not evaluated (Cilium's, Calico's, Antrea's) that select a pod. */
export function foreignPoliciesOf(cluster: Cluster, pod: Pod): readonly Resource[] {
  const among = foreignPolicies(cluster);
  if (among.length === 0) return among;
  const byPod = remember(foreign, cluster.resources, () => new WeakMap<Pod, readonly Resource[]>());
  return remember(byPod, pod, () => policiesSelecting(cluster, pod, among));
}
