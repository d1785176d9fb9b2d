/** How much a single pod, node or zone gets: the law of its own share. */
import { above, binomialLaw, type Law as CountLaw, percentilesOf, poissonLaw } from '../../capacity/numbers.js';
import type { Group } from './capacity.js';
import type { Fields } from './models.js';
import type { Offered } from './offered.js';

/** How many groups of pods of equal shares an answer lists. */
export const MAX_GROUPS = 50;

/** How many of something one pod, node or zone with a share gets: its law, and what each brings. */
export type Marginal = (share: number) => { readonly law: CountLaw; readonly unit: number; readonly variance: number };

/** The law of a single share, where it follows from that share alone; undefined otherwise. */
export function marginalOf(
  lawName: string,
  { connections, open, clients }: Offered,
  pods: number,
  isOneCounter: boolean,
): Marginal | undefined {
  if (open !== undefined) {
    if (lawName !== 'ARRIVALS') return undefined;
    return (share) => ({ law: poissonLaw(open * share), unit: 1, variance: open * share });
  }
  if (connections === undefined) return undefined;
  const thrown = (count: number): Marginal => {
    const unit = connections / count;
    return (share) => ({ law: binomialLaw(count, share), unit, variance: count * share * (1 - share) * unit * unit });
  };
  if (lawName === 'CLIENTS' && clients !== undefined) return thrown(clients);
  if (lawName === 'IN_TURN' && isOneCounter) {
    // A pod of one counter has the whole part, or one more; several pods together hold no law of their own here.
    const [whole, rest] = [Math.floor(connections / pods), connections % pods];
    const more = rest / pods;
    return () => ({
      law: { first: whole, chances: rest === 0 ? [1] : [1 - more, more] },
      unit: 1,
      variance: more * (1 - more),
    });
  }
  return ['CONNECTIONS', 'CONNECTIONS_OF_DIFFERENT_CLIENTS', 'RANDOM', 'CLIENTS'].includes(lawName)
    ? thrown(connections)
    : undefined;
}

export function levels({ law, unit }: ReturnType<Marginal>): Fields {
  const { p5, p50, p95, p99 } = percentilesOf(law);
  return { p5: p5 * unit, p50: p50 * unit, p95: p95 * unit, p99: p99 * unit };
}

/** The chance of nothing: exact where the window of the law does not reach so far. */
function nothing({ first, chances }: CountLaw): number {
  return first === 0 ? (chances[0] as number) : 0;
}

/** Each group of pods by itself; without a law of its own, its mean. */
export function groupAnswers(carried: number, groups: readonly Group[], marginal: Marginal | undefined): Fields {
  return {
    groups: groups.slice(0, MAX_GROUPS).map(({ count, share, capacity }) => {
      const base = { pods: count, share, mean: carried * share };
      if (marginal === undefined) return base;
      const own = marginal(share);
      return {
        ...base,
        variance: own.variance,
        ...levels(own),
        idle: nothing(own.law),
        ...(capacity === undefined ? {} : { over: above(own.law, Math.floor(capacity / own.unit + 1e-9)) }),
      };
    }),
  };
}
