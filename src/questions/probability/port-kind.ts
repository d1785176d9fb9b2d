/**
 * Service ports that nothing but names and addresses tells apart: equal kinds and alike endpoints mean equal shares. A
 * port that may be special in any way has no kind, and is walked.
 */
import { joinHostPort } from '../../base/address.js';
import { remember } from '../../base/remember.js';
import { nodeZone } from '../../cluster/addresses.js';
import { policiesOf } from '../../cluster/network-policies.js';
import type { ProbabilityQuestion } from '../../contract/requests.js';
import { serviceOfAddress } from '../../load-balancers/balancer-addresses.js';
import { insideNetworks } from '../../path/alike-endpoints.js';
import { nodesThatTake, nodesWithHostPort } from '../../path/before-rules.js';
import type { Fabric } from '../../path/fabric.js';
import { canonicalEndpoint } from '../../path/known-endpoints.js';
import { nodeLikeness, numberOf } from '../../path/node-likeness.js';
import { podListens } from '../../path/pod-listeners.js';
import { heldAddresses } from '../../path/service-addresses.js';
import { serviceAddresses } from '../../path/service-target.js';
import type { WeightedClient } from '../../path/sources.js';
import { type ClientGroups, groupsByNode } from '../../probability/client-groups.js';
import type { ProxyEndpoint, ServicePort } from '../../proxy/service-port.js';
import type { ServiceTargeted } from './asked-ports.js';

/** An endpoint that a rule may choose, with what answers say of it. */
export interface PlainEndpoint {
  readonly address: string;
  readonly port: number;
  readonly pod: string | undefined;
  readonly node: string;
  readonly zone: string | undefined;
  /** Equal for endpoints that the same happens to. */
  readonly like: string;
}

/** A Service port with nothing special about it. */
export interface PlainPort {
  readonly kind: string;
  /** The cluster IP, with the port's number. */
  readonly address: string;
  readonly groups: readonly WeightedClient[];
  /** Who the clients are, in words. */
  readonly clients: string;
  /** The endpoints in the order of rules, at least one. */
  readonly endpoints: readonly PlainEndpoint[];
}

/** What of a port rules are made of, but for names, addresses and numbers. */
function fieldsOf(port: ServicePort): string {
  const { protocol, type, externalPolicyLocal, stickyMaxAge, hintsAnnotation, externalIPs, loadBalancerVIPs } = port;
  const { sourceRanges, nodePort, healthCheckNodePort, externalIPsRefused } = port;
  const counts = `${externalIPs.length} ${loadBalancerVIPs.length} ${sourceRanges.length} ${nodePort > 0}`;
  const refused = `${healthCheckNodePort > 0} ${externalIPsRefused}`;
  return `${protocol} ${type} ${externalPolicyLocal} ${stickyMaxAge} ${hintsAnnotation} ${counts} ${refused}`;
}

function isOrdinary(fabric: Fabric): boolean {
  return (
    !fabric.hasGivenRules &&
    !fabric.recordsPolicies &&
    !fabric.walksEach &&
    !fabric.remembersClients &&
    fabric.settings.unsupportedDataplane === undefined &&
    fabric.settings.beside.length === 0
  );
}

function sameList(a: readonly ProxyEndpoint[], b: readonly ProxyEndpoint[]): boolean {
  if (a === b) return true;
  return a.length === b.length && a.every(({ id }, index) => id === b[index]?.id);
}

function hasHints(endpoints: readonly ProxyEndpoint[]): boolean {
  for (const { zoneHints, nodeHints } of endpoints) if (zoneHints.length > 0 || nodeHints.length > 0) return true;
  return false;
}

/** A node as the endpoints on it see it. */
interface NodeOfPods {
  readonly zone: string | undefined;
  /** Equal for nodes that nothing tells apart for packets to their pods; undefined where it may be like no other. */
  readonly likeness: string | undefined;
  /** The likenesses of its endpoints by port and networks: of pods of the snapshot, and of addresses alone. */
  readonly pods: Map<number, Map<string, string>>;
  readonly others: Map<number, Map<string, string>>;
}

