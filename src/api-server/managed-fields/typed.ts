/**
 * Values under their schema, as server-side apply takes them: which fields they have, how two differ, how one is laid
 * over another. Source: sigs.k8s.io/structured-merge-diff, typed.
 */

import { isDeepStrictEqual } from '../../base/deep-equal.js';
import { isRecord } from '../../base/record.js';
import type { ApiFault } from '../faults.js';
import { shown } from '../formats.js';
import { type FieldSchema, innerType, isAtomicType, typeSchema } from '../schema.js';

import { EMPTY_SET, elementName, type FieldSet, MEMBER, setOf, union } from './field-set.js';

/** How a value at a place is taken. */
interface Shape {
  readonly kind: 'scalar' | 'atomic' | 'set' | 'items' | 'map' | 'struct';
  /** The type of a list's items or a map's values; of a struct its own. */
  readonly type: string;
  readonly keys: readonly string[];
}

const SCALAR: Shape = { kind: 'scalar', type: 'any', keys: [] };

function shapeOf(type: string, field: FieldSchema | undefined): Shape {
  const atomic = field?.atomic === true;
  if (type.startsWith('[]')) {
    const kind = field?.list === 'map' ? 'items' : field?.list === 'set' ? 'set' : 'atomic';
    return { kind, type: innerType(type), keys: field?.listKeys ?? [] };
  }
  if (type.startsWith('{}')) return { kind: atomic ? 'atomic' : 'map', type: innerType(type), keys: [] };
  if (typeSchema(type) === undefined) return SCALAR;
  return { kind: atomic || isAtomicType(type) ? 'atomic' : 'struct', type, keys: [] };
}

interface Place {
  readonly type: string;
  readonly field: FieldSchema | undefined;
}

function fieldPlace(shape: Shape, key: string): Place {
  if (shape.kind === 'map') return { type: shape.type, field: undefined };
  const field = typeSchema(shape.type)?.get(key);
  return { type: field?.type ?? 'any', field };
}

/** Keys that an item may leave out. */
const KEY_DEFAULTS: Readonly<Record<string, unknown>> = { protocol: 'TCP' };

/** The path element of a list's item. */
function itemKey(item: unknown, { kind, keys }: Pick<Shape, 'kind' | 'keys'>): string {
  if (kind === 'set') return `v:${JSON.stringify(item)}`;
  const fields = isRecord(item) ? item : {};
  const named = [...keys].sort().map((key) => [key, fields[key] ?? KEY_DEFAULTS[key]] as const);
  return `k:${JSON.stringify(Object.fromEntries(named))}`;
}

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);

/** The fields that a value sets. */
export function fieldSetOf(value: unknown, type: string, field?: FieldSchema): FieldSet {
  const shape = shapeOf(type, field);
  if (value === null) return MEMBER;
  if ((shape.kind === 'struct' || shape.kind === 'map') && isRecord(value)) {
    return setOf(
      false,
      Object.entries(value).map(([key, one]) => {
        const place = fieldPlace(shape, key);
        const set = fieldSetOf(one, place.type, place.field);
        const isOwn = one === null || (isRecord(one) && Object.keys(one).length === 0) || shape.kind === 'map';
        return [`f:${key}`, isOwn ? { ...set, own: true } : set] as const;
      }),
    );
  }
  if ((shape.kind === 'items' || shape.kind === 'set') && isList(value)) {
    return setOf(
      false,
      value.map((item) => {
        const set = shape.kind === 'set' ? MEMBER : fieldSetOf(item, shape.type);
        return [itemKey(item, shape), { ...set, own: true }] as const;
      }),
    );
  }
  return MEMBER;
}

/** What differs between two values. */
export interface Comparison {
  readonly added: FieldSet;
  readonly removed: FieldSet;
  readonly modified: FieldSet;
}

const SAME: Comparison = { added: EMPTY_SET, removed: EMPTY_SET, modified: EMPTY_SET };

/** All of a value, its containers too: what is added or removed where nothing is on the other side. */
function wholeSet(value: unknown, type: string, field?: FieldSchema): FieldSet {
  const shape = shapeOf(type, field);
  if ((shape.kind === 'struct' || shape.kind === 'map') && isRecord(value)) {
    const entries = Object.entries(value).map(([key, one]) => {
      const place = fieldPlace(shape, key);
      return [`f:${key}`, wholeSet(one, place.type, place.field)] as const;
    });
    return setOf(true, entries);
  }
  if (shape.kind === 'items' && isList(value)) {
    return setOf(
      true,
      value.map((item) => [itemKey(item, shape), wholeSet(item, shape.type)] as const),
    );
  }
  if (shape.kind === 'set' && isList(value)) {
    return setOf(
      true,
      value.map((item) => [itemKey(item, shape), MEMBER] as const),
    );
  }
  return MEMBER;
}

