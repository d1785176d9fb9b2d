/** Reading fields of objects whose types are known to be right: what is absent is empty, as in Go. */
import { isRecord } from '../base/record.js';

export type Fields = Readonly<Record<string, unknown>>;

export function fieldsIn(value: unknown): Fields {
  return isRecord(value) ? value : {};
}

export function listIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The items of a list as objects. */
export function itemsIn(value: unknown): readonly Fields[] {
  return listIn(value).map(fieldsIn);
}

export function textIn(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function numberIn(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

/** Whether a value is given: neither absent nor null. */
export function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/**
 * Whether two values are equal where empty lists count as absent (Go's `apiequality.Semantic.DeepEqual`, of objects in
 * their stored form).
 */
export function sameMeaning(a: unknown, b: unknown): boolean {
  if (isEmptyOrNothing(a) && isEmptyOrNothing(b)) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((one, index) => sameMeaning(one, b[index]));
  }
  if (isRecord(a) && isRecord(b)) {
    return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => sameMeaning(a[key], b[key]));
  }
  return a === b;
}

function isEmptyOrNothing(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}
