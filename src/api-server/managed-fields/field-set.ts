/**
 * Sets of fields, as `metadata.managedFields` holds them: a tree of path elements (`f:spec`, `k:{"name":"app"}`,
 * `v:"a"`), each of which may be a member itself. Source: sigs.k8s.io/structured-merge-diff, fieldpath.
 */
import { isRecord } from '../../base/record.js';
import { typeSchema } from '../schema.js';

export interface FieldSet {
  /** Whether the path to here is a member. */
  readonly own: boolean;
  readonly children: ReadonlyMap<string, FieldSet>;
}

export const EMPTY_SET: FieldSet = { own: false, children: new Map() };
export const MEMBER: FieldSet = { own: true, children: new Map() };

export function isEmptySet(set: FieldSet): boolean {
  return !set.own && set.children.size === 0;
}

function made(own: boolean, children: Map<string, FieldSet>): FieldSet {
  return { own, children };
}

/** A set of some children, those that are empty left out. */
export function setOf(own: boolean, entries: Iterable<readonly [string, FieldSet]>): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const [key, set] of entries) {
    if (isEmptySet(set)) continue;
    const known = children.get(key);
    children.set(key, known === undefined ? set : union(known, set));
  }
  return made(own, children);
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmptySet(a)) return b;
  if (isEmptySet(b)) return a;
  const children = new Map(a.children);
  for (const [key, set] of b.children) {
    const known = children.get(key);
    children.set(key, known === undefined ? set : union(known, set));
  }
  return made(a.own || b.own, children);
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  const children = [...a.children].map(
    ([key, set]) => [key, intersection(set, b.children.get(key) ?? EMPTY_SET)] as const,
  );
  return setOf(a.own && b.own, children);
}

export function difference(a: FieldSet, b: FieldSet): FieldSet {
  const children = [...a.children].map(
    ([key, set]) => [key, difference(set, b.children.get(key) ?? EMPTY_SET)] as const,
  );
  return setOf(a.own && !b.own, children);
}

/** Without the members of another set, and all that is beneath them. */
export function without(a: FieldSet, b: FieldSet): FieldSet {
  if (b.own) return EMPTY_SET;
  return setOf(
    a.own,
    [...a.children].map(([key, set]) => [key, without(set, b.children.get(key) ?? EMPTY_SET)] as const),
  );
}

/** A set with the fields of structures as members that have members beneath them (`EnsureNamedFieldsAreMembers`). */
export function withNamedFields(set: FieldSet, type: string): FieldSet {
  const schema = typeSchema(type);
  const list = type.startsWith('[]');
  const map = type.startsWith('{}');
  const children = [...set.children].map(([key, child]) => {
    const name = key.startsWith('f:') ? key.slice(2) : undefined;
    const field = name === undefined ? undefined : schema?.get(name);
    const inner = list || map ? type.slice(2) : (field?.type ?? 'any');
    const named = withNamedFields(child, inner);
    return [key, field !== undefined && child.children.size > 0 ? { ...named, own: true } : named] as const;
  });
  return setOf(set.own, children);
}

/** Reads `fieldsV1`; undefined for a value of another shape. */
export function readFieldSet(value: unknown): FieldSet | undefined {
  if (!isRecord(value)) return undefined;
  const children = new Map<string, FieldSet>();
  for (const [key, inner] of Object.entries(value)) {
    if (key === '.') continue;
    if (!/^[fkvi]:/.test(key)) return undefined;
    const set = readFieldSet(inner);
    if (set === undefined) return undefined;
    children.set(normalized(key), set);
  }
  return made(Object.hasOwn(value, '.') || children.size === 0, children);
}

/** Keys of items are compared as texts: their fields are in alphabetical order. */
function normalized(key: string): string {
  if (!key.startsWith('k:')) return key;
  try {
    const fields = JSON.parse(key.slice(2)) as Readonly<Record<string, unknown>>;
    return `k:${JSON.stringify(Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1))))}`;
  } catch {
    return key;
  }
}

/** Writes a set as `fieldsV1`. */
export function writeFieldSet({ own, children }: FieldSet): Readonly<Record<string, unknown>> {
  const entries = [...children].map(([key, set]) => [key, writeFieldSet(set)] as const);
  return Object.fromEntries(own && children.size > 0 ? [['.', {}] as const, ...entries] : entries);
}

/** A path element as conflicts name it: `.spec`, `[name="app"]`, `[="a"]`. */
export function elementName(key: string): string {
  const text = key.slice(2);
  if (key.startsWith('f:')) return `.${text}`;
  if (key.startsWith('v:')) return `[=${text}]`;
  if (key.startsWith('i:')) return `[${text}]`;
  try {
    const fields = JSON.parse(text) as Readonly<Record<string, unknown>>;
    return `[${Object.entries(fields)
      .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
      .join(',')}]`;
  } catch {
    return `[${text}]`;
  }
}

/** The members as the API server names them: `.spec.ports[port=80,protocol="TCP"].targetPort`. */
export function memberNames({ own, children }: FieldSet, at = ''): readonly string[] {
  return [...(own ? [at] : []), ...[...children].flatMap(([key, set]) => memberNames(set, at + elementName(key)))];
}
