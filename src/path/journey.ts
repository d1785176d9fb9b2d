import { nodeZone } from '../cluster/addresses.js';
import type { Assumption } from '../cluster/settings.js';
import { arriveDirectly } from '../load-balancers/direct.js';
import { copyOf, headerOf, type Packet } from '../netfilter/packet.js';
import { alikeDenial, alikeJourney, isOfReceivingNode, likenessOf } from './alike-endpoints.js';
import { type BalancedBranch, passBalancer } from './balancing.js';
import { takenBeforeRules } from './before-rules.js';
import type { Client, Target, Through } from './client.js';
import { conclude, ended, passedBalancer, undecidedReceiver, withTrail } from './conclude.js';
import { type Fabric, wantedOf } from './fabric.js';
import { isLoopback, TUNNEL, UPLINK } from './host.js';
import { type Entered, type Exit, enterNode, type Passed, passOn } from './node-pass.js';
import { leftToOtherProxy } from './other-proxy.js';
import { ENDPOINTS, LISTENERS, receiveInside, receiveOutside } from './receive.js';
import { staleRules } from './stale-rules.js';
import { type Branch, both, CERTAIN, DeniedJourney, type HostStep, hop, hostStep, type Journey } from './trail.js';

/** A packet that visits more nodes than this runs in circles. */
const MAX_NODES = 8;

const NEW = { state: 'NEW', dnat: false, snat: false } as const;

function firstPacket(fabric: Fabric, client: Client, target: Target, source: string): Packet {
  const fromPod = client.kind === 'POD';
  return {
    family: fabric.family,
    protocol: target.protocol,
    source,
    sourcePort: undefined,
    destination: target.address,
    destinationPort: target.port,
    mark: 0,
    inInterface: fromPod ? fabric.host(client.node).podInterface : client.kind === 'OUTSIDE' ? UPLINK : undefined,
    outInterface: undefined,
    bridged: fromPod ? fabric.settings.network.podNetwork === 'BRIDGE' : undefined,
    connection: NEW,
    anySource: client.anyAddress === true ? true : undefined,
  };
}

/**
 * Every way a new connection from a client to a target can go, each to its end and, where it reaches somebody, back.
 * The nominal chances sum to exactly 1. `resolved`: how the client came by the address. A pure function of the fabric
 * and its arguments.
 */
