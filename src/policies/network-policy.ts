/**
 * NetworkPolicy (networking.k8s.io/v1): whether it isolates a pod, and which of its rules let a connection through.
 * Source: Kubernetes 1.36 staging/src/k8s.io/api/networking/v1/types.go.
 */
import type { Cluster } from '../cluster/cluster.js';
import type { Resource } from '../cluster/resources.js';
import { type Direction, type End, type Flow, namespaceOf } from './flow.js';
import { best, fieldsOf, inNetwork, inRange, listOf, namesPort, type Verdict } from './rule.js';
import { allOf, selectsNamespace, selectsPod } from './selectors.js';

/** A NetworkPolicy as it is evaluated. */
export interface PodPolicy {
  /** `namespace/name` */
  readonly key: string;
  readonly namespace: string;
  readonly resource: Resource;
  readonly podSelector: unknown;
  readonly rules: Readonly<Record<Direction, readonly unknown[]>>;
  readonly directions: ReadonlySet<Direction>;
}

/** Reads a policy; `policyTypes` that are missing are filled in as the API server does it. */
export function readNetworkPolicy(resource: Resource): PodPolicy {
  const { podSelector, policyTypes, ingress, egress } = fieldsOf(resource.spec);
  const namespace = resource.metadata.namespace ?? 'default';
  const egressRules = listOf(egress);
  const types = listOf(policyTypes);
  const directions = new Set<Direction>();
  if (types.length === 0 || types.includes('Ingress')) directions.add('INGRESS');
  if (types.includes('Egress') || (types.length === 0 && egressRules.length > 0)) directions.add('EGRESS');
  return {
    key: `${namespace}/${resource.metadata.name}`,
    namespace,
    resource,
    podSelector: podSelector ?? {},
    rules: { INGRESS: listOf(ingress), EGRESS: egressRules },
    directions,
  };
}

function matchesPeer(cluster: Cluster, policy: PodPolicy, value: unknown, end: End, flow: Flow): Verdict {
  const { ipBlock, podSelector, namespaceSelector } = fieldsOf(value);
  if (ipBlock !== undefined && ipBlock !== null) {
    const { blocks = 'ALL' } = flow;
    const isPod = end.pod !== undefined || end.isSomePod === true;
    if (blocks !== 'ALL' && isPod) return 'PEER';
    if (blocks === 'OUTSIDE' && end.node !== undefined) return 'PEER';
    const { cidr, except } = fieldsOf(ipBlock);
    const inside = inNetwork(cidr, end.address);
    if (inside !== undefined) return inside;
    return listOf(except).some((one) => inNetwork(one, end.address) === undefined) ? 'PEER' : undefined;
  }
  const { pod } = end;
  const hasPods = podSelector !== undefined && podSelector !== null;
  const hasNamespaces = namespaceSelector !== undefined && namespaceSelector !== null;
  if (!hasPods && !hasNamespaces) return 'PEER';
  if (pod === undefined) return end.isSomePod === true ? 'UNKNOWN' : 'PEER';
  const namespace = namespaceOf(pod);
  const inNamespace = hasNamespaces
    ? selectsNamespace(cluster, namespaceSelector, namespace)
    : namespace === policy.namespace;
  const selected = !hasPods || selectsPod(podSelector, pod);
  const matched = allOf(inNamespace, selected);
  if (matched === undefined) return 'UNKNOWN';
  if (matched) return undefined;
  return inNamespace === false ? 'NAMESPACE' : 'PEER';
}

function matchesPort(value: unknown, flow: Flow): Verdict {
  const { protocol, port, endPort } = fieldsOf(value);
  if ((protocol ?? 'TCP') !== flow.protocol) return 'PROTOCOL';
  if (port === undefined || port === null) return undefined;
  return typeof port === 'string' ? namesPort(flow.destination, port, flow) : inRange(flow.port, port, endPort);
}

/** Whether a rule lets the connection through: some peer and some port match. */
export function matchesRule(
  cluster: Cluster,
  policy: PodPolicy,
  direction: Direction,
  rule: unknown,
  flow: Flow,
): Verdict {
  const fields = fieldsOf(rule);
  const peers = listOf(direction === 'INGRESS' ? fields.from : fields.to);
  const end = direction === 'INGRESS' ? flow.source : flow.destination;
  const peer = best(peers, undefined, (one) => matchesPeer(cluster, policy, one, end, flow));
  if (peer !== undefined && peer !== 'UNKNOWN') return peer;
  const port = best(listOf(fields.ports), undefined, (one) => matchesPort(one, flow));
  return port ?? peer;
}
