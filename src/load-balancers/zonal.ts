import { type Fraction, fraction, ONE } from '../base/fraction.js';
import type { Balanced, Candidate } from './implementation.js';

/**
 * Weights of backends behind one address per zone, which clients take in equal parts as DNS gives them: zones alike,
 * and backends alike within a zone. Backends whose zone is not known count as one zone more.
 */
function alikeByZone(candidates: readonly Candidate[]): readonly Fraction[] {
  const sizes = new Map<string, number>();
  for (const { backend } of candidates) sizes.set(backend.zone, (sizes.get(backend.zone) ?? 0) + 1);
  return candidates.map(({ backend }) => fraction(1, sizes.get(backend.zone) ?? 1));
}

/** Weights with cross-zone balancing on (all alike) or off, with what that rests on. */
export function weightsAcrossZones(
  balanced: Balanced,
  candidates: readonly Candidate[],
  crossZone: boolean,
): readonly Fraction[] {
  if (crossZone) return candidates.map(() => ONE);
  balanced.assume(
    'loadBalancer.zones',
    'one address in each zone that has healthy backends, used alike',
    'Without cross-zone balancing the address of a zone leads to backends of that zone; DNS gives clients ' +
      'one of them, and leaves out zones without healthy backends.',
  );
  return alikeByZone(candidates);
}
