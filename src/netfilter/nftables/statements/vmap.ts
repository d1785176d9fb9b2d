import type { OneEffect } from '../../walk/context.js';
import { isDrawn } from '../codec.js';
import { evaluate, save, typesOf, write } from '../expressions/index.js';
import { chanceOf } from '../expressions/numgen.js';
import { findIn, isIncomplete, saveSet, writeSet } from '../set-lookup.js';
import type { VerdictMap } from '../types.js';
import { BREAK, end, type StatementCodec, UNDECIDED } from './codec.js';
import { effectOf, MISS } from './verdict.js';

/** `expression vmap …`: the verdict that a map has for a key. A key that is not there: the rule does not match. */
export const vmap: StatementCodec<VerdictMap> = {
  write: ({ key, map }) => `${write(key)} vmap ${writeSet(map)}`,
  save: ({ key, map }, family) => `${save(key)} vmap ${saveSet(map, typesOf(key, family))}`,
  apply({ key, map }, packet, context) {
    const value = evaluate(key, packet, context);
    if (value === 'ABSENT') return BREAK;
    if (value === undefined || isIncomplete(map, context)) return UNDECIDED;
    const types = typesOf(key, packet.family);
    if (!isDrawn(value)) {
      const verdict = findIn(map, value, types, context)?.verdict;
      return verdict === undefined ? BREAK : end(effectOf(verdict));
    }
    const { draw, at } = value;
    const ways = Array.from({ length: draw.modulus }, (_, outcome) => {
      const verdict = findIn(map, at(outcome), types, context)?.verdict;
      const effect: OneEffect = verdict === undefined ? MISS : effectOf(verdict);
      return { chance: chanceOf(draw, outcome), effect };
    });
    return end(ways.length === 1 ? (ways[0]?.effect ?? MISS) : { action: 'CHOICE', ways });
  },
};