export function travel(fabric: Fabric, client: Client, target: Target, resolved?: HostStep): Journey[] {
  const source = client.address ?? fabric.host(client.node).sourceFor(target.address);
  if (source === undefined) {
    const detail = `${client.name} has no ${fabric.family} address in the snapshot`;
    const packet = firstPacket(fabric, client, target, '');
    return [{ chance: CERTAIN, packet, trail: undefined, verdict: 'UNKNOWN', cause: 'MISSING_DATA', detail }];
  }
  const packet = firstPacket(fabric, client, target, source);
  const begin = hop(undefined, client.kind === 'OUTSIDE' ? 'OUTSIDE' : 'CLIENT', client.name);
  const sent = hostStep(resolved === undefined ? begin : hostStep(begin, resolved), {
    action: 'SEND',
    detail: opening(client),
    after: headerOf(packet),
  });
  const start: Branch = { chance: CERTAIN, packet, trail: sent, tracked: undefined };
  const own = client.kind === 'POD' ? insidePod(fabric, client, target, start) : undefined;
  if (own !== undefined) return [own];
  const journeys: Journey[] = [];
  /** The node at which the last packet was handed to a pod. */
  let handedOver = '';
  const enter = (branch: Branch, node: string, entry: 'PREROUTING' | 'OUTPUT', nodes: number) => {
    if (!fabric.cluster.nodes.has(node)) {
      const detail = `node ${node} is not in the snapshot: what it does with ${branch.packet.destination} is not known`;
      journeys.push(ended(branch, { verdict: 'UNKNOWN', cause: 'MISSING_DATA', detail }));
      return;
    }
    if (fabric.isDown(node)) {
      fabric.assumptions.add(
        'nodes',
        'a node whose Ready condition is Unknown is down',
        'Its kubelet has stopped reporting.',
      );
      const detail = `node ${node} is down: its Ready condition is Unknown`;
      journeys.push(ended(branch, { verdict: 'UNREACHABLE', cause: 'NODE_DOWN', detail }));
      return;
    }
    const unmodelled = fabric.unmodelled(node);
    if (unmodelled !== undefined) {
      journeys.push(ended(branch, { verdict: 'UNKNOWN', cause: 'UNSUPPORTED_DATAPLANE', detail: unmodelled }));
      return;
    }
    const left = leftToOtherProxy(fabric, node, branch.packet);
    if (left !== undefined) {
      journeys.push(ended(branch, { verdict: 'UNKNOWN', cause: 'UNSUPPORTED_DATAPLANE', detail: left }));
      return;
    }
    const stale = staleRules(fabric, node, branch.packet);
    if (stale !== undefined) {
      journeys.push(ended(branch, { verdict: 'UNKNOWN', cause: 'MISSING_DATA', detail: stale }));
      return;
    }
    if (nodes > MAX_NODES) {
      const detail = 'the packet goes round in circles';
      journeys.push(ended(branch, { verdict: 'UNREACHABLE', cause: 'NO_ROUTE', detail }));
      return;
    }
    const arrived = withTrail(branch, hop(branch.trail, 'NODE', node));
    const taken = takenBeforeRules(fabric, client, node, branch.packet, nodes === 1);
    if (taken !== undefined) {
      journeys.push(ended(arrived, taken));
      return;
    }
    const { entered, done } = enterNode(fabric, node, arrived, entry);
    for (const passed of done) follow(passed, node, nodes);
    for (const one of entered) pass(one, node, nodes);
  };
  /** What becomes of a branch that a node has done with. */
  const follow = (passed: Passed, node: string, nodes: number) => {
    if ('ending' in passed) {
      const { branch, ending, beyond } = passed;
      const receiver = undecidedReceiver(fabric, branch, ending);
      if (beyond === undefined) {
        journeys.push(ended(branch, ending, receiver));
        return;
      }
      let found: readonly Journey[] | undefined;
      const onward = () => {
        found ??= further(beyond, node, nodes);
        return found;
      };
      journeys.push(new DeniedJourney(branch.chance, branch, ending, receiver, onward));
    } else if (passed.exit.kind === 'NODE') enter(onTheWire(passed.branch), passed.exit.node, 'PREROUTING', nodes + 1);
    else if (leavesForBalancer(fabric, client, passed.branch, passed.exit))
      balance(passed.branch, zoneOf(fabric, node), nodes);
    else {
      handedOver = passed.exit.kind === 'POD' ? node : '';
      journeys.push(conclude(fabric, client, node, passed.branch, passed.exit));
    }
  };
  /** Every way of a branch that policies deny at a node, as if none denied anything. */
  const further = (beyond: () => readonly Passed[], node: string, nodes: number): readonly Journey[] =>
    fabric.recordingPolicies(() => {
      const before = journeys.length;
      for (const passed of beyond()) follow(passed, node, nodes);
      return journeys.splice(before);
    });
  /** Every way of a packet from the first hook of a node on. */
  const walkOn = (entered: Entered, node: string, nodes: number) => {
    const { done, taken } = passOn(fabric, node, entered);
    for (const passed of done) follow(passed, node, nodes);
    for (const one of taken) pass(one, node, nodes);
  };
  /** The same, where it is not known yet from a packet that nothing tells apart. */
  const pass = (entered: Entered, node: string, nodes: number) => {
    const { branch } = entered.passing;
    const taken = nodes === 1 ? fabric.takenBy(branch.packet) : undefined;
    if (taken !== undefined) {
      journeys.push({ ...taken, chance: branch.chance, takenFrom: taken });
      return;
    }
    const likeness = likenessOf(fabric, client, node, entered);
    const known = likeness === undefined ? undefined : fabric.ways.get(likeness);
    if (known !== undefined) {
      const walk = () => apart(entered, node, nodes);
      const { journey } = known;
      const alike =
        journey instanceof DeniedJourney
          ? alikeDenial(fabric, journey, entered, walk)
          : alikeJourney(fabric, journey, entered, walk);
      if (alike !== undefined) {
        // Another question may have walked the way.
        fabric.assumptions.addAll(known.assumed);
        journeys.push(alike);
        return;
      }
    }
    const before = journeys.length;
    handedOver = '';
    const { assumed } = fabric.assumptions.recording(() => walkOn(entered, node, nodes));
    if (likeness === undefined || known !== undefined || journeys.length !== before + 1) return;
    const journey = journeys[before] as Journey;
    const place = fabric.places.locate(journey.packet.destination);
    if (place.kind !== 'POD' || (place.node !== node && isOfReceivingNode(fabric, journey.packet))) return;
    const isDenied = journey instanceof DeniedJourney && journey.verdict !== 'UNKNOWN';
    if (isDenied || (journey.verdict === 'DELIVERED' && place.node === handedOver))
      fabric.ways.set(likeness, { journey, assumed: assumed.filter(isOfWay) });
  };
  /** The one journey of a packet that was known before it was walked. */
  const apart = (entered: Entered, node: string, nodes: number): Journey => {
    const before = journeys.length;
    walkOn(entered, node, nodes);
    return journeys.splice(before)[0] as Journey;
  };
  const balance = (branch: Branch, zone: string, nodes: number, through?: Through) => {
    const balancer = through?.balancer ?? fabric.balancerAt(branch.packet.destination, wantedOf(branch.packet));
    if (balancer === undefined) return;
    const send = (passed: BalancedBranch) => {
      if ('ending' in passed) journeys.push(ended(passed.branch, passed.ending));
      else enter(onTheWire(passed.branch), passed.node, 'PREROUTING', nodes + 1);
    };
    const ways = passBalancer(fabric, branch, { balancer, zone, ...through }, (passed) => {
      const before = journeys.length;
      send(passed);
      return journeys.splice(before);
    });
    for (const way of ways) send(way);
  };
  if (client.through !== undefined) balance(start, client.through.zone, 0, client.through);
  else if (client.kind === 'OUTSIDE')
    for (const { branch, node } of arrivals(fabric, client, start)) enter(branch, node, 'PREROUTING', 1);
  else enter(start, client.node, client.kind === 'HOST' ? 'OUTPUT' : 'PREROUTING', 1);
  return journeys;
}

