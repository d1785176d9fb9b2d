import type { IPFamily } from '../base/address.js';

export type Protocol = 'TCP' | 'UDP' | 'SCTP' | 'ICMP';

/** What connection tracking knows of the packet's flow. */
export interface ConnectionState {
  readonly state: 'NEW' | 'ESTABLISHED' | 'RELATED' | 'INVALID' | 'UNTRACKED';
  /** The flow's destination (source) has been rewritten. */
  readonly dnat: boolean;
  readonly snat: boolean;
  /** Original destination of a flow that was rewritten: what `--ctorigdst` and `--ctorigdstport` compare. */
  readonly originalDestination?: string;
  readonly originalDestinationPort?: number;
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
  readonly sourcePort?: number;
  readonly destination: string;
  readonly destinationPort?: number;
  /** The nfmark, an unsigned 32-bit number. */
  readonly mark: number;
  /** Name of the interface it came in by; undefined for a packet made on this host. */
  readonly inInterface?: string;
  /** Name of the interface it leaves by; known after the routing decision. */
  readonly outInterface?: string;
  /** It came in through a port of a bridge and br_netfilter shows it to iptables (`physdev --physdev-is-in`). */
  readonly bridged?: boolean;
  readonly connection: ConnectionState;
}

/**
 * Stands for an ephemeral port whose number is not known and that no rule names: what a reply is sent to. It matches a
 * range only where that begins at 0.
 */
export const EPHEMERAL_PORT = 0;

/** The part of a packet that answers show before and after a rewrite. */
export interface Header {
  readonly source: string;
  readonly sourcePort?: number;
  readonly destination: string;
  readonly destinationPort?: number;
  readonly mark: number;
}

export function headerOf(packet: Packet): Header {
  return {
    source: packet.source,
    ...(packet.sourcePort === undefined ? {} : { sourcePort: packet.sourcePort }),
    destination: packet.destination,
    ...(packet.destinationPort === undefined || packet.destinationPort === EPHEMERAL_PORT
      ? {}
      : { destinationPort: packet.destinationPort }),
    mark: packet.mark,
  };
}
