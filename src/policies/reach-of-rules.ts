/**
 * Which of a policy's rules can match anything that is in the cluster: namespaces, pods and ports that are not there
 * match nothing.
 */
import { remember } from '../base/remember.js';
import { type Cluster, podAddresses } from '../cluster/cluster.js';
import { containersOf } from '../cluster/containers.js';
import type { Pod } from '../cluster/objects.js';
import type { Resource } from '../cluster/resources.js';
import type { Direction } from './flow.js';
import { isPoliced, namespaceOf } from './flow.js';
import { readNetworkPolicy } from './network-policy.js';
import { fieldsOf, inNetwork, isGiven, listOf, readNetwork } from './rule.js';
import { type Match, selectsNamespace, selectsPod } from './selectors.js';

/** Why a part of a rule matches nothing. */
export type NeverCause = 'NO_NAMESPACE' | 'NO_POD' | 'NO_NODE' | 'NO_NAMED_PORT' | 'NO_PORT' | 'EXCEPT_ALL';

export interface NeverMatch {
  readonly direction: Direction;
  /** JSON Pointer into the policy. */
  readonly pointer: string;
  readonly cause: NeverCause;
  /** What is looked for: a selector as JSON, or a port. */
  readonly what: string;
}

const text = (value: unknown) => JSON.stringify(value);

/** Every namespace that is there: with its object, or by a pod or Service in it. */
function namespacesOf({ resources, pods, services }: Cluster): readonly string[] {
  const found = new Set<string>();
  for (const { kind, metadata } of resources.values()) if (kind === 'Namespace') found.add(metadata.name);
  for (const { metadata } of [...pods.values(), ...services.values()]) found.add(metadata.namespace ?? 'default');
  return [...found];
}

/** Pods of the templates of workloads, which need not have any pod. */
function templatePods(cluster: Cluster): readonly Pod[] {
  return [...cluster.workloads.values()].flatMap(({ kind, metadata, spec }) => {
    const { template } = spec ?? {};
    if (template === undefined) return [];
    const made = { name: `${kind}/${metadata.name}`, namespace: metadata.namespace ?? 'default' };
    const own = { ...made, labels: template.metadata?.labels ?? {} };
    return [{ kind: 'Pod', metadata: own, ...(template.spec === undefined ? {} : { spec: template.spec }) } as Pod];
  });
}

/** The pods that policies are about: those that run or start, and those that workloads would make. */
function selectablePods(cluster: Cluster): readonly Pod[] {
  return [...[...cluster.pods.values()].filter(isPoliced), ...templatePods(cluster).filter(isPoliced)];
}

/** Whom rules may mean. */
export interface Peers {
  readonly cluster: Cluster;
  readonly namespaces: readonly string[];
  readonly pods: readonly Pod[];
}

const known = new WeakMap<Cluster, Peers>();

/** Whom rules may mean in a cluster, worked out once. */
export function peersOf(cluster: Cluster): Peers {
  return remember(known, cluster, () => ({
    cluster,
    namespaces: namespacesOf(cluster),
    pods: selectablePods(cluster),
  }));
}

/**
 * The pods that two selectors mean together, where `own` is the namespace that an absent namespaceSelector means;
 * undefined where that is not known. The cause where they mean nobody.
 */
export function peerPods(
  { cluster, namespaces, pods }: Peers,
  { podSelector, namespaceSelector }: { readonly podSelector?: unknown; readonly namespaceSelector?: unknown },
  own: string | undefined,
): readonly Pod[] | NeverCause | undefined {
  let wanted: (namespace: string) => Match = (namespace) => namespace === own;
  if (namespaceSelector !== undefined && namespaceSelector !== null) {
    const matches = new Map(namespaces.map((name) => [name, selectsNamespace(cluster, namespaceSelector, name)]));
    if ([...matches.values()].every((match) => match === false)) return 'NO_NAMESPACE';
    wanted = (namespace) => matches.get(namespace) ?? false;
  }
  const found: Pod[] = [];
  let isOpen = false;
  for (const pod of pods) {
    const inNamespace = wanted(namespaceOf(pod));
    if (inNamespace === false) continue;
    if (podSelector !== undefined && podSelector !== null && !selectsPod(podSelector, pod)) continue;
    if (inNamespace === undefined) isOpen = true;
    else found.push(pod);
  }
  if (isOpen) return undefined;
  // A namespace without pods may get some: only a selector of pods that matches none is reported.
  if (found.length === 0) return podSelector === undefined || podSelector === null ? undefined : 'NO_POD';
  return found;
}

interface Declared {
  readonly name?: string | undefined;
  readonly port: number;
  readonly protocol: string;
}

