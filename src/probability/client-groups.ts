import { type IPFamily, networkOf } from '../base/address.js';
import { QuestionError } from '../base/errors.js';
import { divide, type Fraction, fraction, isZero, multiply, parseFraction, sum } from '../base/fraction.js';
import { remember } from '../base/remember.js';
import { nodeZone } from '../cluster/addresses.js';
import type { Cluster } from '../cluster/cluster.js';
import { requireNode } from '../cluster/lookup.js';
import { policiesOf } from '../cluster/network-policies.js';
import type { Node } from '../cluster/objects.js';
import type { Settings } from '../cluster/settings.js';
import type { Clients } from '../contract/requests.js';
import type { AskedPort, Balancer } from '../load-balancers/balancer.js';
import { nodesThatTake, nodesWithHostPort } from '../path/before-rules.js';
import type { Client } from '../path/client.js';
import {
  balancerTo,
  type Destination,
  describeDestination,
  type Entry,
  resolveDestination,
} from '../path/destinations.js';
import type { Fabric } from '../path/fabric.js';
import { nodeIsDown } from '../path/network.js';
import { policyProfile } from '../path/policy-profile.js';
import { insideOf, sendersOf, sourcesProfile } from '../path/source-profile.js';
import { outsideClient, podOnNode, resolveSource, type WeightedClient } from '../path/sources.js';
import { balancedGroups, type OutsideOfBalancer } from './balanced-groups.js';

export type ClientsSpec = Clients;

export interface ClientGroups {
  /** Clients that stand for all; their weights sum to 1. */
  readonly groups: readonly WeightedClient[];
  readonly description: string;
}

const POINTER = '/probability/clients';

function runsLinux(node: Node): boolean {
  return (node.status?.nodeInfo?.operatingSystem ?? 'linux') !== 'windows';
}

/** Nodes that carry the same rules unless something of the destination tells them apart. */
interface NodeClass {
  readonly nodes: readonly string[];
}

interface NodeClasses {
  readonly all: readonly string[];
  readonly someDown: boolean;
  readonly byProfile: readonly NodeClass[];
  readonly byProfileAndZone: readonly NodeClass[];
}

const classesOf = new WeakMap<Cluster, WeakMap<Settings, Map<IPFamily, NodeClasses>>>();

function classify(fabric: Fabric, nodes: readonly string[], zone: (node: string) => string): readonly NodeClass[] {
  const profiles = new Map<object, number>();
  const classes = new Map<string, { nodes: string[] }>();
  for (const node of nodes) {
    const number = remember(profiles, fabric.settings.proxyOf(node), () => profiles.size);
    const policies = policyProfile(fabric, node);
    const sources = sourcesProfile(fabric, node);
    // Rules that are given may be like no other node's.
    const given = fabric.isParsed(node) ? ` ${node}` : '';
    remember(classes, `${number} ${policies} ${sources} ${zone(node)}${given}`, (): { nodes: string[] } => ({
      nodes: [],
    })).nodes.push(node);
  }
  return [...classes.values()];
}

function classesFor(fabric: Fabric, nodes: readonly string[], someDown: boolean): NodeClasses {
  return {
    all: nodes,
    someDown,
    byProfile: classify(fabric, nodes, () => ''),
    byProfileAndZone: classify(fabric, nodes, (node) => {
      const object = fabric.cluster.nodes.get(node);
      return (object && nodeZone(object)) ?? '';
    }),
  };
}

/**
 * Every Linux node that is up; kept per cluster, settings and family, since questions without `clients` ask for it each
 * time.
 */
function everyNode(fabric: Fabric): NodeClasses {
  const classified = () => {
    const linux = [...fabric.cluster.nodes.values()].filter(runsLinux);
    const up = linux.filter((node) => !nodeIsDown(node));
    return classesFor(
      fabric,
      up.map((node) => node.metadata.name),
      up.length < linux.length,
    );
  };
  if (fabric.hasGivenRules) return classified();
  const bySettings = remember(classesOf, fabric.cluster, () => new WeakMap<Settings, Map<IPFamily, NodeClasses>>());
  const byFamily = remember(bySettings, fabric.settings, () => new Map<IPFamily, NodeClasses>());
  return remember(byFamily, fabric.family, classified);
}

