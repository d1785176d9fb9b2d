/**
 * Strategic merge patches: the patch that `kubectl apply` sends, and what the API server makes of it.
 * Source: Kubernetes 1.36 staging/src/k8s.io/apimachinery/pkg/util/strategicpatch.
 */

import { isDeepStrictEqual } from '../base/deep-equal.js';
import { isRecord } from '../base/record.js';
import { scalarText } from '../base/scalar-text.js';
import { innerType, typeSchema } from './schema.js';

export type Fields = Readonly<Record<string, unknown>>;
type Draft = Record<string, unknown>;

const DIRECTIVE = '$patch';
const RETAIN = '$retainKeys';
const ORDER = '$setElementOrder/';
const DELETE_VALUES = '$deleteFromPrimitiveList/';

/** How a field merges: the type beneath it, the key of its items, whether keys are retained. */
interface Rule {
  readonly type: string;
  readonly mergeKey: string | undefined;
  readonly retainsKeys: boolean;
}

function ruleOf(type: string, field: string): Rule {
  // Maps of any keys have one type of values.
  if (type.startsWith('{}')) return { type: innerType(type), mergeKey: undefined, retainsKeys: false };
  const known = typeSchema(type)?.get(field);
  if (known === undefined) return { type: 'any', mergeKey: undefined, retainsKeys: false };
  const inner = known.type.startsWith('[]') ? innerType(known.type) : known.type;
  return { type: inner, mergeKey: known.mergeKey, retainsKeys: known.retainsKeys };
}

interface DiffOptions {
  readonly deletions: boolean;
  readonly additions: boolean;
}

const sameKind = (a: unknown, b: unknown) =>
  Array.isArray(a) === Array.isArray(b) && isRecord(a) === isRecord(b) && typeof a === typeof b;

function diffMaps(from: Fields, to: Fields, type: string, options: DiffOptions, retains: boolean): Draft {
  const patch: Draft = {};
  for (const [key, value] of Object.entries(from)) {
    if (key === '__proto__') continue;
    if (!Object.hasOwn(to, key)) {
      if (options.deletions) patch[key] = null;
      continue;
    }
    const wanted = to[key];
    const rule = ruleOf(type, key);
    if (isRecord(value) && isRecord(wanted)) {
      const inner = diffMaps(value, wanted, rule.type, options, rule.retainsKeys);
      if (Object.keys(inner).length > 0) patch[key] = inner;
    } else if (Array.isArray(value) && Array.isArray(wanted) && rule.mergeKey !== undefined) {
      diffLists(patch, key, value, wanted, rule, options);
    } else if (options.additions && (!sameKind(value, wanted) || !isDeepStrictEqual(value, wanted))) {
      patch[key] = wanted;
    }
  }
  if (options.additions) {
    for (const [key, value] of Object.entries(to)) {
      if (!Object.hasOwn(from, key) && key !== '__proto__') patch[key] = value;
    }
  }
  const grows = Object.keys(to).some((key) => !Object.hasOwn(from, key));
  if (retains && (Object.keys(patch).length > 0 || grows)) patch[RETAIN] = Object.keys(to).sort();
  return patch;
}

const keyText = (item: unknown, key: string) => scalarText(isRecord(item) ? item[key] : item);

/**
 * Sorted by the text of the key; items of one key are in reverse, as an insertion sort with "not greater" leaves
 * them.
 */
function sorted(list: readonly unknown[], key: string): unknown[] {
  const texts = list.map((item, place) => ({ item, place, text: keyText(item, key) }));
  return texts.sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : b.place - a.place)).map(({ item }) => item);
}

/** What of a list of maps differs: items that are laid over, and those that go. */
function diffItems(
  from: readonly unknown[],
  to: readonly unknown[],
  { type, mergeKey = '', retainsKeys }: Rule,
  options: DiffOptions,
) {
  const [before, after] = [sorted(from, mergeKey), sorted(to, mergeKey)];
  const changed: Draft[] = [];
  const gone: Draft[] = [];
  for (let i = 0, j = 0; i < before.length || j < after.length; ) {
    const [old, now] = [before[i] as Fields, after[j] as Fields];
    const [oldText, nowText] = [keyText(old, mergeKey), keyText(now, mergeKey)];
    if (i < before.length && j < after.length && oldText === nowText) {
      const patch = diffMaps(old, now, type, options, retainsKeys);
      if (Object.keys(patch).length > 0) changed.push({ ...patch, [mergeKey]: now[mergeKey] });
      i++;
      j++;
    } else if (i >= before.length || (j < after.length && oldText > nowText)) {
      if (options.additions) changed.push({ ...now });
      j++;
    } else {
      if (options.deletions) gone.push({ [mergeKey]: old[mergeKey], [DIRECTIVE]: 'delete' });
      i++;
    }
  }
  return { changed, gone };
}

