import type { LeftOutShare } from '../left-out.js';
import type { Packet } from '../packet.js';
import type { Hook, Table } from '../ruleset.js';
import type { Chance, WalkEnvironment } from './types.js';

/** What a match says of a packet. Numbers, because they are compared for every match of every rule looked at. */
export type Tested = 0 | 1 | 2 | 3;
export const NO: Tested = 0;
export const YES: Tested = 1;
/** It cannot be decided from what is known. */
export const UNKNOWN: Tested = 2;
/** Decided at random (or by a counter): see the statement's chance. */
export const RANDOM: Tested = 3;

/** YES or NO, turned round when the match is negated. */
export function verdictOf(holds: boolean, negated: boolean | undefined): Tested {
  return holds !== (negated === true) ? YES : NO;
}

/** An entry that a rule of this very walk has put into, or taken from, an `xt_recent` list. Newest first. */
export interface RecentChange {
  readonly list: string;
  readonly address: string;
  readonly present: boolean;
  readonly previous: RecentChange | undefined;
}

/** What a match or target may ask beside its own values and the packet. */
export interface WalkContext {
  readonly hook: Hook;
  /** The table in which the rule is, for sets and maps that it names; absent where no rule of a table is asked. */
  readonly table?: Table | undefined;
  readonly environment: WalkEnvironment;
  /** Changes that rules of the present branch made to `xt_recent` lists; `recent` matches prepend to it. */
  recents: RecentChange | undefined;
}

/** What a target does to a packet whose rule matched. */
export type Effect =
  | { readonly action: 'JUMP' | 'GOTO'; readonly chain: string; readonly packet?: Packet }
  | { readonly action: 'RETURN' | 'ACCEPT' | 'DROP' | 'REJECT'; readonly packet?: Packet }
  /** One of several by chance; their chances sum to 1. */
  | { readonly action: 'CHOICE'; readonly ways: readonly Way[]; readonly packet?: Packet }
  /** The rule did not match after all. */
  | { readonly action: 'MISS' }
  /** The packet goes on to the next rule, changed where `packet` is given. */
  | { readonly action: 'MARK' | 'PASS'; readonly packet?: Packet }
  /** Rewritten: the nat table has decided. */
  | { readonly action: 'DNAT' | 'SNAT' | 'MASQUERADE'; readonly packet: Packet }
  /** Endpoints that are not followed; parts are of the packets that meet the rule. */
  | { readonly action: 'LEFT_OUT'; readonly leftOut: LeftOutShare }
  | { readonly action: 'UNKNOWN'; readonly detail: string };

/** One of the effects that a rule may have by chance. */
export interface Way {
  readonly chance: Chance;
  readonly effect: OneEffect;
}

/** An effect that is no matter of chance any more. */
export type OneEffect = Exclude<Effect, { readonly action: 'CHOICE' }>;
