import type { IPFamily } from '../../../base/address.js';
import type { Packet } from '../../packet.js';
import type { WalkContext } from '../../walk/walk-context.js';
import type { Evaluated, ExpressionCodec, Inner } from '../expression-codec.js';
import type { Expression } from '../types.js';
import type { ValueType } from '../values.js';
import { binary } from './binary.js';
import { concat } from './concat.js';
import { ct } from './ct.js';
import { fib } from './fib.js';
import { map } from './map.js';
import { meta } from './meta.js';
import { numgen } from './numgen.js';
import { payload } from './payload.js';
import { unknownExpression, value } from './value.js';

type Codecs = { readonly [K in Expression['kind']]: ExpressionCodec<Extract<Expression, { kind: K }>> };

/** Every kind of expression has a file of its own. */
const CODECS: Codecs = { payload, meta, ct, fib, numgen, concat, binary, map, value, unknown: unknownExpression };

function codecOf(expression: Expression): ExpressionCodec<Expression> {
  return CODECS[expression.kind] as ExpressionCodec<Expression>;
}

const INNER: Inner = { write, save, types: typesOf, evaluate };

/** The expression in kube-proxy's spelling. */
export function write(expression: Expression): string {
  return codecOf(expression).write(expression, INNER);
}

/** The expression as `nft list` prints it. */
export function save(expression: Expression): string {
  return codecOf(expression).save(expression, INNER);
}

/** The types of the expression's parts. */
export function typesOf(expression: Expression, family: IPFamily): readonly ValueType[] {
  return codecOf(expression).types(expression, family, INNER);
}

/** What the expression is for a packet. */
export function evaluate(expression: Expression, packet: Packet, context: WalkContext): Evaluated {
  return codecOf(expression).evaluate(expression, packet, context, INNER);
}