function joined(parts: Iterable<readonly [string, Comparison]>): Comparison {
  const list = [...parts];
  const of = (pick: (one: Comparison) => FieldSet) =>
    setOf(
      false,
      list.map(([key, one]) => [key, pick(one)] as const),
    );
  return { added: of((one) => one.added), removed: of((one) => one.removed), modified: of((one) => one.modified) };
}

function emptyOf({ kind }: Shape): unknown {
  if (kind === 'struct' || kind === 'map') return {};
  return kind === 'items' || kind === 'set' ? [] : null;
}

/** How `after` differs from `before`, leaf by leaf. */
export function compare(before: unknown, after: unknown, type: string, field?: FieldSchema): Comparison {
  if (before === undefined && after === undefined) return SAME;
  if (before === undefined) return { ...SAME, added: wholeSet(after, type, field) };
  if (after === undefined) return { ...SAME, removed: wholeSet(before, type, field) };
  const shape = shapeOf(type, field);
  // A null in the place of something that is merged item by item has no items.
  const [was, is] = [before ?? emptyOf(shape), after ?? emptyOf(shape)];
  if ((shape.kind === 'struct' || shape.kind === 'map') && isRecord(was) && isRecord(is)) {
    return joined(
      [...new Set([...Object.keys(was), ...Object.keys(is)])].map((key) => {
        const place = fieldPlace(shape, key);
        return [`f:${key}`, compare(was[key], is[key], place.type, place.field)] as const;
      }),
    );
  }
  if ((shape.kind === 'items' || shape.kind === 'set') && isList(was) && isList(is)) {
    const index = (list: readonly unknown[]) => new Map(list.map((item) => [itemKey(item, shape), item] as const));
    const [old, now] = [index(was), index(is)];
    return joined(
      [...new Set([...old.keys(), ...now.keys()])].map((key) => {
        const type = shape.kind === 'set' ? 'any' : shape.type;
        return [key, compare(old.get(key), now.get(key), type)] as const;
      }),
    );
  }
  return isDeepStrictEqual(was, is) ? SAME : { ...SAME, modified: MEMBER };
}

/**
 * The items of two lists in the order in which they are merged: what both have as the second has it, the rest of the
 * first in between.
 */
function mergedOrder(left: readonly string[], right: readonly string[]): readonly string[] {
  const [inLeft, inRight] = [new Set(left), new Set(right)];
  const shared = right.filter((key) => inLeft.has(key));
  const done = new Set<string>();
  const out: string[] = [];
  let next = shared.shift();
  for (let l = 0, r = 0; l < left.length || r < right.length; ) {
    const [own, given] = [left[l], right[r]];
    if (own !== undefined && given !== undefined) {
      if (own === given) {
        out.push(own);
        done.add(own);
        next = shared.shift();
        l++;
        r++;
        continue;
      }
      if (inRight.has(own) && next !== undefined && next !== own) {
        l++;
        continue;
      }
    }
    if (own !== undefined) {
      if (!inRight.has(own)) {
        out.push(own);
        l++;
        continue;
      }
      if (done.has(own)) l++;
    }
    if (given !== undefined) {
      out.push(given);
      done.add(given);
      if (next === given) next = shared.shift();
      r++;
    }
  }
  return out;
}

/** `config` laid over `live`. */
export function merged(live: unknown, config: unknown, type: string, field?: FieldSchema): unknown {
  if (config === undefined) return live;
  if (live === undefined || live === null) return config;
  const shape = shapeOf(type, field);
  // A null in the place of something that is merged item by item has no items.
  if (config === null) return emptyOf(shape) === null ? null : live;
  if ((shape.kind === 'struct' || shape.kind === 'map') && isRecord(live) && isRecord(config)) {
    const result: Record<string, unknown> = { ...live };
    for (const [key, one] of Object.entries(config)) {
      const place = fieldPlace(shape, key);
      result[key] = merged(live[key], one, place.type, place.field);
    }
    return result;
  }
  if ((shape.kind === 'items' || shape.kind === 'set') && isList(live) && isList(config)) {
    const index = (list: readonly unknown[]) => {
      const found = new Map<string, unknown>();
      for (const item of list) {
        const key = itemKey(item, shape);
        if (!found.has(key)) found.set(key, item);
      }
      return found;
    };
    const [own, given] = [index(live), index(config)];
    const keys = (list: readonly unknown[]) => list.map((item) => itemKey(item, shape));
    const inner = shape.kind === 'set' ? 'any' : shape.type;
    return mergedOrder(keys(live), keys(config)).map((key) => merged(own.get(key), given.get(key), inner));
  }
  return config;
}

