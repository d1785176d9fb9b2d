import type { Evaluated, ExpressionCodec } from '../expression-codec.js';
import { isDrawn } from '../expression-codec.js';
import type { Concat } from '../types.js';

/** Several values taken as one key: `ip daddr . meta l4proto . th dport`. */
export const concat: ExpressionCodec<Concat> = {
  write: ({ parts }, inner) => parts.map((part) => inner.write(part)).join(' . '),
  save: ({ parts }, inner) => parts.map((part) => inner.save(part)).join(' . '),
  types: ({ parts }, family, inner) => parts.flatMap((part) => inner.types(part, family)),
  evaluate({ parts }, packet, context, inner): Evaluated {
    const values: string[] = [];
    let known = true;
    for (const part of parts) {
      const value = inner.evaluate(part, packet, context);
      if (value === 'ABSENT') return 'ABSENT';
      if (value === undefined || isDrawn(value)) known = false;
      else values.push(...value);
    }
    return known ? values : undefined;
  },
};
