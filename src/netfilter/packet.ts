import type { IPFamily } from '../base/address.js';

export type Protocol = 'TCP' | 'UDP' | 'SCTP' | 'ICMP';

/** What connection tracking knows of the packet's flow. */
interface ConnectionState {
  readonly state: 'NEW' | 'ESTABLISHED' | 'RELATED' | 'INVALID' | 'UNTRACKED';
  /** The flow's destination (source) has been rewritten. */
  readonly dnat: boolean;
  readonly snat: boolean;
  /** Original destination of a flow that was rewritten: what `--ctorigdst` and `--ctorigdstport` compare. */
  readonly originalDestination?: string | undefined;
  readonly originalDestinationPort?: number | undefined;
  /** Original source of a flow that was rewritten. */
  readonly originalSource?: string | undefined;
  readonly originalSourcePort?: number | undefined;
  /** The flow's mark, which outlives the packet; absent: 0, which every flow begins with. */
  readonly mark?: number | undefined;
  /** Bits of the flow's mark that a rule may have changed or not: the rule could not be decided. */
  readonly unknownMark?: number | undefined;
  /** Set for packets that are known to go from the flow's responder to its originator. */
  readonly direction?: 'REPLY' | undefined;
}

/**
 * A packet's header at one point of its way, with what netfilter keeps beside it. Addresses are canonical text.
 * Immutable: a rewrite makes a new one.
 */
export interface Packet {
  readonly family: IPFamily;
  readonly protocol: Protocol;
  readonly source: string;
  /** Undefined: an ephemeral port that is not known. */
  readonly sourcePort?: number | undefined;
  readonly destination: string;
  readonly destinationPort?: number | undefined;
  /** The nfmark, an unsigned 32-bit number. */
  readonly mark: number;
  /** Name of the interface it came in by; undefined for a packet made on this host. */
  readonly inInterface?: string | undefined;
  /** Name of the interface it leaves by; known after the routing decision. */
  readonly outInterface?: string | undefined;
  /** It came in through a port of a bridge and br_netfilter shows it to iptables (`physdev --physdev-is-in`). */
  readonly bridged?: boolean | undefined;
  readonly connection: ConnectionState;
  /** The source stands for clients whose addresses are not known: what is hashed of it is a share, not an answer. */
  readonly anySource?: boolean | undefined;
  /** The virtual server whose connection it belongs to, once IPVS has sent it on to a real server. */
  readonly balanced?: Balanced | undefined;
}

/** What IPVS knows of a packet that it has sent on. */
interface Balanced {
  readonly address: string;
  readonly port: number;
  readonly forwarding: 'MASQUERADE' | 'ROUTE' | 'TUNNEL';
}

/** A packet that is still being made. */
export type PacketDraft = { -readonly [field in keyof Packet]: Packet[field] };

/**
 * A copy to change. Written out field by field: every packet then has one shape, which a walk of thousands of them
 * feels; spreading costs several times as much.
 */
export function copyOf(packet: Packet): PacketDraft {
  return {
    family: packet.family,
    protocol: packet.protocol,
    source: packet.source,
    sourcePort: packet.sourcePort,
    destination: packet.destination,
    destinationPort: packet.destinationPort,
    mark: packet.mark,
    inInterface: packet.inInterface,
    outInterface: packet.outInterface,
    bridged: packet.bridged,
    connection: packet.connection,
    anySource: packet.anySource,
    balanced: packet.balanced,
  };
}

/**
 * Stands for an ephemeral port whose number is not known and that no rule names: what a reply is sent to. It matches a
 * range only where that begins at 0.
 */
export const EPHEMERAL_PORT = 0;

/** The part of a packet that answers show before and after a rewrite. */
export interface Header {
  readonly source: string;
  readonly sourcePort?: number | undefined;
  readonly destination: string;
  readonly destinationPort?: number | undefined;
  readonly mark: number;
}

export function headerOf(packet: Packet): Header {
  return {
    source: packet.source,
    sourcePort: packet.sourcePort,
    destination: packet.destination,
    destinationPort: packet.destinationPort === EPHEMERAL_PORT ? undefined : packet.destinationPort,
    mark: packet.mark,
  };
}

/** The packet with another source; port undefined: one that is not known before. */
export function withSource(packet: Packet, address: string, port: number | undefined): Packet {
  if (address === packet.source && port === packet.sourcePort) return packet;
  const { connection } = packet;
  const after = copyOf(packet);
  after.source = address;
  after.anySource = undefined;
  after.sourcePort = port;
  after.connection = {
    state: connection.state,
    dnat: connection.dnat,
    snat: true,
    originalDestination: connection.originalDestination,
    originalDestinationPort: connection.originalDestinationPort,
    originalSource: connection.originalSource ?? packet.source,
    originalSourcePort: connection.originalSource === undefined ? packet.sourcePort : connection.originalSourcePort,
    mark: connection.mark,
    unknownMark: connection.unknownMark,
    direction: connection.direction,
  };
  return after;
}

/** The packet with another destination; the flow keeps in mind where it was going. */
export function withDestination(packet: Packet, address: string, port: number | undefined): Packet {
  // Rewriting to what is there already is no translation (nf_nat_setup_info).
  if (address === packet.destination && port === packet.destinationPort) return packet;
  const { connection } = packet;
  const after = copyOf(packet);
  after.destination = address;
  if (port !== undefined) after.destinationPort = port;
  after.connection = {
    state: connection.state,
    dnat: true,
    snat: connection.snat,
    originalDestination: connection.originalDestination ?? packet.destination,
    originalDestinationPort: connection.originalDestinationPort ?? packet.destinationPort,
    originalSource: connection.originalSource,
    originalSourcePort: connection.originalSourcePort,
    mark: connection.mark,
    unknownMark: connection.unknownMark,
    direction: connection.direction,
  };
  return after;
}
