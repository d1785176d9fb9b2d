import type { Rule } from '../ruleset.js';

/**
 * The statements that iptables rules are made of: one interface per match option group and per target. A statement
 * holds values, not text; each kind's file in iptables/ reads it from text, writes it in the spelling of kube-proxy and
 * in the kernel's canonical spelling, lists it as `iptables -L` does, and tests it against a packet.
 * nftables expressions join this union when that mode lands.
 */

/** Values shared by statements that can be negated with `!`. */
interface Negatable {
  readonly negated?: boolean;
}

/** A port or a range of ports, both ends included. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

// ── header matches ──────────────────────────────────────────────────────────────────────────────────────────────────
/** `-s ADDRESS[/LENGTH]`, text as written. */
export interface SourceMatch extends Negatable {
  readonly kind: 'source';
  readonly address: string;
}
/** `-d ADDRESS[/LENGTH]`, text as written. */
export interface DestinationMatch extends Negatable {
  readonly kind: 'destination';
  readonly address: string;
}
/** `-i NAME`; a trailing `+` stands for any rest. */
export interface InInterfaceMatch extends Negatable {
  readonly kind: 'in-interface';
  readonly name: string;
}
/** `-o NAME`. */
export interface OutInterfaceMatch extends Negatable {
  readonly kind: 'out-interface';
  readonly name: string;
}
/** `-p PROTOCOL`, lower case as written (`tcp`, `udp`, `sctp`, `icmp`, `ipv6-icmp`, `all` or a number). */
export interface ProtocolMatch extends Negatable {
  readonly kind: 'protocol';
  readonly protocol: string;
}

