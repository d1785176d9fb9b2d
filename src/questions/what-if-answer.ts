/** The answer to what-if as it stands in openapi/kube-whatif.yaml: both sides, and what is different. Plain data. */
import type { IPFamily } from '../base/address.js';
import type {
  Cause,
  ChainsResult,
  EndpointRef,
  PathResult,
  PathVerdict,
  Probability,
  ProbabilityResult,
  ServiceRef,
} from './answer.js';

/** after − before: exact, `"-1/12"`, and as the nearest double. */
export interface Shift {
  readonly fraction: string;
  readonly value: number;
}

/** A share on both sides; 0 where there is none. */
export interface ShiftedShare {
  readonly before: Probability;
  readonly after: Probability;
  readonly shift: Shift;
}

export interface ShiftedVerdict extends ShiftedShare {
  readonly verdict: PathVerdict;
  readonly cause?: Cause;
}

// ── chains ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A rule as `iptables-save` shows it, and what it was written for. */
export interface RuleText {
  readonly text: string;
  readonly service?: ServiceRef;
  readonly endpoint?: string;
}

/** What is different in one chain, the same on all of `nodes`. */
export interface ChainDifference {
  readonly nodes: readonly string[];
  readonly family: IPFamily;
  readonly table: string;
  readonly chain: string;
  readonly added: readonly RuleText[];
  readonly removed: readonly RuleText[];
  /** Rules of the same target and endpoint with another text, for example another probability. */
  readonly changed: readonly {
    readonly before: string;
    readonly after: string;
    readonly service?: ServiceRef;
    readonly endpoint?: string;
  }[];
}

export interface ChainsDifference {
  /** As `diff -u` prints it, in the format asked for (RULES: as SAVE); nodes with the same difference told once. */
  readonly unified: readonly { readonly nodes: readonly string[]; readonly family: IPFamily; readonly text: string }[];
  readonly rules: readonly ChainDifference[];
  /** How many rules of each Service, nodes with the same difference counted once. A Service left alone is not here. */
  readonly services: readonly {
    readonly service: ServiceRef;
    readonly added: number;
    readonly removed: number;
    readonly changed: number;
  }[];
  /** Nodes that only one side has; their rules are not compared with nothing. */
  readonly nodes: { readonly added: readonly string[]; readonly removed: readonly string[] };
}

// ── path ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A trace on both sides, matched by client, verdict, cause and endpoint. */
export interface TraceDifference {
  readonly client: string;
  readonly endpoint?: EndpointRef;
  readonly verdict: PathVerdict;
  readonly cause?: Cause;
  /** UNKNOWN: the same on both sides as far as it is seen, and it ends where nothing is known any more. */
  readonly change: 'ADDED' | 'REMOVED' | 'CHANGED' | 'SAME' | 'UNKNOWN';
  readonly before?: Probability;
  readonly after?: Probability;
  /** What the packet no longer meets on its way there, and what it newly does; of traces that both sides have. */
  readonly steps: { readonly removed: readonly string[]; readonly added: readonly string[] };
  /** The address that the endpoint sees, where that is another. */
  readonly seenClient?: { readonly before: string; readonly after: string };
}

export interface PathDifference {
  readonly verdicts: readonly ShiftedVerdict[];
  /** What changed first, the largest shift first; at most `maxTraces`. */
  readonly traces: readonly TraceDifference[];
  /** How many more there are. */
  readonly omitted?: number;
}

// ── probability ─────────────────────────────────────────────────────────────────────────────────────────────────────

export interface Factor {
  readonly fraction: string;
  readonly value: number;
}

export interface ServiceDifference {
  readonly service: ServiceRef;
  readonly via: string;
  readonly family: IPFamily;
  /**
   * ADDED, REMOVED: only one side has this Service port. UNKNOWN: no share is seen to change, and of some connections it is
   * not known what becomes of them.
   */
  readonly change: 'ADDED' | 'REMOVED' | 'CHANGED' | 'UNKNOWN';
  readonly endpoints: readonly (EndpointRef & ShiftedShare)[];
  readonly verdicts: readonly ShiftedVerdict[];
  readonly nodes: readonly ({ readonly node: string } & ShiftedShare)[];
  readonly zones: readonly ({ readonly zone: string } & ShiftedShare)[];
  readonly imbalance?: { readonly before?: Factor; readonly after?: Factor };
  readonly established: EstablishedShares;
}

export interface ProbabilityDifference {
  /** What is different, and that of which it is not known. */
  readonly services: readonly ServiceDifference[];
  /** Service ports that are the same on both sides. */
  readonly unchanged: number;
}

// ── all ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Of the connections that were established before: those that stay, those that are lost, those that choose anew. Sum 1, or 0. */
export interface EstablishedShares {
  readonly kept: Probability;
  readonly lost: Probability;
  readonly lostEndpoints: readonly EndpointRef[];
  /** UDP: kube-proxy deletes their conntrack entries, and the next packet chooses an endpoint anew. Absent: none. */
  readonly rechosen?: Probability;
}

/** The shares are absent for chains, and for several Services, each of which has its own. */
export interface Established extends Partial<EstablishedShares> {
  readonly explanation: string;
}

interface Compared<Q extends string, R, D> {
  readonly question: Q;
  readonly before: R;
  readonly after: R;
  readonly difference: D;
  readonly established: Established;
  /** The second snapshot, where one was given instead of changes. */
  readonly afterSnapshot?: { readonly digest: string; readonly counts: Readonly<Record<string, number>> };
}

export type ChainsWhatIf = Compared<'chains', ChainsResult, ChainsDifference>;
export type PathWhatIf = Compared<'path', PathResult, PathDifference>;
export type ProbabilityWhatIf = Compared<'probability', ProbabilityResult, ProbabilityDifference>;
export type WhatIfResult = ChainsWhatIf | PathWhatIf | ProbabilityWhatIf;
