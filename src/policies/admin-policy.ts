/**
 * AdminNetworkPolicy and BaselineAdminNetworkPolicy (policy.networking.k8s.io/v1alpha1, both wire forms) and
 * ClusterNetworkPolicy (v1alpha2, v1beta1). Source: kubernetes-sigs/network-policy-api, apis/.
 */
import type { Cluster } from '../cluster/cluster.js';
import { matchesSelector } from '../cluster/labels.js';
import type { Pod } from '../cluster/objects.js';
import type { Resource } from '../cluster/resources.js';
import { type Direction, type End, type Flow, namespaceOf } from './flow.js';
import { best, fieldsOf, inNetwork, inRange, isGiven, listOf, namesPort, readNetwork, type Verdict } from './rule.js';
import { allOf, type Match, relatesTo, selectorOf, selectsAll, selectsNamespace, selectsPod } from './selectors.js';

export type Tier = 'ADMIN' | 'BASELINE';
export type Action = 'ALLOW' | 'DENY' | 'PASS';

export interface AdminPolicy {
  readonly resource: Resource;
  readonly tier: Tier;
  readonly priority: number;
  readonly subject: unknown;
  readonly rules: Readonly<Record<Direction, readonly unknown[]>>;
}

/** Reads a policy of an administrator. */
export function readAdminPolicy(resource: Resource): AdminPolicy {
  const { priority, subject, ingress, egress, tier } = fieldsOf(resource.spec);
  const isBaseline = resource.kind === 'BaselineAdminNetworkPolicy' || tier === 'Baseline';
  return {
    resource,
    tier: isBaseline ? 'BASELINE' : 'ADMIN',
    priority: typeof priority === 'number' ? priority : 0,
    subject,
    rules: { INGRESS: listOf(ingress), EGRESS: listOf(egress) },
  };
}

/** What a rule does with what it matches; undefined for an action that the API does not know. */
export function actionOf(rule: unknown): Action | undefined {
  const { action } = fieldsOf(rule);
  if (action === 'Allow' || action === 'Accept') return 'ALLOW';
  return action === 'Deny' ? 'DENY' : action === 'Pass' ? 'PASS' : undefined;
}

/** The selector of namespaces; the API's first form wraps it. */
function namespaces(value: unknown): unknown {
  const { namespaceSelector } = fieldsOf(value);
  return namespaceSelector ?? value;
}

/** The selectors of `{namespaces}` or `{pods}`, of both wire forms; undefined where neither is there. */
export function selectorsOf(
  value: unknown,
): { readonly namespaceSelector: unknown; readonly podSelector: unknown } | undefined {
  const fields = fieldsOf(value);
  if (isGiven(fields.namespaces)) {
    return { namespaceSelector: namespaces(fields.namespaces), podSelector: {} };
  }
  if (!isGiven(fields.pods)) return undefined;
  const own = fieldsOf(fields.pods);
  return {
    namespaceSelector: own.namespaceSelector ?? namespaces(own.namespaces ?? {}),
    podSelector: own.podSelector ?? {},
  };
}

/**
 * Whether a peer selects namespaces by comparing their labels with those of the subject's namespace: `sameLabels` and
 * `notSameLabels` of the API's first form.
 */
export function isRelative(value: unknown): boolean {
  const { sameLabels, notSameLabels } = fieldsOf(value);
  return Array.isArray(sameLabels) || Array.isArray(notSameLabels);
}

/**
 * Whether `{namespaces}` or `{pods}` selects a pod; `subject` is the pod that the policy is about, where this is a
 * peer.
 */
function selects(cluster: Cluster, value: unknown, pod: Pod, subject?: Pod): Match | 'NEITHER' {
  const selectors = selectorsOf(value);
  if (selectors === undefined) return 'NEITHER';
  const { namespaceSelector, podSelector } = selectors;
  const name = namespaceOf(pod);
  const inNamespace =
    subject !== undefined && isRelative(namespaceSelector)
      ? relatesTo(cluster, fieldsOf(namespaceSelector), name, namespaceOf(subject))
      : selectsNamespace(cluster, namespaceSelector, name);
  return allOf(inNamespace, selectsPod(podSelector, pod));
}

