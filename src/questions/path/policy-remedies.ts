/** What would let a packet pass that network policies deny: the smallest new policy, or one missing label. */
import { addressOf } from '../../base/address.js';
import { podOfAddress } from '../../cluster/addresses.js';
import type { Cluster } from '../../cluster/cluster.js';
import { namespacedName } from '../../cluster/objects.js';
import { type Resource, resourceKey } from '../../cluster/resources.js';
import type { PathPolicy } from '../../contract/answers.js';
import type { Change } from '../../contract/requests.js';
import { isPoliced } from '../../policies/flow.js';
import { isEvaluated } from '../../policies/policy-set.js';
import { fieldsOf, listOf } from '../../policies/rule.js';
import { labelsKey, NAME_LABEL, selectorOf } from '../../policies/selectors.js';
import { newAdminPolicies } from './admin-remedies.js';
import { type Denial, denialsOf, type Labels, labelText, narrowestLabels, otherEnd } from './denials.js';

/** A change that may let the packet pass. */
export interface PolicyRemedy {
  /** What is done, as a clause. */
  readonly what: string;
  readonly change: Change;
}

/** Labels that are tried, at most. */
const MOST_LABELS = 3;

/** Denials, of as many pods, for which one label is looked for, at most. */
const MOST_DENIED = 100;

/** The other end of a denied connection: pods by labels, or an address. */
function peerOf(cluster: Cluster, address: string, own: string): { readonly peer: object; readonly text: string } {
  const pod = podOfAddress(cluster, address);
  if (pod === undefined || !isPoliced(pod)) {
    const cidr = `${address}/${addressOf(address)?.family === 'IPv6' ? 128 : 32}`;
    return { peer: { ipBlock: { cidr } }, text: cidr };
  }
  const { namespace = 'default' } = pod.metadata;
  const labels = narrowestLabels(cluster, pod);
  const podSelector = { podSelector: Object.keys(labels).length === 0 ? {} : { matchLabels: labels } };
  if (namespace === own) return { peer: podSelector, text: labelText(labels) };
  const namespaceSelector = { matchLabels: { [NAME_LABEL]: namespace } };
  return { peer: { namespaceSelector, ...podSelector }, text: `${labelText(labels)} of namespace ${namespace}` };
}

/** A name that no policy of the namespace has. */
function freeName(cluster: Cluster, namespace: string, wanted: string): string {
  for (let number = 1; ; number++) {
    const name = number === 1 ? wanted : `${wanted}-${number}`;
    const groups = ['networking.k8s.io', 'extensions'];
    if (!groups.some((group) => cluster.resources.has(`NetworkPolicy.${group}/${namespace}/${name}`))) return name;
  }
}

/** One new policy for each direction and namespace that denies: the narrowest that lets this connection pass. */
function newPolicies(cluster: Cluster, denials: readonly Denial[]): PolicyRemedy[] {
  if (denials.length === 0) return [];
  // What an administrator's rule denies no NetworkPolicy lets through.
  const admin = newAdminPolicies(
    cluster,
    denials.filter(({ policy: { tier } }) => tier === 'ADMIN'),
  );
  if (admin === undefined) return [];
  const manifests = new Map<string, { readonly manifest: object; readonly text: string }>();
  const done = new Set<string>();
  for (const { policy, pod } of denials) {
    if (policy.tier === 'ADMIN') continue;
    const { direction, source, destination = '', port, protocol } = policy;
    const { namespace = 'default' } = pod.metadata;
    // Endpoints of one Service have the same labels, and come to the same policy.
    const alike = `${direction} ${otherEnd(policy)} ${port} ${protocol} ${labelsKey(pod)}`;
    if (done.has(alike)) continue;
    done.add(alike);
    const labels = narrowestLabels(cluster, pod);
    const isIngress = direction === 'INGRESS';
    const { peer, text } = peerOf(cluster, isIngress ? source : destination, namespace);
    const ports = port === undefined ? {} : { ports: [{ port, protocol: protocol ?? 'TCP' }] };
    const name = freeName(cluster, namespace, isIngress ? 'allow-ingress' : 'allow-egress');
    const rule = { [isIngress ? 'from' : 'to']: [peer], ...ports };
    const manifest = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { namespace, name },
      spec: {
        podSelector: Object.keys(labels).length === 0 ? {} : { matchLabels: labels },
        policyTypes: [isIngress ? 'Ingress' : 'Egress'],
        [isIngress ? 'ingress' : 'egress']: [rule],
      },
    };
    const to = port === undefined ? '' : `, ${protocol ?? 'TCP'} port ${port}`;
    const said = isIngress
      ? `NetworkPolicy ${namespace}/${name}: ${labelText(labels)} takes connections from ${text}${to}`
      : `NetworkPolicy ${namespace}/${name}: ${labelText(labels)} may connect to ${text}${to}`;
    manifests.set(JSON.stringify([namespace, direction, manifest.spec]), { manifest, text: said });
  }
  const all = [...manifests.values()];
  // Of several policies of one direction and namespace each has a name of its own.
  const named = all.map(({ manifest, text }, index) => {
    const same = all
      .slice(0, index)
      .filter(
        (one) => JSON.stringify(Object(one.manifest).metadata) === JSON.stringify(Object(manifest).metadata),
      ).length;
    if (same === 0) return { manifest, text };
    const { metadata } = manifest as { readonly metadata: { readonly name: string } };
    const name = `${metadata.name}-${index + 1}`;
    return {
      manifest: { ...manifest, metadata: { ...metadata, name } },
      text: text.replace(`/${metadata.name}:`, `/${name}:`),
    };
  });
  const made = [...admin, ...named];
  const what = `${made.length === 1 ? 'a new ' : 'new policies: '}${made.map(({ text }) => text).join('; ')}`;
  return [{ what, change: { apply: { manifests: made.map(({ manifest }) => manifest) } } as Change }];
}