/** A value without the members of a set. */
export function withoutItems(value: unknown, set: FieldSet, type: string, field?: FieldSchema): unknown {
  const shape = shapeOf(type, field);
  if (set.children.size === 0) return value;
  if ((shape.kind === 'struct' || shape.kind === 'map') && isRecord(value)) {
    const kept = Object.entries(value).flatMap(([key, one]) => {
      const inner = set.children.get(`f:${key}`) ?? EMPTY_SET;
      if (inner.own) return [];
      const place = fieldPlace(shape, key);
      const rest = withoutItems(one, inner, place.type, place.field);
      return rest === undefined ? [] : [[key, rest] as const];
    });
    return kept.length === 0 && Object.keys(value).length > 0 ? undefined : Object.fromEntries(kept);
  }
  if ((shape.kind === 'items' || shape.kind === 'set') && isList(value)) {
    const kept = value.flatMap((item) => {
      const inner = set.children.get(itemKey(item, shape)) ?? EMPTY_SET;
      if (inner.own) return [];
      const rest = withoutItems(item, inner, shape.type);
      return rest === undefined ? [] : [rest];
    });
    return kept.length === 0 && value.length > 0 ? undefined : kept;
  }
  return value;
}

const EXPECTED: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  integer: (value) => typeof value === 'number',
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  'int-or-string': (value) => typeof value === 'string' || typeof value === 'number',
  quantity: (value) => typeof value === 'string' || typeof value === 'number',
};

/** What of a manifest its schema cannot hold: fields that there are not, wrong types, items with equal keys. */
export function typedFaults(value: unknown, type: string, field?: FieldSchema, at = '', pointer = ''): ApiFault[] {
  if (value === null || value === undefined) return [];
  const fault = (place: string, reason: ApiFault['reason'], detail: string): ApiFault => ({
    pointer,
    field: place,
    reason,
    detail,
  });
  const wrong = (what: string) => [fault(at, 'WrongType', `${shown(value)} must be ${what}.`)];
  const scalar = EXPECTED[type];
  if (scalar !== undefined) return scalar(value) ? [] : wrong(`of type ${type}`);
  if (type.startsWith('[]')) {
    if (!isList(value)) return wrong('a list');
    const shape = shapeOf(type, field);
    const seen = new Set<string>();
    const twice = new Set<string>();
    const found = value.flatMap((item, index) => {
      const isKeyed = shape.kind === 'items' || shape.kind === 'set';
      const key = isKeyed ? itemKey(item, shape) : `i:${index}`;
      if (seen.has(key)) twice.add(key);
      seen.add(key);
      const place = shape.kind === 'set' ? `${at}[=${JSON.stringify(item)}]` : at + elementName(key);
      return typedFaults(item, shape.type, undefined, place, `${pointer}/${index}`);
    });
    const doubled = [...twice].map((key) => fault(at, 'DuplicateItem', `${elementName(key)} is there twice.`));
    return [...doubled, ...found];
  }
  if (type.startsWith('{}')) {
    if (!isRecord(value)) return wrong('an object');
    return Object.entries(value).flatMap(([key, one]) =>
      typedFaults(one, innerType(type), undefined, `${at}.${key}`, childPointer(pointer, key)),
    );
  }
  const schema = typeSchema(type);
  if (schema === undefined) return [];
  if (!isRecord(value)) return wrong('an object');
  return Object.entries(value).flatMap(([key, one]) => {
    const own = schema.get(key);
    const inner = childPointer(pointer, key);
    if (own !== undefined) return typedFaults(one, own.type, own, `${at}.${key}`, inner);
    return [{ ...fault(`${at}.${key}`, 'UnknownField', `${type} has no field ${shown(key)}.`), pointer: inner }];
  });
}

function childPointer(pointer: string, key: string): string {
  return `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** The object without what no manager owns: its identity and what the API server writes. */
export function withoutIdentity(set: FieldSet): FieldSet {
  const metadata = set.children.get('f:metadata') ?? EMPTY_SET;
  const inner = new Map(metadata.children);
  for (const name of [
    'name',
    'namespace',
    'creationTimestamp',
    'selfLink',
    'uid',
    'generation',
    'managedFields',
    'resourceVersion',
  ]) {
    inner.delete(`f:${name}`);
  }
  const children = new Map(set.children);
  children.delete('f:apiVersion');
  children.delete('f:kind');
  children.delete('f:metadata');
  return inner.size === 0
    ? setOf(set.own, children)
    : union(setOf(set.own, children), setOf(false, [['f:metadata', setOf(false, inner)]]));
}
