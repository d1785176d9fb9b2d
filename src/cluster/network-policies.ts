/** Which network policies select a pod. What they let through is not evaluated. */
import { fieldsOf } from '../base/record.js';
import { remember } from '../base/remember.js';
import { matchesCalico } from './calico-selector.js';
import type { Cluster } from './cluster.js';
import { matchesSelector } from './labels.js';
import { type LabelSelector, namespacedName, type Pod } from './objects.js';
import { type Resource, resourceRole, textMapOf } from './resources.js';

type Labels = Readonly<Record<string, string>>;

const policies = new WeakMap<Cluster['resources'], readonly Resource[]>();

/** The network policies of a cluster, of every kind. */
export function policiesOf(cluster: Cluster): readonly Resource[] {
  // Asked for every pod: the same map of objects has the same policies.
  return remember(policies, cluster.resources, () => policiesAmong(cluster.resources));
}

const isPolicy = ({ kind, apiVersion }: Resource) => resourceRole(kind, apiVersion) === 'POLICY';
const ofBase = new WeakMap<object, readonly Resource[]>();

/** The policies of the base, which variants share, and of what was added to it. */
function policiesAmong({ base, replacements }: Cluster['resources']): readonly Resource[] {
  const shared = remember(ofBase, base, () => [...base.values()].filter(isPolicy));
  if (replacements.size === 0) return shared;
  const added: Resource[] = [];
  const replaced = new Map<Resource, Resource | undefined>();
  for (const [key, value] of replacements) {
    const was = base.get(key);
    if (was !== undefined) replaced.set(was, value);
    else if (value !== undefined && isPolicy(value)) added.push(value);
  }
  const kept =
    replaced.size === 0
      ? shared
      : shared.flatMap((one) => {
          if (!replaced.has(one)) return [one];
          const value = replaced.get(one);
          return value === undefined || !isPolicy(value) ? [] : [value];
        });
  return added.length === 0 ? kept : [...kept, ...added];
}

/** A value as a label selector; undefined where it is not one. */
function selectorOf(value: unknown): LabelSelector | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { matchLabels, matchExpressions } = fieldsOf(value);
  const labels = textMapOf(matchLabels);
  if (
    labels === undefined ||
    !(matchExpressions === undefined || matchExpressions === null || Array.isArray(matchExpressions))
  )
    return undefined;
  const expressions: { key: string; operator: string; values: string[] }[] = [];
  for (const one of (matchExpressions ?? []) as readonly unknown[]) {
    const { key, operator, values = [] } = fieldsOf(one);
    if (typeof key !== 'string' || typeof operator !== 'string') return undefined;
    if (!(values === null || Array.isArray(values))) return undefined;
    expressions.push({ key, operator, values: (values ?? []).filter((text) => typeof text === 'string') });
  }
  return { matchLabels: labels, matchExpressions: expressions };
}

/** The source of a label, as Cilium's selectors may put it before its key. */
const SOURCE = /^(?:k8s|any)[:.]/;

/** What Cilium puts before the keys of labels of a pod's namespace. */
const OF_NAMESPACE = 'io.cilium.k8s.namespace.labels.';

/** Labels that Cilium gives pods by their service account and their cluster, which are not known here. */
const OF_CILIUM = /^io\.cilium\.k8s\.policy\./;

/**
 * Whether a selector of Cilium selects a pod, which has labels of its namespace, too. Labels that are not known may
 * match, and count as a match.
 */
function ciliumSelects(cluster: Cluster, labels: Labels, namespace: string, value: unknown): boolean {
  const selector = selectorOf(value);
  if (selector === undefined) return true;
  const inherited = namespaceLabels(cluster, namespace);
  const given = Object.entries(inherited ?? {}).map(([key, one]) => [`${OF_NAMESPACE}${key}`, one]);
  const own = { ...labels, ...Object.fromEntries(given), 'io.kubernetes.pod.namespace': namespace };
  const asked = [
    ...Object.entries(selector.matchLabels ?? {}).map(([key, one]) => ({ key, operator: 'In', values: [one] })),
    ...(selector.matchExpressions ?? []),
  ];
  const plain = asked.map((one) => (Object.hasOwn(own, one.key) ? one : { ...one, key: one.key.replace(SOURCE, '') }));
  const isOpen = (key: string) => OF_CILIUM.test(key) || (inherited === undefined && key.startsWith(OF_NAMESPACE));
  return matchesSelector(own, { matchExpressions: plain.filter(({ key }) => !isOpen(key)) });
}

/** The labels of a namespace; undefined where its object is not in the snapshot. */
function namespaceLabels(cluster: Cluster, name: string): Labels | undefined {
  return cluster.resources.get(`Namespace.//${name}`)?.metadata.labels;
}

/**
 * Whether a namespace is selected. Where its object is not in the snapshot only its name is known, which is a label
 * too: a selector that asks for other labels may match it, and counts as a match.
 */
function selectsNamespace(cluster: Cluster, value: unknown, name: string): boolean {
  const selector = selectorOf(value);
  if (selector === undefined) return true;
  const known = namespaceLabels(cluster, name);
  const labels = { ...known, 'kubernetes.io/metadata.name': name };
  if (known !== undefined) return matchesSelector(labels, selector);
  const isKnown = (key: string) => key === 'kubernetes.io/metadata.name';
  return matchesSelector(labels, {
    matchLabels: Object.fromEntries(Object.entries(selector.matchLabels ?? {}).filter(([key]) => isKnown(key))),
    matchExpressions: (selector.matchExpressions ?? []).filter(({ key }) => isKnown(key)),
  });
}

