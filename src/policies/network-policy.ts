/**
 * NetworkPolicy (networking.k8s.io/v1): whether it isolates a pod, and which of its rules let a connection through.
 * Source: Kubernetes 1.36 staging/src/k8s.io/api/networking/v1/types.go.
 */
import { remember } from '../base/remember.js';
import type { Cluster } from '../cluster/cluster.js';
import { matchesSelector } from '../cluster/labels.js';
import type { LabelSelector, Pod } from '../cluster/objects.js';
import type { Resource } from '../cluster/resources.js';
import { type Direction, type End, type Flow, namespaceOf } from './flow.js';
import {
  best,
  fieldsOf,
  inNetwork,
  inRange,
  listOf,
  type Network,
  namesPort,
  readNetwork,
  type Verdict,
} from './rule.js';
import { labelText, type Match, selectorOf, selectsAll, selectsNamespace } from './selectors.js';

/** A peer as it is evaluated: an address range, or what selects pods and their namespaces; neither matches nothing. */
type Peer =
  | { readonly kind: 'BLOCK'; readonly cidr: Network | undefined; readonly except: readonly (Network | undefined)[] }
  | {
      readonly kind: 'PODS';
      readonly pods: unknown;
      readonly namespaces: unknown;
      /** The same, read. */
      readonly podLabels: LabelSelector | undefined;
      readonly inNamespaces: NamespaceMatches;
    }
  | { readonly kind: 'NOTHING' };

interface Port {
  readonly protocol: unknown;
  readonly port: unknown;
  readonly endPort: unknown;
}

/** A rule as it is evaluated, read once: of a large table it is asked millions of times. */
export interface ReadRule {
  readonly peers: readonly Peer[];
  readonly ports: readonly Port[];
  /** Labels (`key=value`) of which a pod has one where the rule matches it; undefined: a pod may need none. */
  readonly labels: readonly string[] | undefined;
}

/** Which namespaces a selector selects: asked of few namespaces, and again and again. */
class NamespaceMatches {
  readonly #selector: unknown;
  #resources: Cluster['resources'] | undefined;
  readonly #known = new Map<string, Match | 'OPEN'>();

  constructor(selector: unknown) {
    this.#selector = selector;
  }

