/** Labels and label selectors. Source: apimachinery pkg/apis/meta/v1/validation. */
import type { Faults, Place } from '../faults.js';
import { labelValue, qualifiedName } from '../formats.js';
import { type Fields, fieldsIn, itemsIn, listIn, textIn } from '../read-fields.js';

export function checkLabels(labels: unknown, at: Place, faults: Faults): void {
  for (const [key, value] of sortedEntries(fieldsIn(labels))) {
    faults.each(at, qualifiedName(key));
    faults.each(at, labelValue(textIn(value)));
  }
}

function sortedEntries(map: Fields): [string, unknown][] {
  return Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
}

export function checkLabelSelector(selector: unknown, at: Place, faults: Faults): void {
  const { matchLabels, matchExpressions } = fieldsIn(selector);
  checkLabels(matchLabels, at.child('matchLabels'), faults);
  for (const [index, one] of itemsIn(matchExpressions).entries()) {
    const place = at.child('matchExpressions').index(index);
    const values = listIn(one.values);
    if (one.operator === 'In' || one.operator === 'NotIn') {
      if (values.length === 0) faults.required(place.child('values'), 'The operators In and NotIn need values.');
    } else if (one.operator === 'Exists' || one.operator === 'DoesNotExist') {
      if (values.length > 0) {
        faults.forbidden(place.child('values'), 'The operators Exists and DoesNotExist take no values.');
      }
    } else faults.invalid(place.child('operator'), 'The operator must be In, NotIn, Exists or DoesNotExist.');
    faults.each(place.child('key'), qualifiedName(textIn(one.key)));
    for (const [number, value] of values.entries()) {
      faults.each(place.child('values').index(number), labelValue(textIn(value)));
    }
  }
}

/** Whether a selector has neither labels nor expressions. */
export function isEmptySelector(selector: unknown): boolean {
  const { matchLabels, matchExpressions } = fieldsIn(selector);
  return Object.keys(fieldsIn(matchLabels)).length + listIn(matchExpressions).length === 0;
}

/** Whether labels match a selector; an absent selector matches nothing, as Go's `LabelSelectorAsSelector` has it. */
export function selects(selector: unknown, labels: unknown): boolean {
  if (selector === undefined || selector === null) return false;
  const { matchLabels, matchExpressions } = fieldsIn(selector);
  const own = fieldsIn(labels);
  if (!Object.entries(fieldsIn(matchLabels)).every(([key, value]) => own[key] === value)) return false;
  return itemsIn(matchExpressions).every(({ key, operator, values }) => {
    const value = own[textIn(key)];
    if (operator === 'Exists') return value !== undefined;
    if (operator === 'DoesNotExist') return value === undefined;
    const isIn = value !== undefined && listIn(values).includes(value);
    return operator === 'In' ? isIn : !isIn;
  });
}
