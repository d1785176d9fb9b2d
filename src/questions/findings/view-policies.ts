/** The pods and the network policies that a question is about. */
import { splitHostPort } from '../../base/address.js';
import { remember } from '../../base/remember.js';
import { podOfAddress } from '../../cluster/addresses.js';
import type { Cluster } from '../../cluster/cluster.js';
import { matchesSelector } from '../../cluster/labels.js';
import { policiesOf } from '../../cluster/network-policies.js';
import { namespacedName, type Pod, type Workload } from '../../cluster/objects.js';
import type { Resource } from '../../cluster/resources.js';
import { matchesServiceSelector } from '../../control-plane/labels.js';
import { isPoliced } from '../../policies/flow.js';
import type { PodPolicy } from '../../policies/network-policy.js';
import { foreignPoliciesOf, policySetOf } from '../../policies/policy-set.js';
import type { View } from './finders.js';

const ofNamespaces = new WeakMap<Cluster['workloads'], ReadonlyMap<string, readonly Workload[]>>();

function workloadsByNamespace({ workloads }: Cluster): ReadonlyMap<string, readonly Workload[]> {
  return remember(ofNamespaces, workloads, () => {
    const found = new Map<string, Workload[]>();
    for (const workload of workloads.values())
      remember(found, workload.metadata.namespace ?? 'default', (): Workload[] => []).push(workload);
    return found;
  });
}

/** The pods that the view is about, by name: clients, endpoints, and what the Services' selectors match. */
export function podsOf({ cluster, services, doors }: View): ReadonlyMap<string, Pod> {
  const found = new Map<string, Pod>();
  const add = (name: string | undefined) => {
    const pod = name === undefined ? undefined : cluster.pods.get(name);
    if (name !== undefined && pod !== undefined) found.set(name, pod);
  };
  for (const { from, endpoints, service, destination } of doors) {
    if (service === undefined) {
      // The address of a pod, where the question names one and no Service.
      for (const text of destination.split(', ')) {
        const pod = podOfAddress(cluster, splitHostPort(text)?.address ?? text);
        if (pod !== undefined) found.set(namespacedName(pod), pod);
      }
    }
    for (const { client } of from) if (client.kind === 'POD') add(client.name.replace(/^pod\//, ''));
    for (const { pod } of endpoints) add(pod);
    for (const { outcomes } of from) for (const { receiver } of outcomes) add(receiver?.pod);
  }
  const byNamespace = workloadsByNamespace(cluster);
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

/**
 * The policies that the view is about. Of the whole cluster or some namespaces: those in them, and those of the whole
 * cluster. Of certain connections: those that select a pod of theirs.
 */
export function policiesInView(view: View): readonly Resource[] {
  return remember(inViews, view, () => policiesOfView(view));
}

/** Several findings ask. */
const inViews = new WeakMap<View, readonly Resource[]>();

function policiesOfView(view: View): readonly Resource[] {
  const { cluster, wide } = view;
  const all = policiesOf(cluster);
  if (all.length === 0) return all;
  if (wide !== undefined) {
    const { namespaces } = wide;
    return namespaces === undefined
      ? all
      : all.filter(({ metadata: { namespace } }) => namespace === undefined || namespaces.has(namespace));
  }
  const set = policySetOf(cluster);
  const found = new Set<Resource>();
  // Pods of a workload are selected by one list.
  const lists = new Set<readonly PodPolicy[]>();
  for (const pod of podsOf(view).values()) {
    if (!isPoliced(pod)) continue;
    const selecting = set.selecting(pod);
    if (!lists.has(selecting)) for (const { resource } of selecting) found.add(resource);
    lists.add(selecting);
    for (const { policy } of set.subjects(pod)) found.add(policy.resource);
    for (const resource of foreignPoliciesOf(cluster, pod)) found.add(resource);
  }
  return [...found];
}