/** Whether an assumption is the way's, and not the receiver's own: who listens is looked at for each. */
function isOfWay({ field }: Assumption): boolean {
  return field !== LISTENERS && field !== ENDPOINTS;
}

function opening(client: Client): string {
  if (client.kind !== 'OUTSIDE') return 'opens a connection';
  return client.through === undefined
    ? `sends a packet that arrives at ${client.node}`
    : 'sends a packet to the load balancer';
}

/**
 * Whether a packet from inside that leaves the cluster is for a load balancer that is known, and no endpoint of the
 * outside. What a node does not take of what a load balancer sent it is not sent round again.
 */
function leavesForBalancer(fabric: Fabric, client: Client, { packet, trail }: Branch, exit: Exit): boolean {
  if (exit.kind !== 'OUTSIDE' || client.kind === 'OUTSIDE' || passedBalancer(trail)) return false;
  const balancer = fabric.balancerAt(packet.destination, wantedOf(packet));
  return balancer?.isKnown === true && receiveOutside(fabric, packet) === undefined;
}

function zoneOf(fabric: Fabric, node: string): string {
  const object = fabric.cluster.nodes.get(node);
  return (object && nodeZone(object)) ?? '';
}

/** The ways an outside client's packet comes to a node, each as a branch of its own. */
function arrivals(
  fabric: Fabric,
  client: Client,
  start: Branch,
): readonly { readonly branch: Branch; readonly node: string }[] {
  const { packet } = start;
  const translated = fabric.book.translatedTo(packet.destination) === client.node;
  if (translated) {
    fabric.assumptions.add(
      'nodes.externalIP',
      'translated one to one to the InternalIP',
      'A node with both addresses usually has only the InternalIP on its interface.',
    );
  }
  const internal = translated ? fabric.host(client.node).primaryAddress : undefined;
  return arriveDirectly(client.node, packet, internal).map((arrival) => {
    const { node, chance, rewritten } = arrival;
    const arrived = copyOf(packet);
    arrived.source = arrival.source;
    arrived.destination = arrival.destination;
    const trail =
      rewritten === undefined
        ? start.trail
        : hostStep(start.trail, {
            action: 'SEND',
            detail: rewritten,
            before: headerOf(packet),
            after: headerOf(arrived),
          });
    return {
      node,
      branch: { ...start, packet: arrived, trail, chance: both(start.chance, { nominal: chance, programmed: chance }) },
    };
  });
}

/** Marks, interfaces and connection state belong to one host: the next one sees a new packet. */
function onTheWire({ chance, packet, trail, tracked }: Branch): Branch {
  const arriving = copyOf(packet);
  arriving.mark = 0;
  // What left by a tunnel comes in by it.
  arriving.inInterface = packet.outInterface === TUNNEL ? TUNNEL : UPLINK;
  arriving.outInterface = undefined;
  arriving.bridged = undefined;
  arriving.connection = NEW;
  return { chance, packet: arriving, trail, tracked };
}

/** A pod's connection that never leaves the pod: to its own address, or to its own loopback. */
function insidePod(fabric: Fabric, client: Client, target: Target, start: Branch): Journey | undefined {
  const loopback = isLoopback(target.address);
  if (!loopback && target.address !== client.address) return undefined;
  const received = receiveInside(fabric, client.node, client.name.replace(/^pod\//, ''), start.packet);
  if ('ending' in received) {
    const { detail } = received.ending;
    const own = loopback ? `${target.address} is the pod's own loopback, where node ports are not: ${detail}` : detail;
    return ended(start, { ...received.ending, detail: own });
  }
  const detail = 'the pod talks to itself without leaving its network namespace';
  return ended(start, { verdict: 'DELIVERED', detail }, received.receiver, { returns: true, detail, trail: undefined });
}
