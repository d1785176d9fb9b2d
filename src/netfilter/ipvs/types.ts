/** The balancer of the kernel (ip_vs): virtual servers, each with the real servers that its scheduler chooses among. */
import type { LeftOut } from '../left-out.js';
import type { Origin } from '../ruleset.js';

/** How IPVS sends a packet on to a real server. kube-proxy uses MASQUERADE alone, which is NAT. */
export type Forwarding = 'MASQUERADE' | 'ROUTE' | 'TUNNEL';

/** One of those to whom a virtual server sends connections. */
export interface RealServer {
  readonly address: string;
  /** 0: the port that the client asked for. */
  readonly port: number;
  /** 0: gets no new connections. */
  readonly weight: number;
  /** Absent: MASQUERADE. */
  readonly forwarding?: Forwarding;
  /** Connections that it holds, where that is known: `ipvsadm -Ln` shows both numbers. */
  readonly activeConnections?: number;
  readonly inactiveConnections?: number;
  /** It takes connections only up to a limit (`-x`). kube-proxy sets none. */
  readonly limited?: boolean;
  /** It stands for so many that are alike and not followed. */
  readonly leftOut?: LeftOut;
}

/** The bits of {@link VirtualServer.flags} (uapi/linux/ip_vs.h). */
export const FLAGS = {
  persistent: 0x1,
  onePacket: 0x4,
  /** `sh-fallback`, `mh-fallback`. */
  fallback: 0x8,
  /** `sh-port`, `mh-port`. */
  port: 0x10,
} as const;

/** An address and port, or a firewall mark, whose new connections IPVS spreads. */
export interface VirtualServer {
  /** '' for one that is chosen by a firewall mark. */
  readonly address: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  /** The mark of the packets that it takes, instead of an address and port. */
  readonly firewallMark?: number;
  readonly scheduler: string;
  /** See {@link FLAGS}. */
  readonly flags: number;
  /** Seconds for which a client keeps its real server; 0 without the flag. */
  readonly timeout: number;
  /** In the order in which they were added. */
  readonly realServers: readonly RealServer[];
  /** It has no real server since none is on this node, and the traffic policy wants one there. */
  readonly wantsLocal?: boolean;
  readonly origin?: Origin;
}

/** One set of ipset with its entries, as text. */
export interface NamedSet {
  readonly name: string;
  /** `hash:ip,port`, `bitmap:port`, … */
  readonly type: string;
  readonly comment: string;
  readonly entries: readonly { readonly text: string; readonly origin?: Origin }[];
}