/**
 * A cluster with the policies that a remedy applies, all of them new, as applying them makes it: they are complete, and
 * what the API server takes. Undefined for another change.
 */
export function withNewPolicies(cluster: Cluster, change: Change): Cluster | undefined {
  const { manifests } = change.apply ?? {};
  if (manifests === undefined) return undefined;
  const added = new Map<string, Resource>();
  for (const manifest of manifests) {
    const { metadata, ...rest } = manifest as unknown as Resource;
    const resource: Resource = { ...rest, metadata: { labels: {}, annotations: {}, ...metadata } };
    const key = resourceKey(resource);
    if (!isEvaluated(resource) || cluster.resources.has(key)) return undefined;
    added.set(key, resource);
  }
  return cluster.with({ resources: added });
}

/**
 * The label that one selector asks for and an object lacks; undefined where it is more than one, or where a label would
 * have to be another: others may select the object by that.
 */
function missingLabel(value: unknown, labels: Labels): readonly [string, string] | undefined {
  const selector = selectorOf(value);
  if (selector === undefined) return undefined;
  const wanted: (readonly [string, string])[] = [];
  for (const [key, one] of Object.entries(selector.matchLabels ?? {})) {
    if (labels[key] === one) continue;
    if (labels[key] !== undefined) return undefined;
    wanted.push([key, one]);
  }
  for (const { key, operator, values: given } of selector.matchExpressions ?? []) {
    const values = given ?? [];
    const own = labels[key];
    if (operator === 'In' && own === undefined) wanted.push([key, values[0] ?? '']);
    else if (operator === 'Exists' && own === undefined) wanted.push([key, 'true']);
    else if (operator === 'In' && own !== undefined && !values.includes(own)) return undefined;
    else if (operator === 'DoesNotExist' && own !== undefined) return undefined;
    else if (operator === 'NotIn' && own !== undefined && values.includes(own)) return undefined;
  }
  return wanted.length === 1 ? wanted[0] : undefined;
}

/**
 * One label on the other end's pod, or on its namespace, with which a rule matches that does not now. Where several
 * pods are denied, as the endpoints of one Service, one label must do for all of them: one way, and either of one pod
 * or of one namespace.
 */
function missingLabels(cluster: Cluster, denials: readonly Denial[]): PolicyRemedy[] {
  const [denial] = denials;
  if (denial === undefined || denials.length > MOST_DENIED) return [];
  const { direction, refusals } = denial.policy;
  const isAlike = ({ policy }: Denial) => policy.direction === direction && policy.tier === 'NETWORK_POLICY';
  if (!denials.every(isAlike)) return [];
  const ends = new Set(denials.map(({ policy }) => otherEnd(policy)));
  const others = Array.from(ends, (address) => podOfAddress(cluster, address));
  const [other] = others;
  if (other === undefined || others.some((one) => one === undefined || !isPoliced(one))) return [];
  const { namespace = 'default', labels = {} } = other.metadata;
  if (others.some((one) => (one?.metadata.namespace ?? 'default') !== namespace)) return [];
  const isOnePod = others.every((one) => one === other);
  const ofNamespace = cluster.resources.get(`Namespace.//${namespace}`)?.metadata.labels;
  const found = new Map<string, PolicyRemedy>();
  for (const { policy: key, rule, reason } of refusals) {
    if (reason !== 'PEER' && reason !== 'NAMESPACE') continue;
    const [inNamespace = '', name] = key.split('/');
    const spec = fieldsOf(cluster.resources.get(`NetworkPolicy.networking.k8s.io/${inNamespace}/${name}`)?.spec);
    const one = fieldsOf(listOf(direction === 'INGRESS' ? spec.ingress : spec.egress)[rule]);
    for (const peer of listOf(direction === 'INGRESS' ? one.from : one.to)) {
      const { podSelector, namespaceSelector } = fieldsOf(peer);
      const label = podSelector === undefined || !isOnePod ? undefined : missingLabel(podSelector, labels);
      if (label !== undefined) {
        const what =
          `label ${label[0]}=${label[1]} on pod ${namespacedName(other)} (on its workload's template), as rule ` +
          `${rule} of ${key} asks for`;
        const patch = { metadata: { labels: { [label[0]]: label[1] } } };
        const change = { patch: { kind: 'Pod', namespace, name: other.metadata.name, patch } } as Change;
        found.set(`pod ${label.join('=')}`, { what, change });
      }
      const above =
        namespaceSelector === undefined || ofNamespace === undefined
          ? undefined
          : missingLabel(namespaceSelector, ofNamespace);
      if (above !== undefined && above[0] !== NAME_LABEL) {
        const what = `label ${above[0]}=${above[1]} on namespace ${namespace}, as rule ${rule} of ${key} asks for`;
        const patch = { metadata: { labels: { [above[0]]: above[1] } } };
        found.set(`namespace ${above.join('=')}`, {
          what,
          change: { patch: { kind: 'Namespace', name: namespace, patch } } as Change,
        });
      }
    }
  }
  return [...found.values()].slice(0, MOST_LABELS);
}

/**
 * Changes that may let a connection pass which policies deny (`said`: what they say on its ways), the smallest first;
 * whether they do is for who asks again.
 */
export function policyRemedies(said: readonly PathPolicy[], cluster: Cluster): readonly PolicyRemedy[] {
  const denials = denialsOf(said, cluster);
  return [...missingLabels(cluster, denials), ...newPolicies(cluster, denials)];
}