function nodesAsked(fabric: Fabric, names: readonly string[] | undefined, pointer: string): NodeClasses {
  if (names !== undefined) {
    for (const [index, name] of names.entries()) requireNode(fabric.cluster, name, `${pointer}/${index}`);
    return classesFor(fabric, names, false);
  }
  const every = everyNode(fabric);
  if (every.someDown) {
    fabric.assumptions.add(
      'clients.nodes',
      'nodes that report',
      'No connections start on nodes whose Ready condition is Unknown.',
    );
  }
  if (every.all.length === 0) {
    throw new QuestionError('NOT_FOUND', 'No node is left for clients.', [
      { pointer, detail: 'A Linux node that is not down is needed; name clients otherwise.' },
    ]);
  }
  return every;
}

/**
 * Nodes that treat packets for an address in a way of their own, whatever endpoints they have; `every`: each node does.
 */
export function nodesApart(
  fabric: Fabric,
  client: Client,
  address: string,
  port: number,
): { readonly nodes: ReadonlySet<string>; readonly every: boolean } {
  const nodes = new Set<string>(nodesThatTake(fabric, address, port));
  const place = fabric.places.locate(address);
  // In ipvs mode the address of a Service is one of the node's own as well.
  const isOfNodes = place.kind === 'NODE' || fabric.settings.proxyOf(client.node).mode === 'ipvs';
  if (isOfNodes) for (const node of nodesWithHostPort(fabric, port)) nodes.add(node);
  if (place.kind === 'POD' || place.kind === 'NODE') nodes.add(place.node);
  return { nodes, every: hashesNodes(fabric, client, address) };
}

/** How the rules for a destination can differ between nodes. */
interface Differences {
  /** Nodes whose rules, or whose place on the packet's way, may be like no other node's. */
  readonly special: ReadonlySet<string>;
  /** Those of them that nothing but the endpoints on them makes special, where no policy looks at them. */
  readonly holders: ReadonlySet<string>;
  readonly byZone: boolean;
  /** Every node may choose otherwise than each other one: by a hash of its own address. */
  readonly byNode: boolean;
  /**
   * Of clients in the host's network, what endpoints a node has itself: an endpoint of the node sees another address of
   * it than those of other nodes do. Nodes with as many are alike.
   */
  readonly local: ReadonlyMap<string, string>;
  /** The networks of clients that load balancers let in: rules look at them for the Service's own addresses. */
  readonly ranges: readonly string[];
}

function differences(fabric: Fabric, destination: Destination, first: Client): Differences {
  const special = new Set<string>();
  const holders = new Set<string>();
  let byZone = false;
  let byNode = false;
  let byHost = true;
  const local = new Map<string, string>();
  const ranges: string[] = [];
  const isBalancer = fabric.settings.proxyOf(first.node).mode === 'ipvs';
  for (const { target } of resolveDestination(fabric, destination, first).targets) {
    if (target.port === undefined) continue;
    const ports = fabric.expectFor(first.node, target.protocol, target.address, target.port);
    const { services } = fabric.program(first.node);
    const toClusterIP = ports.length > 0 && ports.every((port) => port.clusterIP === target.address);
    // Where an outside client's connection is not masqueraded, the reply returns only through the node of its endpoint.
    // Policies never cut a pod off from its own node.
    const isPoliced = policiesOf(fabric.cluster).length > 0;
    const isLocal = ports.some((port) => port.internalPolicyLocal);
    byHost = first.kind === 'OUTSIDE' || !toClusterIP || isLocal || isPoliced;
    for (const port of ports) {
      ranges.push(...port.sourceRanges);
      // Pods reach every endpoint by an external address too, where the local traffic detector knows them.
      const keepsOwn = port.internalPolicyLocal || (port.externalPolicyLocal && first.kind !== 'POD');
      for (const endpoint of services.endpointsOf(port)) {
        if (byHost && endpoint.node !== '') (isPoliced || keepsOwn ? special : holders).add(endpoint.node);
        // There a process sends from the address that it connects to, and its own node alone may answer.
        if (first.kind === 'HOST' && isBalancer && endpoint.node !== '') special.add(endpoint.node);
        if (first.kind === 'HOST' && endpoint.node !== '') {
          const { node, ready, serving, terminating } = endpoint;
          const own = `${port.service} ${port.port} ${ready} ${serving} ${terminating}`;
          local.set(node, [...(local.get(node)?.split('\n') ?? []), own].sort().join('\n'));
        }
        for (const hinted of endpoint.nodeHints) special.add(hinted);
        if (endpoint.zoneHints.length > 0) byZone = true;
      }
    }
    const apart = nodesApart(fabric, first, target.address, target.port);
    for (const node of apart.nodes) special.add(node);
    byNode ||= apart.every;
  }
  for (const node of special) holders.delete(node);
  return { special, holders, byZone, byNode, local, ranges };
}

