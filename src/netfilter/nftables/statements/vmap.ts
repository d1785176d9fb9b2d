import type { Packet } from '../../packet.js';
import type { OneEffect, WalkContext } from '../../walk/walk-context.js';
import { drawnWays } from '../drawn-ways.js';
import { isDrawn } from '../expression-codec.js';
import { evaluate, save, typesOf, write } from '../expressions/index.js';
import { interfaceWay } from '../expressions/meta.js';
import { interfaceIs } from '../interface-test.js';
import { findIn, isIncomplete, namedSet, saveSet, writeSet } from '../set-lookup.js';
import type { Verdict, VerdictMap } from '../types.js';
import { BREAK, type Done, end, type StatementCodec, UNDECIDED } from './statement-codec.js';
import { effectOf, MISS } from './verdict.js';

/**
 * `oifname vmap { "docker0" : jump x }`: names are compared one by one, since which one the packet's interface has may
 * not be known.
 */
function byInterface(map: VerdictMap['map'], way: 'in' | 'out', packet: Packet, context: WalkContext): Done {
  if (isIncomplete(map, context)) return UNDECIDED;
  const elements = map.kind === 'set' ? map.elements : [...(namedSet(map, context)?.elements() ?? [])];
  let isOpen = false;
  let others: Verdict | undefined;
  for (const { key, verdict } of elements) {
    const [text = ''] = key;
    if (text === '*') {
      others = verdict;
      continue;
    }
    const holds = interfaceIs(text, way, packet, context);
    // The kernel takes no names that overlap: at most one holds.
    if (holds === true) return verdict === undefined ? BREAK : end(effectOf(verdict));
    if (holds === undefined) isOpen = true;
  }
  if (isOpen) return UNDECIDED;
  return others === undefined ? BREAK : end(effectOf(others));
}

/** `expression vmap …`: the verdict that a map has for a key. A key that is not there: the rule does not match. */
export const vmap: StatementCodec<VerdictMap> = {
  write: ({ key, map }) => `${write(key)} vmap ${writeSet(map)}`,
  save: ({ key, map }, family) => `${save(key)} vmap ${saveSet(map, typesOf(key, family))}`,
  apply({ key, map }, packet, context) {
    const interfaces = key.kind === 'meta' ? interfaceWay(key) : undefined;
    if (interfaces !== undefined) return byInterface(map, interfaces, packet, context);
    const value = evaluate(key, packet, context);
    if (value === 'ABSENT') return BREAK;
    if (value === undefined || isIncomplete(map, context)) return UNDECIDED;
    const types = typesOf(key, packet.family);
    if (!isDrawn(value)) {
      const verdict = findIn(map, value, types, context)?.verdict;
      return verdict === undefined ? BREAK : end(effectOf(verdict));
    }
    const ways = drawnWays(value, map, (outcome): OneEffect => {
      const verdict = findIn(map, value.at(outcome), types, context)?.verdict;
      return verdict === undefined ? MISS : effectOf(verdict);
    });
    return end(ways.length === 1 ? (ways[0]?.effect ?? MISS) : { action: 'CHOICE', ways });
  },
};
