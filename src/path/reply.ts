import { copyOf, EPHEMERAL_PORT, type Header, headerOf, type Packet } from '../netfilter/packet.js';
import type { Hook } from '../netfilter/ruleset.js';
import { walkHook } from '../netfilter/walk/walk.js';
import type { Client } from './client.js';
import { endingOf } from './endings.js';
import type { Fabric } from './fabric.js';
import { LOOPBACK, UPLINK } from './host.js';
import {
  type Branch,
  type Ending,
  hop,
  hostStep,
  type Receiver,
  ruleSteps,
  type Tracked,
  type TrackedList,
  type Trail,
} from './trail.js';

export interface ReturnWay {
  readonly returns: boolean;
  readonly detail: string;
  readonly trail: Trail | undefined;
  /** Set where a rule that the reply meets cannot be decided, so that it is not known whether it returns. */
  readonly undecided?: Ending;
}

const MAX_NODES = 8;

/** The entry of a node's connection table whose reply this packet is. */
function trackedBy(node: string, packet: Packet, tracked: TrackedList | undefined): Tracked | undefined {
  for (let at = tracked; at !== undefined; at = at.previous) {
    const { entry } = at;
    const { after } = entry;
    if (
      entry.node === node &&
      after.source === packet.destination &&
      after.destination === packet.source &&
      after.destinationPort === packet.sourcePort
    ) {
      return entry;
    }
  }
  return undefined;
}

/** The load balancer on the way in that a packet back to where it came from has to pass, and what it does to it. */
function balancedBy(packet: Packet, tracked: TrackedList | undefined): Tracked | undefined {
  for (let at = tracked; at !== undefined; at = at.previous) {
    const { balancer, after } = at.entry;
    if (balancer !== undefined && after.source === packet.destination && after.destination === packet.source)
      return at.entry;
  }
  return undefined;
}

/**
 * What a reply is to a node's connection tracking. A node that never saw the connection's first packet takes an answer
 * of TCP or SCTP for INVALID, since no connection starts with one (nf_conntrack_proto_tcp.c, also where it is liberal);
 * a datagram may start one.
 */
function stateOf(packet: Packet, tracked: boolean): Packet['connection']['state'] {
  if (tracked) return 'ESTABLISHED';
  return packet.protocol === 'UDP' ? 'NEW' : 'INVALID';
}

/**
 * What a node that tracks the connection knows of a reply: what the first packet had before it was rewritten, and the
 * mark.
 */
function knownOf({ before, mark = 0, unknownMark }: Tracked): Partial<Packet['connection']> {
  return {
    direction: 'REPLY',
    originalSource: before.source,
    originalSourcePort: before.sourcePort,
    originalDestination: before.destination,
    originalDestinationPort: before.destinationPort,
    mark,
    unknownMark,
  };
}

/** The header that the connection was opened with: as the first node saw it. */
function firstHeader(tracked: TrackedList | undefined): Header | undefined {
  let first: Header | undefined;
  for (let at = tracked; at !== undefined; at = at.previous) first = at.entry.before;
  return first;
}

/**
 * Follows the reply of a delivered packet back: on each node that tracks the connection it is translated back,
 * elsewhere it goes on as it is. It has returned when the client gets it from the very address that it sent to.
 */