// ── module matches ──────────────────────────────────────────────────────────────────────────────────────────────────
/** `-m NAME` where the module's own options follow as statements of their own (tcp, udp, sctp) or not at all. */
export interface ModuleMatch {
  readonly kind: 'module';
  readonly name: string;
}
/** `--dport` or `--sport` of the tcp, udp and sctp modules. */
export interface PortMatch extends Negatable {
  readonly kind: 'destination-port' | 'source-port';
  readonly ports: PortRange;
}
/** `-m comment --comment TEXT`. */
export interface CommentMatch {
  readonly kind: 'comment';
  readonly text: string;
}
/** `-m statistic`. Random: the chance as nominal fraction 1/m where known, and the kernel's 31-bit threshold. */
export interface StatisticMatch extends Negatable {
  readonly kind: 'statistic';
  readonly mode: 'random' | 'nth';
  /** random: the written decimal, e.g. `0.3333333333`. */
  readonly probability?: string;
  /** random: m of the nominal chance 1/m; absent where the threshold fits no single m. */
  readonly nominal?: number;
  /** nth: match every n-th packet, first at packet `packet` (0-based). */
  readonly every?: number;
  readonly packet?: number;
}
/** `-m recent`. */
export interface RecentMatch extends Negatable {
  readonly kind: 'recent';
  readonly name: string;
  readonly action: 'set' | 'rcheck' | 'update' | 'remove';
  readonly seconds?: number;
  readonly reap?: boolean;
  readonly hitcount?: number;
  readonly side?: 'source' | 'destination';
  readonly mask?: string;
}
/** `-m addrtype`. */
export interface AddressTypeMatch {
  readonly kind: 'addrtype';
  readonly source?: { readonly types: readonly string[]; readonly negated?: boolean };
  readonly destination?: { readonly types: readonly string[]; readonly negated?: boolean };
  readonly limitIface?: 'in' | 'out';
}
/** `-m conntrack --ctstate …` and what else of that module is read. */
export interface ConntrackMatch {
  readonly kind: 'conntrack';
  /** Written as `-m state --state …`, the older name of `--ctstate`. */
  readonly alias?: 'state';
  readonly states?: { readonly values: readonly string[]; readonly negated?: boolean };
  readonly status?: { readonly values: readonly string[]; readonly negated?: boolean };
  readonly direction?: 'ORIGINAL' | 'REPLY';
  readonly originalDestination?: { readonly address: string; readonly negated?: boolean };
  readonly originalDestinationPort?: { readonly ports: PortRange; readonly negated?: boolean };
  /** `--ctproto`: the number of a protocol. */
  readonly protocol?: { readonly number: number; readonly negated?: boolean };
  readonly originalSource?: { readonly address: string; readonly negated?: boolean };
  readonly replySource?: { readonly address: string; readonly negated?: boolean };
  readonly replyDestination?: { readonly address: string; readonly negated?: boolean };
  readonly originalSourcePort?: { readonly ports: PortRange; readonly negated?: boolean };
  readonly replySourcePort?: { readonly ports: PortRange; readonly negated?: boolean };
  readonly replyDestinationPort?: { readonly ports: PortRange; readonly negated?: boolean };
  /** `--ctexpire`: how many seconds the flow's entry still lives. */
  readonly expires?: { readonly ports: PortRange; readonly negated?: boolean };
}
/** `-m mark --mark VALUE/MASK`. `spelled` keeps how it was written (`0x00004000/0x00004000`). */
export interface MarkMatch extends Negatable {
  readonly kind: 'mark';
  readonly value: number;
  readonly mask: number;
  readonly spelled?: string;
}
/** `-m multiport --dports|--sports|--ports`. */
export interface MultiportMatch extends Negatable {
  readonly kind: 'multiport';
  readonly side: 'source' | 'destination' | 'either';
  readonly ports: readonly PortRange[];
}
/** `-m physdev`. */
export interface PhysdevMatch {
  readonly kind: 'physdev';
  readonly isIn?: { readonly negated?: boolean };
  readonly isOut?: { readonly negated?: boolean };
  readonly isBridged?: { readonly negated?: boolean };
  readonly in?: { readonly name: string; readonly negated?: boolean };
  readonly out?: { readonly name: string; readonly negated?: boolean };
}
/** `-m nfacct --nfacct-name NAME`: counts, always matches. */
export interface NfacctMatch {
  readonly kind: 'nfacct';
  readonly name: string;
}
/** `-m set --match-set NAME DIRECTIONS`. */
export interface SetMatch extends Negatable {
  readonly kind: 'set';
  readonly name: string;
  readonly directions: readonly ('src' | 'dst')[];
}
/** `-m ipvs`: what IPVS has sent on, and for which virtual server. */
export interface IpvsMatch {
  readonly kind: 'ipvs';
  /** `--ipvs` alone. */
  readonly member?: { readonly negated?: boolean };
  readonly protocol?: { readonly name: string; readonly negated?: boolean };
  readonly address?: { readonly text: string; readonly negated?: boolean };
  readonly port?: { readonly number: number; readonly negated?: boolean };
  readonly direction?: 'ORIGINAL' | 'REPLY';
  readonly method?: { readonly name: 'GATE' | 'IPIP' | 'MASQ'; readonly negated?: boolean };
  readonly controlPort?: { readonly number: number; readonly negated?: boolean };
}
/** `-m tcp --tcp-flags MASK SET` (`--syn` is `FIN,SYN,RST,ACK SYN`). */
export interface TcpFlagsMatch extends Negatable {
  readonly kind: 'tcp-flags';
  readonly mask: readonly string[];
  readonly set: readonly string[];
}
/** `-f`: the second and later fragments of a packet. */
export interface FragmentMatch extends Negatable {
  readonly kind: 'fragment';
}
/** `-m limit --limit RATE`: at most so many packets; `rate` in iptables' spelling (`10/min`). */
export interface LimitMatch {
  readonly kind: 'limit';
  readonly rate: string;
  readonly burst: number;
}
/** `-m hashlimit`: as `limit`, one bucket for each source, destination or port. Words as they are written. */
export interface HashlimitMatch {
  readonly kind: 'hashlimit';
  /** `above`: matches what exceeds the rate; `upto`: what stays within. */
  readonly side: 'above' | 'upto';
  readonly rate: string;
  /** The other options in iptables' order, without the leading `--hashlimit-`, each with its value. */
  readonly options: readonly (readonly [name: string, value: string])[];
}
/** `-m connlimit`: how many connections there are at once. */
export interface ConnlimitMatch {
  readonly kind: 'connlimit';
  readonly side: 'above' | 'upto';
  readonly count: number;
  readonly mask: string | undefined;
  readonly address: 'saddr' | 'daddr';
}
/** `-m connmark --mark VALUE/MASK`: the mark of the flow. */
export interface ConnmarkMatch extends Negatable {
  readonly kind: 'connmark';
  readonly value: number;
  readonly mask: number;
  readonly spelled?: string;
}
/** `-m iprange --src-range A-B --dst-range A-B`. */
export interface AddressRangeMatch {
  readonly kind: 'iprange';
  readonly source?: AddressRange;
  readonly destination?: AddressRange;
}
/** Two addresses and all between them. */
export interface AddressRange extends Negatable {
  readonly from: string;
  readonly to: string;
}
/** `-m pkttype --pkt-type TYPE`: to whom the frame was addressed. */
export interface PacketTypeMatch extends Negatable {
  readonly kind: 'pkttype';
  readonly type: 'unicast' | 'broadcast' | 'multicast';
}
/** `-m icmp --icmp-type TYPE[/CODE]`, `-m icmp6 --icmpv6-type …`; `type` undefined: any. */
export interface IcmpMatch extends Negatable {
  readonly kind: 'icmp';
  readonly version: 4 | 6;
  readonly type: number | undefined;
  readonly code?: number;
}
/** `-m mac --mac-source ADDRESS`. */
export interface MacMatch extends Negatable {
  readonly kind: 'mac';
  readonly address: string;
}
/** `-m owner`: the process that made the packet. */
export interface OwnerMatch {
  readonly kind: 'owner';
  readonly uid?: { readonly range: string; readonly negated?: boolean };
  readonly gid?: { readonly range: string; readonly negated?: boolean };
  readonly socketExists?: { readonly negated?: boolean };
  readonly supplementary?: boolean;
}
/** `-m socket`: whether a socket of this host has the packet's addresses. */
export interface SocketMatch {
  readonly kind: 'socket';
  readonly transparent?: boolean;
  readonly noWildcard?: boolean;
  readonly restoreMark?: boolean;
}
/** `-m rpfilter`: whether a reply would leave by the interface by which the packet came in. */
export interface ReversePathMatch {
  readonly kind: 'rpfilter';
  readonly loose?: boolean;
  readonly validMark?: boolean;
  readonly acceptLocal?: boolean;
  readonly inverted?: boolean;
}
/** `-m policy --dir DIRECTION --pol ipsec|none`: whether IPsec handles the packet. Words as they are written. */
export interface PolicyMatch {
  readonly kind: 'policy';
  readonly policy: 'none' | 'ipsec';
  readonly tokens: readonly string[];
}
/** A match that is not known: the tokens as they are. Walking over it gives UNKNOWN. */
export interface UnknownMatch {
  readonly kind: 'unknown-match';
  /** The module's name; empty for a rule option that is not known and belongs to no module. */
  readonly module: string;
  readonly tokens: readonly string[];
  /** Why the rule cannot be read, where iptables 1.8.9 itself would refuse it. */
  readonly reason?: string;
}