/**
 * Whether IPVS hashes an address of the node: that of a process of the host which connects, or that of a node port.
 * Nodes that are alike choose otherwise then.
 */
function hashesNodes(fabric: Fabric, client: Client, address: string): boolean {
  const { mode, ipvsScheduler } = fabric.settings.proxyOf(client.node);
  if (mode !== 'ipvs') return false;
  const toNode = fabric.places.locate(address).kind === 'NODE';
  if (ipvsScheduler === 'dh') return toNode;
  return (ipvsScheduler === 'sh' || ipvsScheduler === 'mh') && client.kind === 'HOST' && toNode;
}

/** The nodes by what is said of them, in the order of the first of each. */
function partition(nodes: readonly string[], keyOf: (node: string) => string): Iterable<readonly string[]> {
  const parts = new Map<string, string[]>();
  for (const node of nodes) remember(parts, keyOf(node), (): string[] => []).push(node);
  return parts.values();
}

/**
 * Clients on many nodes alike, as few: nodes that carry the same rules for the destination (same proxy settings,
 * no endpoint of their own where that matters, same zone where hints count) share one representative.
 */
function alike(
  fabric: Fabric,
  destination: Destination,
  classes: NodeClasses,
  clientOn: (node: string) => Client,
): readonly WeightedClient[] {
  const total = classes.all.length;
  const special = new Set<string>();
  const holders = new Set<string>();
  const local = new Map<string, string>();
  const ranges = new Set<string>();
  let byZone = false;
  if (destination.kind === 'SERVICE' && destination.target.node !== undefined) special.add(destination.target.node);
  // What tells nodes apart is a matter of version and settings too: internalTrafficPolicy came with 1.22.
  for (const { nodes } of classes.byProfile) {
    // A node whose own rules are given is alone in its class already.
    if (fabric.isParsed(nodes[0] as string)) continue;
    const found = differences(fabric, destination, clientOn(nodes[0] as string));
    for (const node of found.special) special.add(node);
    for (const node of found.holders) holders.add(node);
    byZone ||= found.byZone;
    for (const [node, own] of found.local) local.set(node, own);
    for (const range of found.ranges) ranges.add(range);
    if (found.byNode) for (const node of nodes) special.add(node);
  }
  const groups: WeightedClient[] = [];
  const nodeClasses = new Map<string, string>();
  const isApart = (node: string) => special.has(node) || holders.has(node);
  const none = special.size === 0 && holders.size === 0;
  const networks = Array.from(ranges, networkOf).filter((network) => network !== undefined);
  const ofRanges = (node: string) => sendersOf(fabric, node).map((address) => insideOf(networks, address));
  const inRanges = (node: string) => (networks.length === 0 ? '' : ofRanges(node).join(','));
  const isOne = local.size === 0 && networks.length === 0;
  for (const [index, { nodes }] of (byZone ? classes.byProfileAndZone : classes.byProfile).entries()) {
    const plain = none ? nodes : nodes.filter((node) => !isApart(node));
    for (const node of none ? [] : nodes)
      if (holders.has(node) && !special.has(node)) nodeClasses.set(node, `class ${index} ${inRanges(node)}`);
    // One list for all Services, where none has clients of its own kind: what is known of it is known of each.
    const keyOf = (node: string) => `${local.get(node) ?? ''} ${inRanges(node)}`;
    for (const same of isOne ? [plain] : partition(plain, keyOf)) {
      if (same.length === 0) continue;
      groups.push({ client: clientOn(same[0] as string), weight: fraction(same.length, total), nodes: same });
    }
  }
  if (none) return groups;
  const alone = classes.all.filter(isApart).map((node) => {
    const nodeClass = nodeClasses.get(node);
    const client = clientOn(node);
    // For processes of a node its own endpoints make more differences than for packets that come in from outside.
    const known = nodeClass === undefined || client.kind === 'HOST' ? {} : { nodeClass };
    return { client, weight: fraction(1, total), nodes: [node], ...known };
  });
  return [...groups, ...alone];
}

