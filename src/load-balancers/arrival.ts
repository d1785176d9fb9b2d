import type { Fraction } from '../base/fraction.js';

/** The header that an outside client sends, as far as load balancers look at it or rewrite it. */
export interface SentHeader {
  readonly source: string;
  readonly destination: string;
  readonly destinationPort?: number | undefined;
}

/**
 * One way in which an outside client's packet comes to a node. An implementation of a load balancer is a function from
 * what was sent to its ways; their chances sum to exactly 1.
 */
export interface Arrival extends SentHeader {
  readonly node: string;
  readonly chance: Fraction;
  /** What was done to the header on the way, as a sentence; absent when it arrives as it was sent. */
  readonly rewritten?: string;
}
