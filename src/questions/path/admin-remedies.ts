/**
 * What lets a packet pass that a rule of an administrator denies: a new policy of the same kind that comes before it
 * and lets this connection alone pass.
 */
import { addressOf } from '../../base/address.js';
import { nodeOfAddress, podOfAddress } from '../../cluster/addresses.js';
import type { Cluster } from '../../cluster/cluster.js';
import { policiesOf } from '../../cluster/network-policies.js';
import type { Pod } from '../../cluster/objects.js';
import type { Resource } from '../../cluster/resources.js';
import type { PathPolicy } from '../../contract/answers.js';
import { readAdminPolicy } from '../../policies/admin-policy.js';
import { isPoliced } from '../../policies/flow.js';
import { isAdminPolicy } from '../../policies/policy-set.js';
import { NAME_LABEL } from '../../policies/selectors.js';
import { type Denial, labelText, narrowestLabels, otherEnd } from './denials.js';

/** A policy that is new, and what it does in words. */
export interface NewPolicy {
  readonly manifest: object;
  readonly text: string;
}

const HOSTNAME = 'kubernetes.io/hostname';

/** A pod by the labels of its namespace and its own. */
function podsLike(cluster: Cluster, pod: Pod): { readonly selector: object; readonly text: string } {
  const { namespace = 'default' } = pod.metadata;
  const labels = narrowestLabels(cluster, pod);
  const podSelector = Object.keys(labels).length === 0 ? {} : { matchLabels: labels };
  const selector = { namespaceSelector: { matchLabels: { [NAME_LABEL]: namespace } }, podSelector };
  return { selector, text: `${labelText(labels)} of namespace ${namespace}` };
}

/** The other end as a peer of an administrator's rule. */
function peerOf(cluster: Cluster, address: string): { readonly peer: object; readonly text: string } {
  const pod = podOfAddress(cluster, address);
  if (pod !== undefined && isPoliced(pod)) {
    const { selector, text } = podsLike(cluster, pod);
    return { peer: { pods: selector }, text };
  }
  const node = nodeOfAddress(cluster, address);
  const host = node?.metadata.labels?.[HOSTNAME];
  if (host !== undefined) return { peer: { nodes: { matchLabels: { [HOSTNAME]: host } } }, text: `node ${host}` };
  const cidr = `${address}/${addressOf(address)?.family === 'IPv6' ? 128 : 32}`;
  return { peer: { networks: [cidr] }, text: cidr };
}

/** The ports of a rule, as the kind has them. */
function portsOf(kind: string, { port, protocol = 'TCP' }: PathPolicy): object {
  if (port === undefined) return {};
  return kind === 'ClusterNetworkPolicy'
    ? { protocols: [{ [protocol.toLowerCase()]: { destinationPort: { number: port } } }] }
    : { ports: [{ portNumber: { port, protocol } }] };
}

/** The largest priority before another one that no policy of the kind has; undefined where none is free. */
function priorityBefore(cluster: Cluster, { kind }: Resource, priority: number, taken: ReadonlySet<number>) {
  const used = new Set(taken);
  for (const one of policiesOf(cluster))
    if (one.kind === kind && isAdminPolicy(one)) used.add(readAdminPolicy(one).priority);
  for (let free = priority - 1; free >= 0; free--) if (!used.has(free)) return free;
  return undefined;
}

function freeName(cluster: Cluster, { kind }: Resource, wanted: string, taken: ReadonlySet<string>): string {
  const has = (name: string) => taken.has(name) || cluster.resources.has(`${kind}.policy.networking.k8s.io//${name}`);
  for (let number = 1; ; number++) {
    const name = number === 1 ? wanted : `${wanted}-${number}`;
    if (!has(name)) return name;
  }
}

/**
 * One new policy for each direction and pods that administrators' policies deny; undefined where one of them can have
 * nothing before it.
 */
export function newAdminPolicies(cluster: Cluster, denials: readonly Denial[]): readonly NewPolicy[] | undefined {
  const made = new Map<string, NewPolicy>();
  const [priorities, names] = [new Set<number>(), new Set<string>()];
  for (const { policy, pod } of denials) {
    const { direction, decidedBy, port, protocol = 'TCP' } = policy;
    const denying = cluster.resources.get(`${decidedBy?.kind}.policy.networking.k8s.io//${decidedBy?.policy}`);
    if (denying === undefined) return undefined;
    const subject = podsLike(cluster, pod);
    const { peer, text } = peerOf(cluster, otherEnd(policy));
    const { kind, apiVersion } = denying;
    const key = JSON.stringify([kind, direction, subject, peer, port, protocol]);
    if (made.has(key)) continue;
    const priority = priorityBefore(cluster, denying, readAdminPolicy(denying).priority, priorities);
    if (priority === undefined) return undefined;
    const isIngress = direction === 'INGRESS';
    const name = freeName(cluster, denying, isIngress ? 'allow-ingress' : 'allow-egress', names);
    priorities.add(priority);
    names.add(name);
    const isCluster = kind === 'ClusterNetworkPolicy';
    const action = isCluster ? 'Accept' : 'Allow';
    const rule = { action, [isIngress ? 'from' : 'to']: [peer], ...portsOf(kind, policy) };
    const manifest = {
      ...{ apiVersion, kind, metadata: { name } },
      spec: {
        ...(isCluster ? { tier: 'Admin' } : {}),
        priority,
        subject: { pods: subject.selector },
        [isIngress ? 'ingress' : 'egress']: [rule],
      },
    };
    const does = isIngress ? 'takes connections from' : 'may connect to';
    const to = port === undefined ? '' : `, ${protocol} port ${port}`;
    const said = `${kind} ${name} (priority ${priority}): ${subject.text} ${does} ${text}${to}`;
    made.set(key, { manifest, text: said });
  }
  return [...made.values()];
}
