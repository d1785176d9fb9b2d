import { isDeepStrictEqual } from '../base/deep-equal.js';
import { isRecord } from '../base/record.js';

/** At most this many fields are reported of one object. */
const MAX_FIELDS = 20;
const LONGEST = 80;

function shown(value: unknown): string {
  if (value === undefined || value === null) return 'none';
  const text = typeof value === 'string' ? value || '""' : JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}

function collect(before: unknown, after: unknown, path: string, found: string[]): void {
  if (isDeepStrictEqual(before, after)) return;
  if (isRecord(before) || isRecord(after)) {
    const one = isRecord(before) ? before : {};
    const other = isRecord(after) ? after : {};
    for (const key of new Set([...Object.keys(one), ...Object.keys(other)])) {
      const own = Object.hasOwn(one, key) ? one[key] : undefined;
      const next = Object.hasOwn(other, key) ? other[key] : undefined;
      collect(own, next, path === '' ? key : `${path}.${key}`, found);
    }
    return;
  }
  found.push(`${path} ${shown(before)} → ${shown(after)}`);
}

/**
 * What differs between two states of an object, field by field: `spec.type ClusterIP → NodePort`. Lists are given as a
 * whole, long values in part, and of more fields than are readable the first.
 */
export function differences(before: unknown, after: unknown): string[] {
  const found: string[] = [];
  collect(before, after, '', found);
  const more = found.length - MAX_FIELDS;
  return more <= 0 ? found : [...found.slice(0, MAX_FIELDS), `and ${more} more fields`];
}
