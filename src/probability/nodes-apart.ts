/** Which nodes a destination tells apart, and clients on many nodes as few. */
import { networkOf } from '../base/address.js';
import { fraction } from '../base/fraction.js';
import { remember } from '../base/remember.js';
import { policiesOf } from '../cluster/network-policies.js';
import { nodesThatTake, nodesWithHostPort } from '../path/before-rules.js';
import type { Client } from '../path/client.js';
import { type Destination, resolveDestination } from '../path/destinations.js';
import type { Fabric } from '../path/fabric.js';
import { insideOf, sendersOf } from '../path/source-profile.js';
import type { WeightedClient } from '../path/sources.js';
import type { NodeClasses } from './node-classes.js';

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
export function clientsAlike(
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
