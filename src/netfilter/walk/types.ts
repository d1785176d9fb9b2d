import type { Fraction } from '../../base/fraction.js';
import type { LeftOutShare } from '../left-out.js';
import type { Header, Packet } from '../packet.js';
import type { Hook, Rule } from '../ruleset.js';

/** What rtnetlink says of an address on this host, as `addrtype` asks: LOCAL, UNICAST, BROADCAST, MULTICAST … */
export type AddressType = 'LOCAL' | 'UNICAST' | 'BROADCAST' | 'MULTICAST' | 'BLACKHOLE' | 'UNREACHABLE' | 'PROHIBIT';

/** What the rules of a host ask of it beside the packet. Answers must not change during a walk. */
export interface WalkEnvironment {
  addressType(address: string): AddressType;
  /** Whether `xt_recent` list `list` holds the address with an entry young enough for the rule. */
  recentHolds(list: string, address: string): boolean;
  /** Whether the ipset holds what the packet's directions select; undefined when that is not known. */
  setHolds(name: string, packet: Packet, directions: readonly ('src' | 'dst')[]): boolean | undefined;
  /** The address MASQUERADE gives the packet: the primary one of the interface it leaves by. */
  masqueradeAddress(packet: Packet): string | undefined;
  /**
   * Whether the interface that the packet came in by, or leaves by, has the name that a rule gives (`eth0`, `cali+`);
   * undefined when that is not known. Absent: packets carry real names.
   */
  interfaceHolds?(pattern: string, packet: Packet, way: 'in' | 'out'): boolean | undefined;
  /** Whether an address of this host is one of the interface; undefined when that is not known. */
  addressOnInterface?(address: string, name: string | undefined): boolean | undefined;
  /**
   * Whether a reply to the packet would leave by the interface that it came in by; undefined when that is not known.
   */
  reversePathHolds?(
    packet: Packet,
    match: { readonly loose: boolean; readonly acceptLocal: boolean },
  ): boolean | undefined;
  /** Notes what a match takes for granted, such as that traffic stays below a limit. */
  assume?(field: string, value: unknown, why: string): void;
}

export type StepAction =
  | 'JUMP'
  | 'GOTO'
  | 'RETURN'
  | 'MARK'
  | 'DNAT'
  | 'SNAT'
  | 'MASQUERADE'
  | 'ACCEPT'
  | 'DROP'
  | 'REJECT'
  | 'POLICY'
  /** A rule that matched and lets the packet pass on: LOG, CT, a rule without a target … */
  | 'PASS'
  /** A balancer of the kernel sent it on to a real server. */
  | 'BALANCE'
  /** Random rules that did not hit, taken together. */
  | 'PASSED_OVER'
  | 'UNKNOWN';

/** What kind of number a chance is, where it is not that of an independent draw. */
export interface ChanceBasis {
  /**
   * EXACT: it holds for each connection by itself. LONG_RUN: the share of many connections, which are given out in
   * turn. ASSUMED: it holds under an assumption that neither the rules nor the snapshot decide.
   */
  readonly kind: 'EXACT' | 'LONG_RUN' | 'ASSUMED';
  /** Why it is exact, whose turn it is, or which assumption: a sentence. */
  readonly why: string;
  /** The order in which new connections get real servers (`address:port`), one round. */
  readonly cycle?: readonly string[] | undefined;
}

/** One random decision: its nominal chance and the one that the kernel's threshold gives. */
export interface Chance {
  readonly nominal: Fraction;
  readonly programmed: Fraction;
  /** nth: not a chance but a round robin, given as its long-run share. */
  readonly roundRobin?: boolean | undefined;
  /** Absent: no balancer of the kernel chose. */
  readonly basis?: ChanceBasis | undefined;
}

/** One thing that happened to the packet in a rule (or at a chain's end). */
export interface WalkStep {
  readonly hook: Hook;
  readonly table: string;
  readonly chain: string;
  readonly action: StepAction;
  readonly rule?: Rule | undefined;
  /** 1-based place of the rule in its chain, where that is not random. */
  readonly position?: number | undefined;
  /** JUMP, GOTO: where to. POLICY: the policy. */
  readonly target?: string | undefined;
  readonly chance?: Chance | undefined;
  /** PASSED_OVER: how many random rules. */
  readonly passedOver?: number | undefined;
  readonly before?: Header | undefined;
  readonly after?: Header | undefined;
}

/** Steps newest first, sharing their past between branches. */
export interface StepList {
  readonly step: WalkStep;
  readonly previous: StepList | undefined;
}

/**
 * BALANCED: a balancer has taken the packet from the hook and sends it out again from OUTPUT. LEFT_OUT: it goes to
 * endpoints that are not followed.
 */
type HookVerdict = 'ACCEPT' | 'DROP' | 'REJECT' | 'UNKNOWN' | 'BALANCED' | 'LEFT_OUT';

/** One of the ways a packet can come out of a hook. The nominal chances of all of them sum to exactly 1. */
export interface HookOutcome {
  readonly verdict: HookVerdict;
  readonly packet: Packet;
  readonly chance: Chance;
  readonly steps: StepList | undefined;
  /** The rule that decided, for DROP, REJECT and UNKNOWN; absent when a policy did. */
  readonly rule?: Rule | undefined;
  /** UNKNOWN: what is not known. */
  readonly unknown?: { readonly cause: 'UNKNOWN_MATCH' | 'UNKNOWN_TARGET'; readonly detail: string } | undefined;
  /** REJECT: the virtual server that has no real server for the packet. */
  readonly refusedBy?: { readonly name: string; readonly wantsLocal: boolean } | undefined;
  /** DROP: the base chain's policy did it. */
  readonly policy?: boolean | undefined;
  /** LEFT_OUT: what each of the endpoints gets. */
  readonly leftOut?: LeftOutShare | undefined;
}
