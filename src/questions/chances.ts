import {
  type Fraction,
  formatFraction,
  fraction,
  isOne,
  isZero,
  ONE,
  toDecimal,
  toNumber,
  ZERO,
} from '../base/fraction.js';
import { remember } from '../base/remember.js';
import type { Probability, StepChance } from '../contract/answers.js';
import type { Chance } from '../netfilter/walk/types.js';
import { type Share, ShareSum } from '../probability/distribution.js';

const DECIMALS = 12;

const written = ({ nominal, programmed }: Share): Probability => ({
  fraction: formatFraction(nominal),
  value: toNumber(nominal),
  programmed: toDecimal(programmed, DECIMALS),
});

// Of a whole cluster most shares are nothing or everything.
const NOTHING = written({ nominal: ZERO, programmed: ZERO });
const EVERYTHING = written({ nominal: ONE, programmed: ONE });

/** A chance as answers carry it. */
export function probability({ nominal, programmed }: Share): Probability {
  if (isZero(nominal) && isZero(programmed)) return NOTHING;
  if (isOne(nominal) && isOne(programmed)) return EVERYTHING;
  return written({ nominal, programmed });
}

export function total(chances: readonly Chance[]): { readonly nominal: Fraction; readonly programmed: Fraction } {
  const [only] = chances;
  if (only !== undefined && chances.length === 1) return only;
  const sum = new ShareSum();
  for (const chance of chances) sum.add(chance);
  return sum.share;
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