/** Whether `{namespaces}` or `{pods}` selects every pod, whatever its labels and its namespace. */
export function selectsAny(value: unknown): boolean {
  const selectors = selectorsOf(value);
  if (selectors === undefined || isRelative(selectors.namespaceSelector)) return false;
  return selectsAll(selectors.namespaceSelector) && selectsAll(selectors.podSelector);
}

/** Whether the policy is about the pod. */
export function isSubject(cluster: Cluster, policy: AdminPolicy, pod: Pod): Match {
  const selected = selects(cluster, policy.subject, pod);
  return selected === 'NEITHER' ? false : selected;
}

function matchesPeer(
  cluster: Cluster,
  value: unknown,
  end: End,
  direction: Direction,
  action: Action,
  subject: Pod | undefined,
): Verdict {
  const fields = fieldsOf(value);
  if (isGiven(fields.namespaces) || isGiven(fields.pods)) {
    if (end.pod === undefined) {
      if (end.isSomePod !== true) return 'PEER';
      // Who sends it is a pod. An address that it goes to may be nobody's.
      return direction === 'INGRESS' && selectsAny(value) ? undefined : 'UNKNOWN';
    }
    const selected = selects(cluster, value, end.pod, subject);
    return selected === undefined ? 'UNKNOWN' : selected === true ? undefined : 'PEER';
  }
  if (direction === 'EGRESS' && isGiven(fields.nodes)) {
    return end.node !== undefined && matchesSelector(end.node.metadata.labels, selectorOf(fields.nodes))
      ? undefined
      : 'PEER';
  }
  if (direction === 'EGRESS' && isGiven(fields.networks)) {
    return best(listOf(fields.networks), 'PEER', (one) => inNetwork(readNetwork(one), end.address));
  }
  // Which addresses a name has is not known: the rule may match an address outside of the cluster.
  if (direction === 'EGRESS' && isGiven(fields.domainNames)) {
    return end.pod === undefined && end.node === undefined ? 'UNKNOWN' : 'PEER';
  }
  // A peer of a kind that is not known must not let anything through.
  return action === 'ALLOW' ? 'PEER' : undefined;
}

function matchesPort(value: unknown, flow: Flow): Verdict {
  const { portNumber, portRange, namedPort } = fieldsOf(value);
  if (typeof namedPort === 'string') return namesPort(flow.destination, namedPort, flow);
  const fields = fieldsOf(portNumber ?? portRange);
  if ((fields.protocol ?? 'TCP') !== flow.protocol) return 'PROTOCOL';
  return isGiven(portNumber)
    ? inRange(flow.port, fields.port, undefined)
    : inRange(flow.port, fields.start, fields.end);
}

function matchesProtocol(value: unknown, flow: Flow): Verdict {
  const fields = fieldsOf(value);
  if (typeof fields.destinationNamedPort === 'string') {
    return namesPort(flow.destination, fields.destinationNamedPort, flow);
  }
  const own = fields[flow.protocol.toLowerCase()];
  if (own === undefined || own === null) return 'PROTOCOL';
  const { destinationPort } = fieldsOf(own);
  if (destinationPort === undefined || destinationPort === null) return undefined;
  const { number, range } = fieldsOf(destinationPort);
  if (isGiven(number)) return inRange(flow.port, number, undefined);
  const { start, end } = fieldsOf(range);
  return inRange(flow.port, start, end);
}

/** Whether a rule matches the connection. */
export function matchesAdminRule(cluster: Cluster, direction: Direction, rule: unknown, flow: Flow): Verdict {
  const fields = fieldsOf(rule);
  const action = actionOf(rule) ?? 'DENY';
  const end = direction === 'INGRESS' ? flow.source : flow.destination;
  const peers = listOf(direction === 'INGRESS' ? fields.from : fields.to);
  const subject = (direction === 'INGRESS' ? flow.destination : flow.source).pod;
  const peer = best(peers, 'PEER', (one) => matchesPeer(cluster, one, end, direction, action, subject));
  if (peer !== undefined && peer !== 'UNKNOWN') return peer;
  const { ports, protocols } = fields;
  // A rule has one of them, by its version of the API.
  const port = Array.isArray(protocols)
    ? best(protocols, undefined, (one) => matchesProtocol(one, flow))
    : best(listOf(ports), undefined, (one) => matchesPort(one, flow));
  return port ?? peer;
}
