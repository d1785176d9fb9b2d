import { parseSigned, signedToDecimal } from '../base/signed-fraction.js';
import type { Probability, Shift, ShiftedShare } from '../contract/answers.js';
import { bar } from './bars.js';
import type { Paint } from './paint.js';
import { exact, percent } from './share-text.js';
import type { Column } from './text-table.js';

export const SHIFT_COLUMNS: readonly Column[] = [
  { title: 'before', align: 'right' },
  { title: 'after', align: 'right' },
  { title: 'shift', align: 'right' },
  { title: 'points', align: 'right' },
];

/** `+8.33`: the shift in percentage points, rounded; one that is not 0 is never shown as 0. */
export function points({ fraction }: Shift): string {
  const shift = parseSigned(fraction);
  if (shift === undefined || shift.size.n === 0n) return '0';
  const text = signedToDecimal({ ...shift, size: { n: shift.size.n * 100n, d: shift.size.d } }, 2);
  return /^.0\.00$/.test(text) ? `${text[0]}< 0.01` : text;
}

function signedFraction(shift: Shift): string {
  return shift.fraction === '0' || shift.fraction.startsWith('-') ? exact(shift) : `+${exact(shift)}`;
}

/** The share on both sides, the exact shift and its percentage points. */
export function shiftCells({ before, after, shift }: ShiftedShare): string[] {
  return [exact(before), exact(after), signedFraction(shift), points(shift)];
}

/** `▲ ████` for what grows, `▼ ████` for what shrinks, nothing for what stays. */
export function arrow({ fraction, value }: Shift, width: number): string {
  if (fraction === '0') return '';
  return `${value < 0 ? '▼' : '▲'} ${bar(Math.abs(value), width)}`;
}

/** The arrow in the colour of what it says: more is good and less is bad, or the other way of what is unwanted. */
export function paintedArrow(paint: Paint, shift: Shift, width: number, unwanted: boolean): string {
  const text = arrow(shift, width);
  return shift.value < 0 === unwanted ? paint.good(text) : paint.bad(text);
}

/** `1/3 (33.33 %) → 1/4 (25.00 %)`; a missing side is a dash. */
export function beforeAfter(before: Probability | undefined, after: Probability | undefined): string {
  const shown = (share: Probability | undefined) =>
    share === undefined
      ? '–'
      : share.fraction === '0' || share.fraction === '1'
        ? share.fraction
        : `${exact(share)} (${percent(share)})`;
  return `${shown(before)} → ${shown(after)}`;
}