/** Whether labels match a selector that may be absent: absent selects all, one that is not understood may match. */
function selects(labels: Labels, value: unknown): boolean {
  if (value === undefined || value === null) return true;
  const selector = selectorOf(value);
  return selector === undefined || matchesSelector(labels, selector);
}

/** Labels that Calico gives pods by their namespace's labels and their service account. */
const INHERITED = /\bpc(?:ns|sa)\.|projectcalico\.org\/serviceaccount/;

/**
 * Whether labels match a selector of Calico. One that is not understood, or asks for labels that are not known here,
 * may match, and counts as a match.
 */
function calicoSelects(labels: Labels, selector: unknown): boolean {
  if (typeof selector !== 'string' || INHERITED.test(selector)) return true;
  return matchesCalico(labels, selector) ?? true;
}

/**
 * Whether a pod in a namespace is selected by `{namespaceSelector, podSelector}` or Antrea's entries of `appliedTo`.
 */
function appliesTo(
  cluster: Cluster,
  value: unknown,
  labels: Labels,
  namespace: string,
  own: string | undefined,
): boolean {
  const { podSelector, namespaceSelector } = fieldsOf(value);
  if (podSelector === undefined && namespaceSelector === undefined) return true;
  if (namespaceSelector === undefined && own !== undefined && own !== namespace) return false;
  return (
    (namespaceSelector === undefined || selectsNamespace(cluster, namespaceSelector, namespace)) &&
    selects(labels, podSelector)
  );
}

/** Kinds with a selector of pods of their own namespace, as NetworkPolicy has it. */
const BY_PODS: ReadonlySet<string> = new Set(['NetworkPolicy', 'ApplicationNetworkPolicy', 'FQDNNetworkPolicy']);

/**
 * Whether a policy of a kind that is not evaluated may decide connections in a direction; `toPod`: to a pod with an
 * address of its own.
 */
export function mayDecide({ kind, spec }: Resource, direction: 'EGRESS' | 'INGRESS', toPod: boolean): boolean {
  // About what leaves the cluster: the networks of pods are left out (ovn-kubernetes PR 3338).
  if (kind === 'EgressFirewall') return direction === 'EGRESS' && !toPod;
  if (kind === 'FQDNNetworkPolicy') return direction === 'EGRESS';
  const { policyTypes } = fieldsOf(spec);
  if (kind !== 'ApplicationNetworkPolicy' || !Array.isArray(policyTypes) || policyTypes.length === 0) return true;
  return policyTypes.includes(direction === 'EGRESS' ? 'Egress' : 'Ingress');
}

/** Whether a policy selects pods with these labels in this namespace, for either direction. */
function policySelects(cluster: Cluster, policy: Resource, labels: Labels, namespace: string): boolean {
  const { kind, apiVersion, metadata } = policy;
  const own = metadata.namespace ?? 'default';
  const spec = fieldsOf(policy.spec);
  if (kind.startsWith('Cilium')) {
    if (kind === 'CiliumNetworkPolicy' && own !== namespace) return false;
    const rules = Array.isArray(spec.specs) ? [spec, ...spec.specs].map(fieldsOf) : [spec];
    // A rule with nodeSelector is about hosts.
    return rules.some(
      ({ endpointSelector, nodeSelector }) =>
        nodeSelector === undefined &&
        endpointSelector !== undefined &&
        ciliumSelects(cluster, labels, namespace, endpointSelector),
    );
  }
  if (apiVersion.includes('projectcalico.org')) {
    if (kind === 'NetworkPolicy' && own !== namespace) return false;
    if (kind === 'GlobalNetworkPolicy' && typeof spec.namespaceSelector === 'string') {
      const known = namespaceLabels(cluster, namespace);
      const of = { ...known, 'projectcalico.org/name': namespace, 'kubernetes.io/metadata.name': namespace };
      if (known !== undefined && !calicoSelects(of, spec.namespaceSelector)) return false;
    }
    const calico = {
      ...labels,
      'projectcalico.org/namespace': namespace,
      'projectcalico.org/orchestrator': 'k8s',
    };
    return calicoSelects(calico, spec.selector);
  }
  if (apiVersion.startsWith('crd.antrea.io/')) {
    const isNamespacedPolicy = kind === 'NetworkPolicy';
    if (isNamespacedPolicy && own !== namespace) return false;
    const entries = Array.isArray(spec.appliedTo) ? spec.appliedTo : [];
    if (entries.length === 0) return true;
    return entries.some((entry) => appliesTo(cluster, entry, labels, namespace, isNamespacedPolicy ? own : undefined));
  }
  // About every pod of its namespace.
  if (kind === 'EgressFirewall') return own === namespace;
  if (BY_PODS.has(kind)) return own === namespace && selects(labels, spec.podSelector);
  // The policies of administrators: all pods of some namespaces, or some pods of them.
  const subject = fieldsOf(spec.subject);
  const { namespaces, pods } = subject;
  if (namespaces !== undefined && namespaces !== null) return selectsNamespace(cluster, namespaces, namespace);
  return pods === undefined || pods === null || appliesTo(cluster, pods, labels, namespace, undefined);
}

/**
 * The network policies that select a pod, in the order of the snapshot. A pod in its node's network is selected by
 * none: it counts as the host (Kubernetes: "the behavior of hostNetwork pods is undefined"; plugins leave them out).
 */
export function policiesSelecting(
  cluster: Cluster,
  pod: Pod,
  among: readonly Resource[] = policiesOf(cluster),
): readonly Resource[] {
  if (pod.spec?.hostNetwork === true) return [];
  const [namespace = 'default'] = namespacedName(pod).split('/');
  return among.filter((policy) => policySelects(cluster, policy, pod.metadata.labels ?? {}, namespace));
}
