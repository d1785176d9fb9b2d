/** Which rules of an administrator's policy can match nothing that is in the cluster, as for NetworkPolicies. */
import type { Cluster } from '../cluster/cluster.js';
import { matchesSelector } from '../cluster/labels.js';
import type { Pod } from '../cluster/objects.js';
import type { Resource } from '../cluster/resources.js';
import { isSubject, readAdminPolicy, selectorsOf } from './admin-policy.js';
import type { Direction } from './flow.js';
import { isNamed, type NeverCause, type NeverMatch, type Peers, peerPods, peersOf } from './reach-of-rules.js';
import { fieldsOf, isGiven, listOf } from './rule.js';
import { selectorOf } from './selectors.js';

/** Whom a peer means: pods, somebody who is not listed (an address, a domain), or why it means nobody. */
function meant(peers: Peers, peer: unknown, direction: Direction): readonly Pod[] | NeverCause | undefined {
  const { nodes, namespaces } = fieldsOf(peer);
  const selectors = selectorsOf(peer);
  // All pods of some namespaces: there may be none yet.
  if (isGiven(namespaces)) {
    return peerPods(peers, { namespaceSelector: selectors?.namespaceSelector }, undefined);
  }
  if (selectors !== undefined) return peerPods(peers, selectors, undefined);
  if (direction === 'EGRESS' && isGiven(nodes)) {
    const all = [...peers.cluster.nodes.values()];
    return all.some(({ metadata }) => matchesSelector(metadata.labels, selectorOf(nodes))) ? undefined : 'NO_NODE';
  }
  return undefined;
}

/** The name that a port or protocol of a rule asks for. */
function nameIn(value: unknown): string | undefined {
  const { namedPort, destinationNamedPort } = fieldsOf(value);
  const name = namedPort ?? destinationNamedPort;
  return typeof name === 'string' ? name : undefined;
}

/** The parts of the rules of an administrator's policy that can match nothing of what is in the cluster. */
export function neverMatchingAdmin(cluster: Cluster, resource: Resource): readonly NeverMatch[] {
  const policy = readAdminPolicy(resource);
  const peers = peersOf(cluster);
  const found: NeverMatch[] = [];
  const subjects = () => peers.pods.filter((pod) => isSubject(cluster, policy, pod) !== false);
  for (const direction of ['INGRESS', 'EGRESS'] as const) {
    const [list, side] = direction === 'INGRESS' ? ['ingress', 'from'] : ['egress', 'to'];
    for (const [index, rule] of policy.rules[direction].entries()) {
      const base = `/spec/${list}/${index}`;
      const fields = fieldsOf(rule);
      const receivers: Pod[] = [];
      let isOpen = false;
      for (const [at, peer] of listOf(fields[side as string]).entries()) {
        const pods = meant(peers, peer, direction);
        if (typeof pods === 'string') {
          found.push({ direction, pointer: `${base}/${side}/${at}`, cause: pods, what: JSON.stringify(peer) });
        } else if (pods === undefined) isOpen = true;
        else receivers.push(...pods);
      }
      for (const field of ['ports', 'protocols']) {
        for (const [at, one] of listOf(fields[field]).entries()) {
          const name = nameIn(one);
          if (name === undefined) continue;
          const pods = direction === 'INGRESS' ? subjects() : isOpen ? peers.pods : receivers;
          if (pods.length === 0 || isNamed(pods, name)) continue;
          found.push({ direction, pointer: `${base}/${field}/${at}`, cause: 'NO_NAMED_PORT', what: name });
        }
      }
    }
  }
  return found;
}
