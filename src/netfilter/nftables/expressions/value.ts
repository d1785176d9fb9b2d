import type { ExpressionCodec } from '../expression-codec.js';
import type { UnknownExpression, Value } from '../types.js';
import { canonicalValue, markText, numberOf, type ValueType } from '../values.js';

/** A value as it is written. */
export const value: ExpressionCodec<Value> = {
  write: ({ text }) => text,
  save: ({ text }) => text,
  types({ text }): readonly ValueType[] {
    return [numberOf(text) !== undefined ? 'number' : text.includes(':') ? 'ipv6_addr' : 'name'];
  },
  evaluate: ({ text }) => [text],
};

/** An expression that is not understood: nothing is known of its value. */
export const unknownExpression: ExpressionCodec<UnknownExpression> = {
  write: ({ text }) => text,
  save: ({ text }) => text,
  types: () => ['name'],
  evaluate: () => undefined,
};

/** A value beside an expression of a type, as `nft list` prints it. */
export function savedValue(text: string, type: ValueType): string {
  switch (type) {
    case 'mark': {
      const number = numberOf(text);
      return number === undefined ? text : markText(number);
    }
    case 'ifname':
      return text === '*' || text.startsWith('"') ? text : `"${text}"`;
    case 'ipv4_addr':
    case 'ipv6_addr':
      // A prefix of one address is that address.
      if (text.endsWith(type === 'ipv4_addr' ? '/32' : '/128')) return canonicalValue(text.replace(/\/\d+$/, ''), type);
      return text.includes('/') || text.includes('-') ? text : canonicalValue(text, type);
    default:
      return text;
  }
}
