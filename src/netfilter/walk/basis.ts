import type { Chance, ChanceBasis } from './types.js';

const RANK = { EXACT: 0, LONG_RUN: 1, ASSUMED: 2 } as const;

/** What kind of number the chance of two decisions together is: that of the less certain one. */
export function weaker(a: ChanceBasis | undefined, b: ChanceBasis | undefined): ChanceBasis | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return RANK[b.kind] > RANK[a.kind] ? b : a;
}

const COUNTED: ChanceBasis = {
  kind: 'LONG_RUN',
  why: 'A rule counts packets and gives every n-th one to an endpoint: the shares are those of many connections.',
};

/**
 * What kind of number a chance is: rules that count give shares of the long run. Undefined where nothing but chance
 * decides.
 */
export function basisOf({ basis, roundRobin }: Chance): ChanceBasis | undefined {
  return basis ?? (roundRobin === true ? COUNTED : undefined);
}
