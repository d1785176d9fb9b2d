import type { Evaluated, ExpressionCodec, Inner } from '../expression-codec.js';
import { isDrawn } from '../expression-codec.js';
import type { Binary, Expression } from '../types.js';
import { markText, numberOf } from '../values.js';

const WORDS: Readonly<Record<Binary['operator'], string>> = {
  '&': 'and',
  '|': 'or',
  '^': 'xor',
  '<<': '<<',
  '>>': '>>',
};

function compute(operator: Binary['operator'], a: number, b: number): number {
  switch (operator) {
    case '&':
      return (a & b) >>> 0;
    case '|':
      return (a | b) >>> 0;
    case '^':
      return (a ^ b) >>> 0;
    case '<<':
      return (a << b) >>> 0;
    case '>>':
      return a >>> b;
  }
}

function operand(expression: Expression, ofMark: boolean, inner: Inner): string {
  const number = ofMark && expression.kind === 'value' ? numberOf(expression.text) : undefined;
  return number === undefined ? inner.save(expression) : markText(number);
}

/** Arithmetic on bits: `meta mark & 0x4000`. */
export const binary: ExpressionCodec<Binary> = {
  write: ({ operator, left, right }, inner) => `${inner.write(left)} ${WORDS[operator]} ${inner.write(right)}`,
  save(expression, inner) {
    const { operator, left, right } = expression;
    const ofMark = operator !== '<<' && operator !== '>>' && inner.types(expression, 'IPv4')[0] === 'mark';
    return `${operand(left, ofMark, inner)} ${operator} ${operand(right, ofMark, inner)}`;
  },
  types: ({ left }, family, inner) => inner.types(left, family),
  evaluate({ operator, left, right }, packet, context, inner): Evaluated {
    const a = inner.evaluate(left, packet, context);
    if (a === 'ABSENT' || a === undefined || isDrawn(a)) return a === 'ABSENT' ? a : undefined;
    const b = inner.evaluate(right, packet, context);
    if (b === 'ABSENT' || b === undefined || isDrawn(b)) return b === 'ABSENT' ? b : undefined;
    const [first, second] = [numberOf(a[0] ?? ''), numberOf(b[0] ?? '')];
    return first === undefined || second === undefined ? undefined : [String(compute(operator, first, second))];
  },
};
