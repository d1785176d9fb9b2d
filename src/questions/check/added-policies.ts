/**
 * What NetworkPolicies that are added can change: where their pods were isolated before, only connections that one of
 * their own rules may match.
 */
import { addressWidth, cidrContains, makeAddress, networkOf } from '../../base/address.js';
import { remember } from '../../base/remember.js';
import { nodeOfAddress, podOfAddress } from '../../cluster/addresses.js';
import type { Cluster } from '../../cluster/cluster.js';
import type { Pod } from '../../cluster/objects.js';
import { podCIDRsOf } from '../../cluster/pod-cidrs.js';
import { candidatesFor } from '../../cluster/pods-by-label.js';
import type { Resource } from '../../cluster/resources.js';
import { type RunningWorkload, runningWorkloads } from '../../cluster/running-workloads.js';
import type { Direction } from '../../policies/flow.js';
import { type PodPolicy, readNetworkPolicy } from '../../policies/network-policy.js';
import { isNetworkPolicy, policySetOf } from '../../policies/policy-set.js';
import { selectorOf, selectsNamespace, selectsPod } from '../../policies/selectors.js';
import { sourceName } from '../reach/pair-changes.js';

const DIRECTIONS: readonly Direction[] = ['EGRESS', 'INGRESS'];

/** By direction, by the names of workloads. */
export interface AddedPolicies {
  /** Those with a pod that an added policy selects. */
  readonly about: Readonly<Record<Direction, ReadonlySet<string>>>;
  /** The pods at the other end whose connections can change; absent: all pods. */
  readonly others: Readonly<Partial<Record<Direction, ReadonlySet<string>>>>;
}

/** The objects that one side alone has, or has in another form; undefined where that would have to be looked for. */
function differing(
  { resources: was }: Cluster,
  { resources: is }: Cluster,
): readonly (readonly [Resource | undefined, Resource | undefined])[] | undefined {
  if (was.base !== is.base) return undefined;
  const keys = new Set([...was.replacements.keys(), ...is.replacements.keys()]);
  return [...keys].map((key) => [was.get(key), is.get(key)] as const).filter(([a, b]) => a !== b);
}

type Peer = PodPolicy['read'][Direction][number]['peers'][number];

/** The pods that a peer of a rule may be, or `ANY`. */
function podsOfPeer(
  cluster: Cluster,
  direction: Direction,
  { namespace }: PodPolicy,
  peer: Peer,
): readonly Pod[] | 'ANY' {
  if (peer.kind === 'NOTHING') return [];
  if (peer.kind === 'BLOCK') {
    // A network that nobody can read matches nothing.
    if (peer.cidr === undefined) return [];
    const { cidr } = peer.cidr;
    const address = cidr.length === addressWidth(cidr.family) ? makeAddress(cidr.family, cidr.bits) : undefined;
    if (address === undefined) return 'ANY';
    const pod = podOfAddress(cluster, address.text);
    if (pod !== undefined) return [pod];
    // Endpoints of Services may be outside of the cluster.
    if (direction === 'EGRESS') return 'ANY';
    // What is masqueraded comes from nodes, and from gateways among the addresses of pods.
    const isOurs =
      nodeOfAddress(cluster, address.text) !== undefined ||
      [...cluster.nodes.values()].some((node) =>
        podCIDRsOf(node).some((range) => {
          const network = networkOf(range);
          return network !== undefined && cidrContains(network, address);
        }),
      );
    return isOurs || [...cluster.services.values()].some(({ spec }) => spec?.clusterIP === address.text) ? 'ANY' : [];
  }
  const namespaces =
    peer.namespaces === undefined
      ? [namespace]
      : namespacesOf(cluster).filter((name) => selectsNamespace(cluster, peer.namespaces, name) !== false);
  return namespaces.flatMap((name) => podsOf(cluster, name, peer.pods));
}

/** The pods of a namespace that a selector selects; without a selector all of its pods. */
function podsOf(cluster: Cluster, namespace: string, selector: unknown): readonly Pod[] {
  if (selector === undefined) return cluster.podsIn(namespace);
  return [...candidatesFor(cluster, namespace, selectorOf(selector)?.matchLabels)].filter((pod) =>
    selectsPod(selector, pod),
  );
}

const namespaceNames = new WeakMap<Cluster['pods'], readonly string[]>();

/** The namespaces that have pods. */
function namespacesOf({ pods }: Cluster): readonly string[] {
  return remember(namespaceNames, pods, () => [
    ...new Set([...pods.values()].map(({ metadata }) => metadata.namespace ?? 'default')),
  ]);
}

const owners = new WeakMap<readonly RunningWorkload[], ReadonlyMap<Pod, string>>();

/** The workload of each running pod, as pairs name it. */
export function ownersIn(cluster: Cluster): ReadonlyMap<Pod, string> {
  const workloads = runningWorkloads(cluster);
  return remember(
    owners,
    workloads,
    () => new Map(workloads.flatMap((one) => one.pods.map((pod) => [pod, sourceName(one)] as const))),
  );
}

/** What is known of policies that are all that differs; undefined where something else does. */
export function addedPolicies(before: Cluster, after: Cluster): AddedPolicies | undefined {
  const same = (['pods', 'workloads', 'nodes', 'services', 'endpointSlices'] as const).every(
    (kind) => before[kind] === after[kind],
  );
  const changes = same ? differing(before, after) : undefined;
  if (changes === undefined || changes.length === 0) return undefined;
  const added: PodPolicy[] = [];
  for (const [was, is] of changes) {
    if (was !== undefined || is === undefined || !isNetworkPolicy(is)) return undefined;
    added.push(readNetworkPolicy(is));
  }
  const ownerOf = ownersIn(after);
  const earlier = policySetOf(before);
  const about = { EGRESS: new Set<string>(), INGRESS: new Set<string>() };
  const others: Partial<Record<Direction, ReadonlySet<string>>> = {};
  for (const direction of DIRECTIONS) {
    const found = new Set<string>();
    let any = false;
    for (const policy of added) {
      if (!policy.directions.has(direction)) continue;
      const selected = podsOf(after, policy.namespace, policy.podSelector).filter((pod) => ownerOf.has(pod));
      for (const pod of selected) about[direction].add(ownerOf.get(pod) as string);
      // Who was not isolated is cut off from everybody whom no rule names.
      any ||= selected.some((pod) => earlier.isolating(pod, direction).policies.length === 0);
      for (const { peers } of selected.length === 0 ? [] : policy.read[direction]) {
        if (peers.length === 0) any = true;
        for (const peer of any ? [] : peers) {
          const pods = podsOfPeer(after, direction, policy, peer);
          if (pods === 'ANY') any = true;
          else for (const pod of pods) found.add(ownerOf.get(pod) ?? '');
        }
      }
    }
    if (!any) others[direction] = found;
  }
  return { about, others };
}