function nodeOfPods(fabric: Fabric, node: string, groups: readonly WeightedClient[]): NodeOfPods {
  const object = fabric.cluster.nodes.get(node);
  const zone = object && nodeZone(object);
  const maps = { pods: new Map<number, Map<string, string>>(), others: new Map<number, Map<string, string>>() };
  // Rules take an empty zone label for a zone, answers for none: such a node is like no other.
  const plain = zone === '' ? undefined : nodeLikeness(fabric, node);
  if (plain === undefined) return { zone, likeness: undefined, ...maps };
  const isClients = groups.some(({ client }) => client.node === node);
  const likeness = [plain, zone, isClients ? node : ''].join(' ');
  return { zone, likeness, ...maps };
}

/** The nodes of pods as packets of some clients come to them. */
export class NodesOfPods {
  readonly #nodes = new Map<string, NodeOfPods>();

  constructor(
    readonly fabric: Fabric,
    readonly clients: readonly WeightedClient[],
  ) {}

  of(node: string): NodeOfPods {
    return remember(this.#nodes, node, () => nodeOfPods(this.fabric, node, this.clients));
  }
}

/** What was found out of the nodes of pods: the same for all questions of the same clients about a state. */
export class NodeFacts {
  readonly nodes = new Map<string, NodeOfPods>();
}

/** By what fabrics of one state share. */
const factsOfAllClients = new WeakMap<Fabric['ways'], NodeFacts>();

/** Clients that are known, all of them pods, and what is known of the nodes of others. */
interface KnownClients {
  /** Each with the nodes that it stands for. */
  readonly groups: readonly WeightedClient[];
  /** Found without regard to where clients are. */
  readonly facts: NodeFacts;
}

/** Kinds of ports and endpoints as one fabric sees them. */
export class PortKinds {
  readonly #fabric: Fabric;
  readonly #clients: ProbabilityQuestion['clients'];
  readonly #isOrdinary: boolean;
  readonly #facts: NodeFacts;
  /** Clients on whose nodes an endpoint is like none on other nodes; absent: those of the question. */
  readonly #tellingApart: readonly WeightedClient[] | undefined;
  #groups: ClientGroups | undefined;
  /** The addresses that Services have. */
  #held: ReturnType<typeof heldAddresses> | undefined;
  /** Whether the snapshot has no pod at an endpoint of the port that is looked at: answers assume that it is there. */
  #isListedOnly = false;

  /** `known`: the clients, where whoever asks knows them; likenesses then say nothing of where these are. */
  constructor(fabric: Fabric, { clients }: ProbabilityQuestion, known?: KnownClients) {
    this.#fabric = fabric;
    this.#clients = clients;
    const onNodes = clients === undefined || (clients.nodes !== undefined && Object.keys(clients).length === 1);
    const arePods = onNodes && clients?.nodes?.from !== 'HOST';
    // Policies tell pods and nodes apart in more ways than are looked at here.
    this.#isOrdinary = arePods && isOrdinary(fabric) && policiesOf(fabric.cluster).length === 0;
    // Facts say where the clients are: they are shared by questions that ask about all clients, and by no others.
    const isAll = clients === undefined && this.#isOrdinary;
    const facts = () => (isAll ? remember(factsOfAllClients, fabric.ways, () => new NodeFacts()) : new NodeFacts());
    this.#facts = known?.facts ?? facts();
    if (known === undefined) return;
    this.#groups = { groups: known.groups, description: '' };
    this.#tellingApart = [];
  }