function sameOrder(from: readonly unknown[], to: readonly unknown[], key: string): boolean {
  return from.length === to.length && from.every((item, index) => keyText(item, key) === keyText(to[index], key));
}

function diffLists(
  patch: Draft,
  field: string,
  from: readonly unknown[],
  to: readonly unknown[],
  rule: Rule,
  options: DiffOptions,
): void {
  const { mergeKey = '' } = rule;
  // Items with the same key are not resolved here: validation of the result reports them.
  if (mergeKey !== '' && ![...from, ...to].every(isRecord)) {
    if (options.additions && !isDeepStrictEqual(from, to)) patch[field] = to;
    return;
  }
  if (from.length === 0) {
    if (to.length > 0 && options.additions) patch[field] = to;
    return;
  }
  if (mergeKey === '') {
    const added = options.additions ? to.filter((item) => !from.includes(item)) : [];
    const removed = options.deletions ? from.filter((item) => !to.includes(item)) : [];
    if (added.length > 0) patch[field] = added;
    if (removed.length > 0) patch[DELETE_VALUES + field] = removed;
    if (added.length + removed.length > 0) patch[ORDER + field] = to;
    return;
  }
  const { changed, gone } = diffItems(from, to, rule, options);
  const list = [...inOrder(changed, to, mergeKey), ...gone];
  if (list.length > 0) patch[field] = list;
  const reordered = options.additions && !sameOrder(from, to, mergeKey);
  if (list.length > 0 || reordered)
    patch[ORDER + field] = to.map((item) => ({ [mergeKey]: (item as Fields)[mergeKey] }));
}

/** The place of an item in a list by its key; -1 where it is not there. */
const placeIn = (order: readonly unknown[], item: unknown, key: string) =>
  order.findIndex((one) => keyText(one, key) === keyText(item, key));

/** Items in the order of another list; those that a patch deletes come last. */
function inOrder<T>(list: readonly T[], order: readonly unknown[], key: string): T[] {
  const isGone = (item: unknown) => isRecord(item) && item[DIRECTIVE] === 'delete';
  const placed = list.filter((item) => !isGone(item)).map((item) => ({ item, place: placeIn(order, item, key) }));
  return [...placed.sort((a, b) => a.place - b.place).map(({ item }) => item), ...list.filter(isGone)];
}

/** Items that the patch orders, with those that only the server has put where they were. */
function ordered(
  merged: readonly unknown[],
  order: readonly unknown[],
  server: readonly unknown[],
  key: string,
): unknown[] {
  const isOrdered = (item: unknown) => placeIn(order, item, key) >= 0;
  const right = inOrder(merged.filter(isOrdered), order, key);
  const left = inOrder(
    merged.filter((item) => !isOrdered(item)),
    server,
    key,
  );
  const all: unknown[] = [];
  while (left.length > 0 || right.length > 0) {
    const [first, second] = [left[0], right[0]];
    const places = [placeIn(server, first, key), placeIn(server, second, key)] as const;
    const isLeft = right.length === 0 || (left.length > 0 && places[0] >= 0 && places[1] >= 0 && places[0] < places[1]);
    all.push(isLeft ? left.shift() : right.shift());
  }
  return all;
}

/** A value of a patch as it is stored where nothing was: without directives, and without nulls where `clean`. */
function plain(value: unknown, clean: boolean): unknown {
  if (Array.isArray(value)) {
    return value.filter((one) => !(isRecord(one) && one[DIRECTIVE] === 'delete')).map((one) => plain(one, clean));
  }
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, one]) => !key.startsWith('$') && !(clean && one === null))
      .map(([key, one]) => [key, plain(one, clean)]),
  );
}

