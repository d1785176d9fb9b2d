/** The policies of a cluster, read once, and those that select a pod. */
import { remember } from '../base/remember.js';
import type { Cluster } from '../cluster/cluster.js';
import { policiesOf, policiesSelecting } from '../cluster/network-policies.js';
import type { Pod } from '../cluster/objects.js';
import type { Resource } from '../cluster/resources.js';
import { type AdminPolicy, isSubject, readAdminPolicy } from './admin-policy.js';
import { type Direction, namespaceOf } from './flow.js';
import { type PodPolicy, readNetworkPolicy } from './network-policy.js';
import { RuleIndex } from './rule-index.js';
import { labelsKey, labelText, type Match, selectorOf, selectsPod } from './selectors.js';

/** An administrator's policy that selects a pod, or may. */
export interface Subject {
  readonly policy: AdminPolicy;
  /** Whether it surely does. */
  readonly isSure: boolean;
}

/** NetworkPolicies that isolate a pod in one direction: one object for pods that the same ones isolate. */
export interface Isolation {
  readonly policies: readonly PodPolicy[];
  readonly names: readonly string[];
  readonly rules: RuleIndex;
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
    const [first] = Object.entries(selectorOf(policy.podSelector)?.matchLabels ?? {});
    remember(found, first === undefined ? '' : labelText(...first), (): PodPolicy[] => []).push(policy);
  }
  return found;
}

/** The NetworkPolicies of a namespace: those read first, without those that are gone, and those that came later. */
interface OfNamespace {
  readonly byLabel: ByLabel;
  readonly gone: ReadonlySet<string>;
  readonly added: readonly PodPolicy[];
}

const NONE: OfNamespace = { byLabel: new Map(), gone: new Set(), added: [] };

function ofNamespaces(policies: readonly PodPolicy[]): ReadonlyMap<string, OfNamespace> {
  const found = new Map<string, PodPolicy[]>();
  for (const policy of policies) remember(found, policy.namespace, (): PodPolicy[] => []).push(policy);
  return new Map([...found].map(([name, all]) => [name, { ...NONE, byLabel: byLabel(all) }]));
}

/** The policies that are evaluated. */
export class PolicySet {
  readonly #byNamespace: ReadonlyMap<string, OfNamespace>;
  readonly #admin: readonly AdminPolicy[];
  readonly #isolating = new WeakMap<Pod, Isolating>();
  readonly #isolatingLabels = new Map<string, Isolating>();
  readonly #isolations = new Map<string, Isolation>();
  readonly #subjects = new WeakMap<Pod, readonly Subject[]>();
  readonly #cluster: Cluster;
  /** Whether there is any policy that is evaluated. */
  readonly isEmpty: boolean;

  private constructor(cluster: Cluster, byNamespace: ReadonlyMap<string, OfNamespace>, admin: readonly AdminPolicy[]) {
    this.#cluster = cluster;
    this.#byNamespace = byNamespace;
    this.#admin = admin;
    this.isEmpty = byNamespace.size === 0 && admin.length === 0;
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
    const policies = changed.map(readNetworkPolicy);
    const gone = new Set([...removed, ...policies.map(({ key }) => key)]);
    const byNamespace = new Map(this.#byNamespace);
    for (const name of new Set([...gone].map((key) => key.slice(0, key.indexOf('/'))))) {
      const was = byNamespace.get(name) ?? NONE;
      byNamespace.set(name, {
        byLabel: was.byLabel,
        gone: new Set([...was.gone, ...gone]),
        added: [
          ...was.added.filter(({ key }) => !gone.has(key)),
          ...policies.filter(({ namespace }) => namespace === name),
        ],
      });
    }
    return new PolicySet(cluster, byNamespace, this.#admin);
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
    return remember(this.#isolating, pod, () =>
      remember(this.#isolatingLabels, labelsKey(pod), () => {
        const all = this.#selecting(pod);
        return { all, INGRESS: this.#isolation(all, 'INGRESS'), EGRESS: this.#isolation(all, 'EGRESS') };
      }),
    );
  }

  #selecting(pod: Pod): readonly PodPolicy[] {
    const policies = this.#byNamespace.get(namespaceOf(pod));
    if (policies === undefined) return [];
    const { byLabel: known, gone, added } = policies;
    const own = Object.entries(pod.metadata.labels ?? {}).map(([key, value]) => labelText(key, value));
    const candidates = ['', ...own].flatMap((one) => known.get(one) ?? []);
    return [...(gone.size === 0 ? candidates : candidates.filter(({ key }) => !gone.has(key))), ...added]
      .filter(({ podSelector }) => selectsPod(podSelector, pod))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  #isolation(selecting: readonly PodPolicy[], direction: Direction): Isolation {
    const policies = selecting.filter(({ directions }) => directions.has(direction));
    const names = policies.map(({ key }) => key);
    const make = () => ({ policies, names, rules: new RuleIndex(policies, direction) });
    return remember(this.#isolations, `${direction} ${names.join(' ')}`, make);
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
