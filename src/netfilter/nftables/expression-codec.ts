import type { IPFamily } from '../../base/address.js';
import type { Packet } from '../packet.js';
import type { WalkContext } from '../walk/walk-context.js';
import type { Expression } from './types.js';
import type { ValueType } from './values.js';

/** A random number that an expression draws: `modulus` equal outcomes from `offset` on. */
export interface Draw {
  readonly modulus: number;
  readonly offset: number;
  readonly roundRobin: boolean;
}

/**
 * What an expression is for a packet: its parts in canonical text; ABSENT where the packet has no such header, so that
 * the rule does not match; undefined where it is not known; a draw; or one of several texts by a draw.
 */
export type Evaluated = readonly string[] | 'ABSENT' | undefined | DrawnValue;

/** A value that depends on a draw: `at(i)` for each outcome, undefined where a map has no such key. */
export interface DrawnValue {
  readonly draw: Draw;
  at(outcome: number): readonly string[] | undefined;
}

export function isDrawn(value: Evaluated): value is DrawnValue {
  return typeof value === 'object' && 'draw' in value;
}

/** What an expression asks of those that it is built from. */
export interface Inner {
  write(expression: Expression): string;
  save(expression: Expression): string;
  types(expression: Expression, family: IPFamily): readonly ValueType[];
  evaluate(expression: Expression, packet: Packet, context: WalkContext): Evaluated;
}

/** Everything that is known of one kind of expression. */
export interface ExpressionCodec<E extends Expression> {
  /** The spelling of kube-proxy. */
  write(expression: E, inner: Inner): string;
  /** The canonical spelling of `nft list`. */
  save(expression: E, inner: Inner): string;
  /** The types of its parts. */
  types(expression: E, family: IPFamily, inner: Inner): readonly ValueType[];
  evaluate(expression: E, packet: Packet, context: WalkContext, inner: Inner): Evaluated;
}
