import { isDeepStrictEqual } from '../../base/deep-equal.js';
import { isRecord } from '../../base/record.js';
import { scalarText } from '../../base/scalar-text.js';
import { parseQuantity } from '../../control-plane/quantity.js';
import type { FieldRule, Rules } from './merge-keys.js';

/** Three-way merge as `kubectl apply` makes it (apimachinery strategicpatch, `CreateThreeWayMergePatch`). */

type Fields = Readonly<Record<string, unknown>>;

/** Maps of quantities, of which `1`, `"1"` and `1000m` are the same. */
const QUANTITIES: ReadonlySet<string> = new Set(['requests', 'limits', 'allocatable', 'capacity']);

function sameQuantity(a: unknown, b: unknown): boolean {
  const written = (value: unknown) => typeof value === 'string' || typeof value === 'number';
  if (!written(a) || !written(b)) return false;
  const one = parseQuantity(scalarText(a));
  return one !== undefined && one === parseQuantity(scalarText(b));
}

/** A value of a manifest as the object gets it: fields that are null are not there. */
function stripped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(stripped);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null)
      .map(([key, item]) => [key, stripped(item)]),
  );
}

function keyOf(item: unknown, keys: NonNullable<FieldRule['keys']>): string {
  const fields = isRecord(item) ? item : {};
  return JSON.stringify(Object.entries(keys).map(([key, fallback]) => fields[key] ?? fallback ?? null));
}

function hasTwins(list: readonly unknown[], keys: NonNullable<FieldRule['keys']>): boolean {
  return new Set(list.map((item) => keyOf(item, keys))).size < list.length;
}

function mergedList(
  current: readonly unknown[],
  former: readonly unknown[],
  wanted: readonly unknown[],
  rule: FieldRule & { readonly keys: NonNullable<FieldRule['keys']> },
): readonly unknown[] {
  const index = (list: readonly unknown[]) => new Map(list.map((item) => [keyOf(item, rule.keys), item]));
  const [was, said, named] = [index(current), index(former), index(wanted)];
  const places = new Map([...was.keys()].map((key, place) => [key, place]));
  const ours = [...named].map(([key, item]) => ({ key, item: merged(was.get(key), said.get(key), item, rule, '') }));
  const others = [...was].filter(([key]) => !named.has(key) && !said.has(key)).map(([key, item]) => ({ key, item }));
  // Items that the manifest never had are where they were among those that it has (mergeSortedSlice).
  const list: unknown[] = [];
  let next = 0;
  for (const { key, item } of ours) {
    const place = places.get(key);
    while (place !== undefined && next < others.length && (places.get(others[next]?.key ?? '') ?? 0) < place) {
      list.push(others[next]?.item);
      next++;
    }
    list.push(item);
  }
  return [...list, ...others.slice(next).map(({ item }) => item)];
}

function mergedFields(current: Fields, former: Fields, wanted: Fields, rule: FieldRule, name: string): Fields {
  const rules = rule.fields ?? {};
  const fields = new Map(Object.entries(current));
  for (const key of Object.keys(former)) if (!Object.hasOwn(wanted, key)) fields.delete(key);
  if (rule.retain === true) for (const key of fields.keys()) if (!Object.hasOwn(wanted, key)) fields.delete(key);
  for (const [key, item] of Object.entries(wanted)) {
    if (item === null) fields.delete(key);
    else if (!(QUANTITIES.has(name) && sameQuantity(fields.get(key), item))) {
      const own = Object.hasOwn(rules, key) ? (rules[key] as FieldRule) : {};
      const value = merged(fields.get(key), Object.hasOwn(former, key) ? former[key] : undefined, item, own, key);
      fields.set(key, QUANTITIES.has(name) && typeof value === 'number' ? scalarText(value) : value);
    }
  }
  return Object.fromEntries(fields);
}

function merged(current: unknown, former: unknown, wanted: unknown, rule: FieldRule, name: string): unknown {
  if (Array.isArray(wanted)) {
    const { keys } = rule;
    // Items with the same key are not resolved here: validation of the result reports them.
    if (keys === undefined || !Array.isArray(current) || hasTwins(wanted, keys)) return stripped(wanted);
    const list = mergedList(current, Array.isArray(former) ? former : [], wanted, { ...rule, keys });
    return isDeepStrictEqual(list, current) ? current : list;
  }
  if (!isRecord(wanted)) return wanted;
  return mergedFields(isRecord(current) ? current : {}, isRecord(former) ? former : {}, wanted, rule, name);
}

/**
 * What `kubectl apply` makes of an object. Fields that the manifest sets get its values, fields that it set before
 * (`former`, the manifest that was applied last) and leaves out now go, everything else stays as it is; null removes.
 */
export function threeWayMerge(current: Fields, former: Fields, wanted: Fields, rules: Rules): Fields {
  return mergedFields(current, former, wanted, { fields: rules }, '');
}