const declaredBy = (pods: readonly Pod[]): readonly Declared[] =>
  pods.flatMap(({ spec }) =>
    containersOf(spec).flatMap(({ ports }) =>
      (ports ?? []).map(({ name, containerPort, protocol = 'TCP' }) => ({ name, port: containerPort, protocol })),
    ),
  );

/** Whether some container of these pods gives a port the name, of this protocol where one is given. */
export const isNamed = (pods: readonly Pod[], name: string, protocol?: unknown): boolean =>
  declaredBy(pods).some((one) => one.name === name && (protocol === undefined || one.protocol === protocol));

/** The pods with an address in a block. */
function podsInBlock(pods: readonly Pod[], block: unknown): readonly Pod[] {
  const { cidr, except } = fieldsOf(block);
  return pods.filter((pod) =>
    podAddresses(pod).some(
      (address) =>
        inNetwork(readNetwork(cidr), address) === undefined &&
        !listOf(except).some((one) => inNetwork(readNetwork(one), address) === undefined),
    ),
  );
}

/** Why a port of a rule is nobody's among these pods; undefined where some pod may have it. */
function portCause(value: unknown, pods: readonly Pod[]): NeverCause | undefined {
  const { port, endPort, protocol: given } = fieldsOf(value);
  const protocol = given ?? 'TCP';
  if (port === undefined || port === null || pods.length === 0) return undefined;
  if (typeof port === 'string') return isNamed(pods, port, protocol) ? undefined : 'NO_NAMED_PORT';
  const declared = declaredBy(pods);
  // A container may listen where it declares nothing: numbers are reported only where every pod declares ports.
  if (!pods.every((pod) => declaredBy([pod]).length > 0) || typeof port !== 'number') return undefined;
  const last = typeof endPort === 'number' ? endPort : port;
  return declared.some((one) => one.protocol === protocol && one.port >= port && one.port <= last)
    ? undefined
    : 'NO_PORT';
}

/**
 * The parts of a NetworkPolicy's rules that can match nothing of what is in the cluster. Outside addresses are never
 * such.
 */
export function neverMatching(cluster: Cluster, resource: Resource): readonly NeverMatch[] {
  const policy = readNetworkPolicy(resource);
  const peers = peersOf(cluster);
  const selected = peers.pods.filter(
    (pod) => namespaceOf(pod) === policy.namespace && selectsPod(policy.podSelector, pod),
  );
  const found: NeverMatch[] = [];
  for (const direction of policy.directions) {
    const [list, field] = direction === 'INGRESS' ? ['ingress', 'from'] : ['egress', 'to'];
    for (const [index, rule] of policy.rules[direction].entries()) {
      const base = `/spec/${list}/${index}`;
      const fields = fieldsOf(rule);
      const receivers: Pod[] = direction === 'INGRESS' ? [...selected] : [];
      // Whether an egress rule's ports are those of certain pods; names are always those of some pod.
      let isKnown = direction === 'INGRESS' || listOf(fields.to).length > 0;
      const named: Pod[] = isKnown ? receivers : [...peers.pods];
      for (const [at, peer] of listOf(fields[field as string]).entries()) {
        const pointer = `${base}/${field}/${at}`;
        const { ipBlock } = fieldsOf(peer);
        if (ipBlock !== undefined && ipBlock !== null) {
          const { cidr, except } = fieldsOf(ipBlock);
          if (listOf(except).includes(cidr))
            found.push({ direction, pointer, cause: 'EXCEPT_ALL', what: text(ipBlock) });
          if (direction === 'INGRESS') continue;
          isKnown = false;
          named.push(...podsInBlock(peers.pods, ipBlock));
          continue;
        }
        const pods = peerPods(peers, fieldsOf(peer), policy.namespace);
        if (typeof pods === 'string') found.push({ direction, pointer, cause: pods, what: text(peer) });
        else if (direction === 'INGRESS') continue;
        else if (pods !== undefined) named.push(...pods);
        else {
          isKnown = false;
          named.push(...peers.pods);
        }
      }
      for (const [at, port] of listOf(fields.ports).entries()) {
        const isName = typeof fieldsOf(port).port === 'string';
        if (!isKnown && !isName) continue;
        // Where no pod is meant at all, no port has a name.
        const cause = isName && !isKnown && named.length === 0 ? 'NO_NAMED_PORT' : portCause(port, named);
        if (cause === undefined) continue;
        const { port: value, endPort, protocol } = fieldsOf(port);
        const range = isGiven(endPort) ? `-${String(endPort)}` : '';
        found.push({
          direction,
          pointer: `${base}/ports/${at}`,
          cause,
          what: `${String(value)}${range}/${String(protocol ?? 'TCP')}`,
        });
      }
    }
  }
  return found;
}
