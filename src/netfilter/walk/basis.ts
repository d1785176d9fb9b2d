import type { ChanceBasis } from './types.js';

/** What kind of number the chance of two decisions together is: that of the less certain one. */
export function weaker(a: ChanceBasis | undefined, b: ChanceBasis | undefined): ChanceBasis | undefined {
  if (a === undefined || (b?.kind === 'ASSUMED' && a.kind !== 'ASSUMED')) return b;
  return a;
}