  has(cluster: Cluster, name: string): Match {
    if (this.#resources !== cluster.resources) {
      this.#resources = cluster.resources;
      this.#known.clear();
    }
    const known = this.#known.get(name);
    if (known !== undefined) return known === 'OPEN' ? undefined : known;
    const is = selectsNamespace(cluster, this.#selector, name);
    this.#known.set(name, is ?? 'OPEN');
    return is;
  }
}

/** A NetworkPolicy as it is evaluated. */
export interface PodPolicy {
  /** `namespace/name` */
  readonly key: string;
  readonly namespace: string;
  readonly resource: Resource;
  readonly podSelector: unknown;
  /** The same, read; undefined where it cannot be: then it selects nothing. */
  readonly podLabels: LabelSelector | undefined;
  /** The rules as the policy has them. */
  readonly rules: Readonly<Record<Direction, readonly unknown[]>>;
  /** The same, read. */
  readonly read: Readonly<Record<Direction, readonly ReadRule[]>>;
  readonly directions: ReadonlySet<Direction>;
}

const policies = new WeakMap<Resource, PodPolicy>();

/** A policy, read once; `policyTypes` that are missing are filled in as the API server does it. */
export function readNetworkPolicy(resource: Resource): PodPolicy {
  return remember(policies, resource, () => policyOf(resource));
}

function policyOf(resource: Resource): PodPolicy {
  const { podSelector, policyTypes, ingress, egress } = fieldsOf(resource.spec);
  const namespace = resource.metadata.namespace ?? 'default';
  const rules = { INGRESS: listOf(ingress), EGRESS: listOf(egress) };
  const types = listOf(policyTypes);
  const directions = new Set<Direction>();
  if (types.length === 0 || types.includes('Ingress')) directions.add('INGRESS');
  if (types.includes('Egress') || (types.length === 0 && rules.EGRESS.length > 0)) directions.add('EGRESS');
  return {
    key: `${namespace}/${resource.metadata.name}`,
    namespace,
    resource,
    podSelector: podSelector ?? {},
    podLabels: selectorOf(podSelector ?? {}),
    rules,
    read: {
      INGRESS: rules.INGRESS.map((rule) => readRule(rule, fieldsOf(rule).from)),
      EGRESS: rules.EGRESS.map((rule) => readRule(rule, fieldsOf(rule).to)),
    },
    directions,
  };
}

function readPeer(value: unknown): Peer {
  const { ipBlock, podSelector, namespaceSelector } = fieldsOf(value);
  if (ipBlock !== undefined && ipBlock !== null) {
    const { cidr, except } = fieldsOf(ipBlock);
    return { kind: 'BLOCK', cidr: readNetwork(cidr), except: listOf(except).map(readNetwork) };
  }
  const pods = podSelector ?? undefined;
  const namespaces = namespaceSelector ?? undefined;
  if (pods === undefined && namespaces === undefined) return { kind: 'NOTHING' };
  const read = { podLabels: selectorOf(pods), inNamespaces: new NamespaceMatches(namespaces) };
  return { kind: 'PODS', pods, namespaces, ...read };
}

function readRule(rule: unknown, peers: unknown): ReadRule {
  const ports = listOf(fieldsOf(rule).ports).map((one): Port => {
    const { protocol, port, endPort } = fieldsOf(one);
    return { protocol: protocol ?? 'TCP', port, endPort };
  });
  const read = listOf(peers).map(readPeer);
  return { peers: read, ports, labels: labelsOf(read) };
}

/** A label of each peer that selects pods by labels; undefined where one does not, or where every peer matches. */
function labelsOf(peers: readonly Peer[]): readonly string[] | undefined {
  if (peers.length === 0) return undefined;
  const found: string[] = [];
  for (const peer of peers) {
    if (peer.kind === 'NOTHING') continue;
    const [first] = peer.kind === 'PODS' ? Object.entries(peer.podLabels?.matchLabels ?? {}) : [];
    if (first === undefined) return undefined;
    found.push(labelText(...first));
  }
  return found;
}

function matchesBlock(block: Peer & { readonly kind: 'BLOCK' }, end: End, flow: Flow): Verdict {
  const { blocks = 'ALL' } = flow;
  const isPod = end.pod !== undefined || end.isSomePod === true;
  if (blocks !== 'ALL' && isPod) return 'PEER';
  if (blocks === 'OUTSIDE' && end.node !== undefined) return 'PEER';
  const inside = inNetwork(block.cidr, end.address);
  if (inside !== undefined) return inside;
  return block.except.some((one) => inNetwork(one, end.address) === undefined) ? 'PEER' : undefined;
}

function matchesPeer(cluster: Cluster, policy: PodPolicy, peer: Peer, end: End, flow: Flow): Verdict {
  if (peer.kind === 'NOTHING') return 'PEER';
  if (peer.kind === 'BLOCK') return matchesBlock(peer, end, flow);
  const { pod } = end;
  if (pod === undefined) {
    if (end.isSomePod !== true) return 'PEER';
    // Who sends it is a pod. An address that it goes to may be nobody's.
    const isAny = end === flow.source && (peer.pods === undefined || selectsAll(peer.pods));
    return isAny && selectsAll(peer.namespaces) ? undefined : 'UNKNOWN';
  }
  const namespace = namespaceOf(pod);
  const inNamespace =
    peer.namespaces === undefined ? namespace === policy.namespace : peer.inNamespaces.has(cluster, namespace);
  if (inNamespace === false) return 'NAMESPACE';
  if (peer.pods !== undefined && !matchesSelector(pod.metadata.labels, peer.podLabels)) return 'PEER';
  return inNamespace === undefined ? 'UNKNOWN' : undefined;
}

function matchesPort({ protocol, port, endPort }: Port, flow: Flow): Verdict {
  if (protocol !== flow.protocol) return 'PROTOCOL';
  if (port === undefined || port === null) return undefined;
  return typeof port === 'string' ? namesPort(flow.destination, port, flow) : inRange(flow.port, port, endPort);
}

/** Whether a policy selects a pod of its namespace. */
export function selects({ podLabels }: PodPolicy, { metadata }: Pod): boolean {
  return matchesSelector(metadata.labels, podLabels);
}

/** Whether a rule of the policy lets the connection through: some peer and some port match. */
export function matchesRule(
  cluster: Cluster,
  policy: PodPolicy,
  direction: Direction,
  { peers, ports }: ReadRule,
  flow: Flow,
): Verdict {
  const end = direction === 'INGRESS' ? flow.source : flow.destination;
  const [onlyPeer] = peers;
  const peer =
    onlyPeer !== undefined && peers.length === 1
      ? matchesPeer(cluster, policy, onlyPeer, end, flow)
      : best(peers, undefined, (one) => matchesPeer(cluster, policy, one, end, flow));
  if (peer !== undefined && peer !== 'UNKNOWN') return peer;
  const [onlyPort] = ports;
  const port =
    onlyPort !== undefined && ports.length === 1
      ? matchesPort(onlyPort, flow)
      : best(ports, undefined, (one) => matchesPort(one, flow));
  return port ?? peer;
}
