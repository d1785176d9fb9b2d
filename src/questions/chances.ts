import { type Fraction, formatFraction, fraction, sum, toDecimal, toNumber } from '../base/fraction.js';
import { remember } from '../base/remember.js';
import type { Probability, StepChance } from '../contract/answers.js';
import type { Chance } from '../netfilter/walk/types.js';

const DECIMALS = 12;

/** A chance as answers carry it. */
export function probability(chance: { readonly nominal: Fraction; readonly programmed: Fraction }): Probability {
  return {
    fraction: formatFraction(chance.nominal),
    value: toNumber(chance.nominal),
    programmed: toDecimal(chance.programmed, DECIMALS),
  };
}

export function total(chances: readonly Chance[]): { readonly nominal: Fraction; readonly programmed: Fraction } {
  return {
    nominal: sum(chances.map((chance) => chance.nominal)),
    programmed: sum(chances.map((chance) => chance.programmed)),
  };
}

const THRESHOLDS = 2n ** 31n;

// Every endpoint's branch of a Service carries the same few chances.
const stepChances = new WeakMap<Chance, StepChance>();

/** A random rule's chance; the threshold as q of 2^31, as xt_statistic compares it. */
export function stepChance(chance: Chance): StepChance {
  return remember(stepChances, chance, () => makeStepChance(chance));
}

function makeStepChance(chance: Chance): StepChance {
  const q = (chance.programmed.n * THRESHOLDS) / chance.programmed.d;
  const exact = fraction(q, THRESHOLDS);
  const onGrid = exact.n === chance.programmed.n && exact.d === chance.programmed.d;
  return {
    nominal: formatFraction(chance.nominal),
    threshold: onGrid ? `${q}/${THRESHOLDS}` : formatFraction(chance.programmed),
    value: toNumber(chance.nominal),
    ...(chance.roundRobin ? { roundRobin: true } : {}),
    ...(chance.basis === undefined ? {} : { kind: chance.basis.kind }),
  };
}
