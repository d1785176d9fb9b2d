import { parseFraction, toDecimal } from '../base/fraction.js';
import type { Probability, ShareBasis, StepChance } from '../contract/answers.js';

/** A fraction of more digits than this makes a table unreadable: the exact one is in the JSON answer. */
const LONGEST_FRACTION = 24;

/** The exact fraction, or how long it is. */
export function exact(share: Pick<Probability, 'fraction'>): string {
  const { fraction } = share;
  return fraction.length <= LONGEST_FRACTION ? fraction : `(${fraction.length - 1} digits)`;
}

/** `33.33 %`, from the exact fraction, two decimals rounded half up. A share that is not 0 is never shown as 0. */
export function percent(share: Pick<Probability, 'fraction' | 'value'>): string {
  const value = parseFraction(share.fraction);
  if (value === undefined) return `${(share.value * 100).toFixed(2)} %`;
  const text = toDecimal({ n: value.n * 100n, d: value.d }, 2);
  return value.n > 0n && text === '0.00' ? '< 0.01 %' : `${text} %`;
}

/** The exact fraction with its percentage: `1/3 (33.33 %)`; 0 and 1 are alone. */
export function shareText(share: Probability): string {
  const { fraction } = share;
  return fraction === '0' || fraction === '1' ? fraction : `${exact(share)} (${percent(share)})`;
}

/** A fraction of more characters is shown as a decimal in narrow tables. */
const SHORT_FRACTION = 11;

/** The exact fraction, or six decimals where it is long. */
export function shortShare(share: Pick<Probability, 'fraction' | 'value'>): string {
  return share.fraction.length <= SHORT_FRACTION ? share.fraction : share.value.toFixed(6);
}

/** Whether the share is not 0. */
export function hasShare(share: Pick<Probability, 'fraction'>): boolean {
  return share.fraction !== '0';
}

const KINDS = { EXACT: 'exact', LONG_RUN: 'in the long run', ASSUMED: 'under an assumption' } as const;

/** What kind of number a share is, in a sentence: `shares: in the long run. rr gives connections out in turn …`. */
export function basisText({ kind, why, cycle, firstOfTwo = [], secondOfTwo = [] }: ShareBasis): string {
  const turns =
    cycle === undefined
      ? ''
      : ` One round: ${fewOf(cycle)}. Of two clients who connect by turns one reaches ${fewOf(firstOfTwo)}, ` +
        `the other ${fewOf(secondOfTwo)}.`;
  return `shares: ${KINDS[kind]}. ${why}${turns}`;
}

function fewOf(endpoints: readonly string[]): string {
  const few = endpoints.slice(0, 4).join(', ');
  return endpoints.length > 4 ? `${few} and ${endpoints.length - 4} more` : few;
}

/** `1/3, threshold 715827883/2^31` for a random rule; a round robin says so. */
export function chanceText(chance: StepChance): string {
  if (chance.roundRobin) return `round robin, ${chance.nominal}`;
  if (chance.kind === 'ASSUMED') return `${chance.nominal}, assumed`;
  if (chance.threshold === chance.nominal) return chance.nominal;
  return `${chance.nominal}, threshold ${chance.threshold.replace(/\/2147483648$/, '/2^31')}`;
}