function mergeLists(before: readonly unknown[], patch: readonly unknown[], rule: Rule, clean: boolean): unknown[] {
  const { mergeKey = '', type } = rule;
  if (mergeKey === '') return ordered([...new Set([...before, ...patch])], patch, before, '');
  if (![...before, ...patch].every(isRecord)) return [...patch];
  let list = [...before];
  const laid: Fields[] = [];
  for (const item of patch) {
    const fields = item as Fields;
    if (fields[DIRECTIVE] === 'delete') {
      if (clean) list = list.filter((one) => keyText(one, mergeKey) !== keyText(item, mergeKey));
      else list.push(item);
    } else laid.push(fields);
  }
  const server = [...list];
  for (const item of laid) {
    const at = placeIn(list, item, mergeKey);
    if (at >= 0) list[at] = mergeMaps(list[at] as Fields, item, type, clean);
    else list.push(clean ? plain(item, true) : item);
  }
  return ordered(list, laid, server, mergeKey);
}

/** Lays a patch over an object (`clean`), or over another patch, whose nulls and directives then stay. */
function mergeMaps(before: Fields, patch: Fields, type: string, clean: boolean): Draft {
  const result: Draft = { ...before };
  if (clean && patch[DIRECTIVE] === 'replace') return plain(patch, true) as Draft;
  if (clean && patch[DIRECTIVE] === 'delete') return {};
  const retained = patch[RETAIN];
  if (clean && Array.isArray(retained)) {
    for (const key of Object.keys(result)) if (!retained.includes(key)) delete result[key];
  }
  const done = new Set<string>();
  for (const [key, order] of clean ? Object.entries(patch) : []) {
    if (!key.startsWith(ORDER) || !Array.isArray(order)) continue;
    const field = key.slice(ORDER.length);
    done.add(field);
    const rule = ruleOf(type, field);
    const [own, given] = [result[field], patch[field]];
    const removed = patch[DELETE_VALUES + field];
    const base = Array.isArray(own) ? own : [];
    const kept = Array.isArray(removed) ? base.filter((one) => !removed.includes(one)) : base;
    if (own === undefined && given === undefined) continue;
    const merged = Array.isArray(given) ? mergeLists(kept, given, rule, true) : kept;
    result[field] = ordered(merged, order, base, rule.mergeKey ?? '');
  }
  for (const [key, value] of Object.entries(patch)) {
    if (clean && (key.startsWith('$') || done.has(key))) continue;
    if (value === null) {
      delete result[key];
      if (!clean) result[key] = null;
      continue;
    }
    const own = result[key];
    const rule = ruleOf(type, key);
    if (own === undefined || own === null || !sameKind(own, value)) result[key] = clean ? plain(value, true) : value;
    else if (isRecord(own) && isRecord(value)) result[key] = mergeMaps(own, value, rule.type, clean);
    else if (Array.isArray(own) && Array.isArray(value) && rule.mergeKey !== undefined && !key.startsWith('$')) {
      result[key] = mergeLists(own, value, rule, clean);
    } else result[key] = value;
  }
  return result;
}

/**
 * Whether items of a patch are in the order that the patch itself asks for: with keys that are there twice they may
 * not.
 */
function isOrdered(patch: Fields, type: string): boolean {
  return Object.entries(patch).every(([field, value]) => {
    if (field.startsWith('$')) return true;
    const { mergeKey, type: inner } = ruleOf(type, field);
    if (Array.isArray(value)) {
      const order = patch[ORDER + field];
      const items = value.filter((one) => !(isRecord(one) && one[DIRECTIVE] === 'delete'));
      if (Array.isArray(order) && mergeKey !== undefined) {
        let next = 0;
        for (const one of order) {
          if (next < items.length && keyText(items[next], mergeKey) === keyText(one, mergeKey)) next++;
        }
        if (next < items.length) return false;
      }
      return items.every((one) => !isRecord(one) || isOrdered(one, inner));
    }
    return !isRecord(value) || isOrdered(value, inner);
  });
}

/**
 * The patch that `kubectl apply` sends: what the last applied manifest had and this one has not goes, what this one
 * says is laid over the object. `type` is the kind's name. An empty patch: nothing is sent. `disordered`: kubectl
 * itself cannot make the patch, since list items of one key (ports of one number) are in another order than it asks
 * for.
 */
export function kubectlPatch(
  lastApplied: Fields,
  manifest: Fields,
  current: Fields,
  type: string,
): Fields | 'disordered' {
  const changes = diffMaps(current, manifest, type, { deletions: false, additions: true }, false);
  if (!isOrdered(changes, type)) return 'disordered';
  const removals = diffMaps(lastApplied, manifest, type, { deletions: true, additions: false }, false);
  return mergeMaps(removals, changes, type, false);
}

/** The object with a strategic merge patch laid over it, as the API server does it. */
export function withPatch(current: Fields, patch: Fields, type: string): Fields {
  return mergeMaps(current, patch, type, true);
}