export function returnWay(fabric: Fabric, client: Client, there: Branch, receiver: Receiver): ReturnWay {
  const sent = firstHeader(there.tracked);
  const clientAddress = sent?.source ?? there.packet.source;
  const wanted = sent?.destination ?? there.packet.destination;
  const seen = there.packet.source;
  let packet: Packet = {
    family: fabric.family,
    protocol: there.packet.protocol,
    source: receiver.address,
    sourcePort: receiver.port,
    destination: seen,
    destinationPort: EPHEMERAL_PORT,
    mark: 0,
    inInterface: undefined,
    outInterface: undefined,
    bridged: undefined,
    connection: { state: 'ESTABLISHED', dnat: there.packet.connection.dnat, snat: there.packet.connection.snat },
  };
  let trail: Trail | undefined;
  let undecided: Ending | undefined;
  const lost = (detail: string): ReturnWay => ({ returns: false, detail, trail, ...(undecided && { undecided }) });
  const arrive = (): ReturnWay => {
    trail = hostStep(hop(trail, client.kind === 'OUTSIDE' ? 'OUTSIDE' : 'CLIENT', client.name), {
      action: 'RECEIVE',
      detail: `gets the reply from ${packet.source}`,
      after: headerOf(packet),
    });
    if (packet.source === wanted)
      return { returns: true, detail: 'the reply comes from the address the client sent to', trail };
    return lost(
      `the reply reaches the client straight from ${packet.source}, not from ${wanted} that it sent to: it ` +
        'goes past the node that translated the connection',
    );
  };

  const onHost = receiver.node !== undefined && fabric.host(receiver.node).isLocal(receiver.address);
  // A host that talks to itself is no such case: its packets cross its own hooks both ways, on the loopback.
  if (seen === receiver.address && receiver.node !== undefined && !onHost) {
    return lost(
      `${receiver.address} sees its own address as the client: its reply never leaves it, so nothing ` +
        'translates it back',
    );
  }
  let node = receiver.node;
  let entry: 'PREROUTING' | 'OUTPUT' = onHost ? 'OUTPUT' : 'PREROUTING';
  let wire: string | undefined;
  let fromPod = entry === 'PREROUTING' && node !== undefined;
  if (node === undefined) {
    const place = fabric.places.locate(seen);
    if (place.kind === 'OUTSIDE' || place.kind === 'UNREACHABLE')
      return client.kind === 'OUTSIDE' ? arrive() : lost('nobody has the address the reply goes to');
    fabric.assumptions.add(
      'outside',
      'outside endpoints answer to the address they see',
      'What lies outside the cluster is not in the snapshot.',
    );
    node = place.node;
  }
  for (let count = 0; count < MAX_NODES && node !== undefined; count++) {
    const here: string = node;
    trail = hop(trail, 'NODE', here);
    const host = fabric.host(here);
    const ruleset = fabric.ruleset(here);
    let dropped: string | undefined;
    const walk = (hook: Hook) => {
      const outcome = walkHook(ruleset, hook, packet, host)[0];
      trail = ruleSteps(trail, outcome?.steps);
      if (outcome === undefined || outcome.verdict === 'ACCEPT') packet = outcome?.packet ?? packet;
      else if (outcome.verdict === 'BALANCED') dropped = `IPVS on ${here} takes it for a new connection`;
      else {
        const ending = endingOf(outcome, ruleset.language, here);
        dropped = ending.detail;
        if (ending.verdict === 'UNKNOWN') undecided = { ...ending, detail: `the reply: ${ending.detail}` };
      }
      return dropped === undefined;
    };
    const connection = trackedBy(here, packet, there.tracked);
    const arriving = copyOf(packet);
    arriving.inInterface = entry === 'OUTPUT' ? undefined : fromPod ? host.podInterface : (wire ?? UPLINK);
    arriving.connection = {
      ...arriving.connection,
      state: stateOf(packet, connection !== undefined),
      ...(connection === undefined ? {} : knownOf(connection)),
    };
    packet = arriving;
    if (!walk(entry)) return lost(`the reply is lost: ${dropped}`);
    const before = packet;
    const routed = copyOf(packet);
    if (connection !== undefined) routed.destination = connection.before.source;
    const route = host.route(routed.destination);
    routed.outInterface =
      route.kind === 'LOCAL'
        ? entry === 'OUTPUT'
          ? LOOPBACK
          : undefined
        : route.kind === 'UNREACHABLE'
          ? undefined
          : route.outInterface;
    packet = routed;
    if (route.kind === 'LOCAL' && entry === 'PREROUTING' && routed.destination === '::1') {
      // From the wire the default route takes it, and it is dropped behind FORWARD; a bridge drops it before (both seen
      // in the kernel's traces).
      routed.outInterface = UPLINK;
      const bridged = fromPod && fabric.settings.network.podNetwork === 'BRIDGE';
      if (!bridged && !walk('FORWARD')) return lost(`the reply is lost: ${dropped}`);
      return lost(`${here} translates the reply back to ::1, which no packet from the wire may be for: it drops it`);
    }
    if (route.kind === 'LOCAL') {
      if (entry === 'OUTPUT') {
        // To a process of the same host: out by the loopback and in again.
        if (!walk('POSTROUTING')) return lost(`the reply is lost: ${dropped}`);
        const looped = copyOf(packet);
        looped.inInterface = LOOPBACK;
        looped.outInterface = undefined;
        packet = looped;
        if (!walk('PREROUTING')) return lost(`the reply is lost: ${dropped}`);
      }
      if (!walk('INPUT')) return lost(`the reply is lost: ${dropped}`);
    } else if ((entry === 'PREROUTING' && !walk('FORWARD')) || !walk('POSTROUTING')) {
      return lost(`the reply is lost: ${dropped}`);
    }
    if (connection !== undefined) {
      const translated = copyOf(packet);
      translated.source = connection.before.destination;
      translated.sourcePort = connection.before.destinationPort;
      packet = translated;
      if (packet.source !== before.source || packet.destination !== before.destination) {
        trail = hostStep(trail, {
          action: 'CONNTRACK',
          detail: 'translates the reply back',
          before: headerOf(before),
          after: headerOf(packet),
        });
      }
    }
    if (
      packet.destination === clientAddress &&
      here === client.node &&
      (route.kind === 'POD' || route.kind === 'LOCAL')
    )
      return arrive();
    const balanced = route.kind === 'OUTSIDE' || route.kind === 'NODE' ? balancedBy(packet, there.tracked) : undefined;
    // What a load balancer answers itself it answers clients inside the cluster too, as soon as the reply is on the
    // wire.
    if (balanced?.balancer !== undefined && (route.kind === 'OUTSIDE' || balanced.balancer.reply === 'THROUGH')) {
      const { balancer, before: sentTo } = balanced;
      if (balancer.reply === 'DIRECT') {
        trail = hostStep(trail, {
          action: 'ROUTE',
          detail: `${here} answers the client itself, past the load balancer (direct server return)`,
        });
        return arrive();
      }
      const passing = packet;
      const back = copyOf(passing);
      back.source = sentTo.destination;
      back.sourcePort = sentTo.destinationPort;
      back.destination = sentTo.source;
      back.destinationPort = EPHEMERAL_PORT;
      back.outInterface = undefined;
      back.mark = 0;
      packet = back;
      trail = hostStep(hop(trail, 'LOAD_BALANCER', balancer.name), {
        action: 'CONNTRACK',
        detail: 'the reply passes the load balancer, which puts its own address in place of the backend’s',
        before: headerOf(passing),
        after: headerOf(back),
      });
      const place = fabric.places.locate(packet.destination);
      if (place.kind === 'OUTSIDE' || place.kind === 'UNREACHABLE') return arrive();
      node = place.node;
      entry = 'PREROUTING';
      fromPod = false;
      continue;
    }
    if (route.kind === 'OUTSIDE') {
      return client.kind === 'OUTSIDE' && packet.destination === clientAddress
        ? arrive()
        : lost(`the reply leaves the cluster for ${packet.destination}`);
    }
    if (route.kind !== 'NODE')
      return lost(`the reply to ${packet.destination} ends on ${here}, where the client is not`);
    const onward = copyOf(packet);
    // What leaves by a tunnel comes in by it.
    wire = packet.outInterface;
    onward.outInterface = undefined;
    onward.mark = 0;
    packet = onward;
    node = route.node;
    entry = 'PREROUTING';
    fromPod = false;
  }
  return lost('the reply goes round in circles');
}