// ── targets ─────────────────────────────────────────────────────────────────────────────────────────────────────────
/** `-j CHAIN` (returns after it) or `-g CHAIN` (goto: returns to the caller's caller). */
export interface Jump {
  readonly kind: 'jump' | 'goto';
  readonly chain: string;
}
/** `-j ACCEPT | DROP | RETURN`. */
export interface Verdict {
  readonly kind: 'accept' | 'drop' | 'return';
}
/** `-j REJECT [--reject-with TYPE]`. */
export interface Reject {
  readonly kind: 'reject';
  readonly with?: string;
}
/** `-j MARK`: mark = (mark & ~mask) ^ value. `operation` keeps which option wrote it. */
export interface SetMark {
  readonly kind: 'set-mark';
  readonly operation: 'or' | 'xor' | 'and' | 'set' | 'set-xmark';
  readonly value: number;
  readonly mask: number;
  readonly spelled?: string;
}
/** `-j CONNMARK`: writes the flow's mark, or copies it to (restore) or from (save) the packet's. */
export interface SetConnmark {
  readonly kind: 'set-connmark';
  readonly operation: 'set' | 'save' | 'restore';
  /** set: mark = (mark & ~mask) ^ value. */
  readonly value: number;
  readonly connectionMask: number;
  /** save, restore: the bits of the packet's mark. */
  readonly packetMask: number;
}
/** `-j DNAT --to-destination A[-B][:P[-Q]]`. */
export interface Dnat {
  readonly kind: 'dnat';
  /** Undefined: only the port is rewritten. */
  readonly address?: string;
  readonly addressTo?: string;
  readonly port?: number;
  readonly portTo?: number;
  readonly random?: boolean;
  readonly persistent?: boolean;
}
/** `-j SNAT --to-source A[-B][:P[-Q]]`. */
export interface Snat {
  readonly kind: 'snat';
  readonly address?: string;
  readonly addressTo?: string;
  readonly port?: number;
  readonly portTo?: number;
  readonly random?: boolean;
  readonly randomFully?: boolean;
  readonly persistent?: boolean;
}
/** `-j MASQUERADE [--random-fully]`. */
export interface Masquerade {
  readonly kind: 'masquerade';
  readonly randomFully?: boolean;
  readonly random?: boolean;
  readonly toPorts?: PortRange;
}
/** `-j REDIRECT [--to-ports P]`: DNAT to this host. */
export interface Redirect {
  readonly kind: 'redirect';
  readonly toPorts?: PortRange;
  readonly random?: boolean;
}
/** A target that lets the packet pass on as it is: LOG, NFLOG, CT, TCPMSS, TRACE, CHECKSUM … with its options. */
export interface PassingTarget {
  readonly kind: 'passing-target';
  readonly name: string;
  readonly tokens: readonly string[];
}
/** A target that is not known. Walking to it gives UNKNOWN. */
export interface UnknownTarget {
  readonly kind: 'unknown-target';
  readonly name: string;
  readonly tokens: readonly string[];
}