function weightOf(weight: number | string, pointer: string): Fraction {
  const parsed =
    typeof weight === 'string'
      ? parseFraction(weight)
      : Number.isSafeInteger(weight) && weight >= 0
        ? fraction(weight)
        : undefined;
  if (parsed === undefined) {
    throw new QuestionError('INVALID_REQUEST', `${weight} is not a weight.`, [
      { pointer, detail: 'A weight is an integer from 0, or a fraction "p/q" with q above 0.' },
    ]);
  }
  return parsed;
}

function weightedSources(
  fabric: Fabric,
  weights: NonNullable<ClientsSpec['weights']>,
  destination: Destination,
): readonly WeightedClient[] {
  const parsed = weights.map((entry, index) => weightOf(entry.weight, `${POINTER}/weights/${index}/weight`));
  const all = sum(parsed);
  if (isZero(all)) {
    throw new QuestionError('INVALID_REQUEST', 'The weights sum to 0.', [
      { pointer: `${POINTER}/weights`, detail: 'At least one weight must be above 0.' },
    ]);
  }
  return weights.flatMap((entry, index) => {
    const share = divide(parsed[index] as Fraction, all);
    // Names are checked even where nothing comes from there.
    const clients = resolveSource(
      fabric,
      entry.source,
      through(fabric, destination),
      `${POINTER}/weights/${index}/source`,
    );
    if (isZero(share)) return [];
    return clients.map(({ client, weight }) => ({ client, weight: multiply(weight, share) }));
  });
}

/** The load balancer on the way to a destination, as the entry of outside clients. */
function through(fabric: Fabric, destination: Destination): Entry | undefined {
  const balancer = balancerTo(fabric, destination);
  return balancer === undefined ? undefined : { balancer };
}

/** The port of a Service that a load balancer is asked for. */
export function portOf(destination: Destination): AskedPort | undefined {
  if (destination.kind !== 'SERVICE') return undefined;
  return { port: destination.target.portNumber, protocol: destination.target.protocol };
}

function throughBalancer(
  fabric: Fabric,
  balancer: Balancer,
  destination: Destination,
  outside: OutsideOfBalancer,
  pointer: string,
): ClientGroups {
  const groups = balancedGroups(fabric, balancer, outside, pointer, portOf(destination));
  return { groups, description: `outside clients through the load balancer of ${balancer.key}` };
}

function several(count: number, what: string): string {
  return count === 1 ? `one ${what}` : `${count} ${what}s`;
}

/** Clients on nodes, one on each, before they are grouped. */
export interface AskedNodes {
  readonly kind: 'NODES';
  readonly nodes: NodeClasses;
  readonly clientOn: (node: string) => Client;
  readonly who: string;
}

/** Clients before they are grouped: of nodes, one on each; through a load balancer; or named one by one. */
export type AskedClients =
  | AskedNodes
  | {
      readonly kind: 'BALANCER';
      readonly balancer: Balancer;
      readonly outside: OutsideOfBalancer;
      readonly pointer: string;
    }
  | { readonly kind: 'NAMED'; readonly groups: readonly WeightedClient[]; readonly description: string };

