import type { LeftOut, LeftOutShare } from '../left-out.js';
import type { OneEffect, Way } from '../walk/walk-context.js';
import type { Draw, DrawnValue } from './expression-codec.js';
import { chanceOf, leastNumber, RANDOM_BITS } from './expressions/numgen.js';
import type { AnonymousSet, SetReference } from './types.js';

/** What each of the endpoints that are left out gets of the numbers that can be drawn. */
function shareOf({ modulus }: Draw, { first, count, total }: LeftOut): LeftOutShare {
  const parts = new Array<bigint>(count);
  let from = leastNumber(first, modulus);
  for (let i = 0; i < count; i++) {
    const to = leastNumber(first + i + 1, modulus);
    parts[i] = to - from;
    from = to;
  }
  return { first, count, total, parts, unit: RANDOM_BITS };
}

/** The ways of a rule that draws a number and looks it up in a map, in the order of the numbers. */
export function drawnWays(
  { draw }: DrawnValue,
  map: SetReference | AnonymousSet | undefined,
  effectOf: (outcome: number) => OneEffect,
): readonly Way[] {
  const one = (outcome: number): Way => ({ chance: chanceOf(draw, outcome), effect: effectOf(outcome) });
  const runs = map?.kind === 'set' ? map.leftOut : undefined;
  if (runs === undefined) return Array.from({ length: draw.modulus }, (_, outcome) => one(outcome));
  const ways: Way[] = [];
  let next = 0;
  for (const run of runs) {
    for (; next < run.first; next++) ways.push(one(next));
    next = run.first + run.count;
    const effect = { action: 'LEFT_OUT', leftOut: shareOf(draw, run) } as const;
    ways.push({ chance: chanceOf(draw, run.first, next), effect });
  }
  for (; next < draw.modulus; next++) ways.push(one(next));
  return ways;
}
