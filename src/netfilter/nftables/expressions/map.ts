import type { Evaluated, ExpressionCodec } from '../expression-codec.js';
import { isDrawn } from '../expression-codec.js';
import { dataTypes, findIn, isIncomplete, saveSet, writeSet } from '../set-lookup.js';
import type { MapLookup } from '../types.js';

/** The value that a map has for a key: `numgen random mod 2 map { 0 : 10.0.0.1 . 80, 1 : 10.0.0.2 . 80 }`. */
export const map: ExpressionCodec<MapLookup> = {
  write: ({ key, map }, inner) => `${inner.write(key)} map ${writeSet(map)}`,
  save: ({ key, map }, inner) => `${inner.save(key)} map ${saveSet(map, inner.types(key, 'IPv4'))}`,
  types: ({ map }, family) => dataTypes(map, family),
  evaluate({ key, map }, packet, context, inner): Evaluated {
    const value = inner.evaluate(key, packet, context);
    if (value === 'ABSENT' || value === undefined) return value;
    const types = inner.types(key, packet.family);
    if (isDrawn(value)) {
      return { draw: value.draw, at: (outcome) => findIn(map, value.at(outcome), types, context)?.data };
    }
    const found = findIn(map, value, types, context);
    if (found !== undefined) return found.data;
    return isIncomplete(map, context) ? undefined : 'ABSENT';
  },
};