export type Match =
  | SourceMatch
  | DestinationMatch
  | InInterfaceMatch
  | OutInterfaceMatch
  | ProtocolMatch
  | ModuleMatch
  | PortMatch
  | CommentMatch
  | StatisticMatch
  | RecentMatch
  | AddressTypeMatch
  | ConntrackMatch
  | MarkMatch
  | MultiportMatch
  | PhysdevMatch
  | NfacctMatch
  | SetMatch
  | IpvsMatch
  | TcpFlagsMatch
  | FragmentMatch
  | LimitMatch
  | HashlimitMatch
  | ConnlimitMatch
  | ConnmarkMatch
  | AddressRangeMatch
  | PacketTypeMatch
  | IcmpMatch
  | MacMatch
  | OwnerMatch
  | SocketMatch
  | ReversePathMatch
  | PolicyMatch
  | UnknownMatch;

export type Target =
  | Jump
  | Verdict
  | Reject
  | SetMark
  | SetConnmark
  | Dnat
  | Snat
  | Masquerade
  | Redirect
  | PassingTarget
  | UnknownTarget;

export type Statement = Match | Target;
export type StatementKind = Statement['kind'];

/** The statements of a rule that is written in this language; none without a rule. */
export function statementsOf(rule: Pick<Rule, 'statements'> | undefined): readonly Statement[] {
  return (rule?.statements ?? []) as readonly Statement[];
}