  /** The port of a destination where nothing is special about it; undefined where it has to be walked. */
  plain({ target }: ServiceTargeted): PlainPort | undefined {
    if (!this.#isOrdinary || target.via !== 'CLUSTER_IP' || target.node !== undefined) return undefined;
    const fabric = this.#fabric;
    const [address, ...further] = serviceAddresses(target, fabric.family);
    if (address === undefined || further.length > 0) return undefined;
    const { cluster, settings } = fabric;
    if (serviceOfAddress(cluster, address) !== undefined) return undefined;
    const place = fabric.places.locate(address).kind;
    if (place === 'NODE' || place === 'POD') return undefined;
    if (nodesThatTake(fabric, address, target.portNumber).length > 0) return undefined;
    this.#groups ??= groupsByNode(fabric, this.#clients);
    if (this.#groups === undefined) return undefined;
    const { groups, description } = this.#groups;
    let kind = `${place} ${insideNetworks(settings, address)}`;
    let endpoints: readonly ProxyEndpoint[] | undefined;
    for (const { client, nodes } of groups) {
      // Nodes that are down or not modelled have none.
      if (nodes === undefined || this.#nodeOf(client.node, groups).likeness === undefined) return undefined;
      const program = fabric.program(client.node);
      const { mode, ipvsScheduler } = settings.proxyOf(client.node);
      // There the cluster IP is one of the node's own, which a pod's host port takes.
      if (mode === 'ipvs' && nodesWithHostPort(fabric, target.portNumber).length > 0) return undefined;
      // Other schedulers look at addresses and connections.
      if (mode === 'ipvs' && ipvsScheduler !== 'rr' && ipvsScheduler !== '') return undefined;
      const [port, ...others] = program.services.claims(target.protocol, address, target.portNumber);
      if (port === undefined || others.length > 0) return undefined;
      if (port.service !== target.key || port.clusterIP !== address || port.internalPolicyLocal) return undefined;
      const { cluster: chosen } = program.selection(port);
      if (endpoints !== undefined && !sameList(endpoints, chosen)) return undefined;
      const all = program.services.endpointsOf(port);
      // Hints tell nodes apart, of endpoints that are not chosen too.
      if (hasHints(all)) return undefined;
      fabric.expect(all);
      endpoints = chosen;
      const type = fabric.host(client.node).addressType(address);
      kind += `|${client.node} ${numberOf(nodes)} ${nodes.length} ${type} ${fieldsOf(port)}`;
    }
    // The list is empty too where it is not known which endpoints a family has (endpointsAreUnknown).
    if (endpoints === undefined || endpoints.length === 0) return undefined;
    this.#isListedOnly = false;
    const plain = this.#endpointsOf(target.protocol, endpoints, groups);
    if (this.#isListedOnly) kind += '|listed';
    const at = joinHostPort(address, target.portNumber);
    return plain && { kind, address: at, groups, clients: description, endpoints: plain };
  }

  #endpointsOf(
    protocol: ServiceTargeted['target']['protocol'],
    endpoints: readonly ProxyEndpoint[],
    groups: readonly WeightedClient[],
  ): readonly PlainEndpoint[] | undefined {
    const found: PlainEndpoint[] = [];
    for (const endpoint of endpoints) {
      const one = this.#endpointOf(protocol, endpoint, groups);
      if (one === undefined) return undefined;
      found.push(one);
    }
    return found;
  }

  #nodeOf(name: string, groups: readonly WeightedClient[]): NodeOfPods {
    const { nodes } = this.#facts;
    let node = nodes.get(name);
    if (node === undefined) {
      node = nodeOfPods(this.#fabric, name, this.#tellingApart ?? groups);
      nodes.set(name, node);
    }
    return node;
  }

  // A cluster has many endpoints: each costs a few look-ups here, and one object.
  #endpointOf(
    protocol: ServiceTargeted['target']['protocol'],
    given: ProxyEndpoint,
    groups: readonly WeightedClient[],
  ): PlainEndpoint | undefined {
    if (!given.ready || given.terminating) return undefined;
    const { cluster, places, settings } = this.#fabric;
    const { address, port, pod: named } = canonicalEndpoint(given);
    const place = places.locate(address);
    this.#held ??= heldAddresses(cluster);
    if (place.kind !== 'POD' || this.#held.has(address)) return undefined;
    const { likeness, zone, pods, others } = this.#nodeOf(place.node, groups);
    if (likeness === undefined) return undefined;
    const pod = named ?? place.pod;
    const object = pod === undefined ? undefined : cluster.pods.get(pod);
    if (object !== undefined) {
      const listening = podListens(object, { protocol, port, loopback: false }, true);
      if (listening.kind !== 'YES' || listening.assumed === true) return undefined;
    } else this.#isListedOnly = true;
    const inside = insideNetworks(settings, address);
    const byPort = object === undefined ? others : pods;
    let likes = byPort.get(port);
    if (likes === undefined) {
      likes = new Map();
      byPort.set(port, likes);
    }
    let like = likes.get(inside);
    if (like === undefined) {
      like = `${likeness} ${port} ${inside} ${object === undefined}`;
      likes.set(inside, like);
    }
    return { address, port, pod, node: place.node, zone: zone || undefined, like };
  }
}