/** Who a question's clients are. Throws QuestionError for names and weights that are wrong. */
export function askedClients(fabric: Fabric, clients: ClientsSpec | undefined, destination: Destination): AskedClients {
  if (clients?.weights !== undefined) {
    return {
      kind: 'NAMED',
      groups: weightedSources(fabric, clients.weights, destination),
      description: `${several(clients.weights.length, 'weighted source')}`,
    };
  }
  if (clients?.workload !== undefined) {
    const { kind, namespace, name } = clients.workload;
    const groups = resolveSource(fabric, { workload: clients.workload }, undefined, POINTER);
    const description = `${several(groups.length, 'pod')} of ${kind} ${namespace}/${name}, all alike`;
    return { kind: 'NAMED', groups, description };
  }
  if (clients?.pod !== undefined) {
    const groups = resolveSource(fabric, { pod: clients.pod }, undefined, POINTER);
    return { kind: 'NAMED', groups, description: `pod ${clients.pod}` };
  }
  if (clients?.loadBalancer !== undefined) {
    const balancer = balancerTo(fabric, destination);
    if (balancer === undefined) {
      throw new QuestionError('INVALID_REQUEST', 'The destination is not reached through a load balancer.', [
        {
          pointer: `${POINTER}/loadBalancer`,
          detail: `${describeDestination(destination)}: ask about a Service of type LoadBalancer, via LOAD_BALANCER.`,
        },
      ]);
    }
    return { kind: 'BALANCER', balancer, outside: clients.loadBalancer, pointer: `${POINTER}/loadBalancer` };
  }
  const entry = balancerTo(fabric, destination);
  if (clients?.external !== undefined && clients.external.entersAt === undefined && entry !== undefined) {
    return { kind: 'BALANCER', balancer: entry, outside: clients.external, pointer: `${POINTER}/external` };
  }
  if (clients?.external !== undefined) {
    const { address, entersAt } = clients.external;
    return {
      kind: 'NODES',
      nodes: nodesAsked(fabric, entersAt, `${POINTER}/external/entersAt`),
      clientOn: (node) => outsideClient(fabric, address, node, `${POINTER}/external`),
      who: 'outside clients entering at',
    };
  }
  return nodeClients(fabric, clients?.nodes ?? {});
}

/** Clients on nodes, where a question has no others; undefined where it has. */
function askedNodes(fabric: Fabric, clients: ClientsSpec | undefined): AskedNodes | undefined {
  const { nodes = {}, ...others } = clients ?? {};
  return Object.keys(others).length > 0 ? undefined : nodeClients(fabric, nodes);
}

/** One client on each of the nodes that are named, or on each that is up. Throws QuestionError for unknown names. */
export function nodeClients(fabric: Fabric, spec: NonNullable<ClientsSpec['nodes']>): AskedNodes {
  const fromHost = spec.from === 'HOST';
  return {
    kind: 'NODES',
    nodes: nodesAsked(fabric, spec.names, `${POINTER}/nodes/names`),
    clientOn: (node) =>
      fromHost
        ? { kind: 'HOST', name: `node/${node}`, address: undefined, node, namespace: 'default' }
        : podOnNode(fabric, node, `${POINTER}/nodes`),
    who: fromHost ? 'processes on' : 'pods on',
  };
}

/**
 * Who the clients on nodes are where nothing of a destination tells nodes apart but their own settings; undefined for
 * clients that are not on nodes. Throws QuestionError for names that are wrong.
 */
export function groupsByNode(fabric: Fabric, clients: ClientsSpec | undefined): ClientGroups | undefined {
  const asked = askedNodes(fabric, clients);
  if (asked === undefined) return undefined;
  const { all, byProfile } = asked.nodes;
  const groups = byProfile.map(({ nodes }) => ({
    ...{ client: asked.clientOn(nodes[0] as string), nodes },
    weight: fraction(nodes.length, all.length),
  }));
  return { groups, description: describeNodes(asked) };
}

function describeNodes({ nodes: { all }, who }: AskedNodes): string {
  return `${who} ${all.length === 1 ? all[0] : `${all.length} nodes alike`}`;
}

/** The clients on nodes, as few as nothing of the destination tells them apart. */
export function groupedNodes(
  fabric: Fabric,
  { nodes, clientOn }: AskedNodes,
  destination: Destination,
): readonly WeightedClient[] {
  return alike(fabric, destination, nodes, clientOn);
}

/** Who the clients of a destination are. Throws QuestionError for names and weights that are wrong. */
export function clientGroups(fabric: Fabric, clients: ClientsSpec | undefined, destination: Destination): ClientGroups {
  const asked = askedClients(fabric, clients, destination);
  if (asked.kind === 'NAMED') return asked;
  if (asked.kind === 'BALANCER')
    return throughBalancer(fabric, asked.balancer, destination, asked.outside, asked.pointer);
  return {
    groups: groupedNodes(fabric, asked, destination),
    description: describeNodes(asked),
  };
}
