/** What the API's published schema says of the fields of objects: their types, and how lists and maps merge. */
import { remember } from '../base/remember.js';
import { TYPE_FIELDS } from './schema-table.js';

/** A field of a type. */
export interface FieldSchema {
  readonly name: string;
  /** As the table spells it: `[]ServicePort`, `{}string`, `integer`. */
  readonly type: string;
  /**
   * The field by which a strategic merge patch matches items; empty for lists of strings, undefined where the patch
   * replaces the list.
   */
  readonly mergeKey?: string;
  /** Whether a patch names the keys that stay, so that others are dropped. */
  readonly retainsKeys: boolean;
  readonly required: boolean;
  /** How server-side apply merges a list: `atomic`, `set`, `map` by `listKeys`; undefined: atomic. */
  readonly list?: 'atomic' | 'set' | 'map';
  readonly listKeys: readonly string[];
  /** Whether server-side apply takes a map or an object as one value. */
  readonly atomic: boolean;
  /**
   * How an empty value is stored: not at all, as an empty object, as null, as zero or an empty text; undefined: as it
   * is.
   */
  readonly empty?: 'omit' | 'struct' | 'null' | 'zero';
}

const EMPTY = ['omit', 'struct', 'null', 'zero'] as const;

export type TypeSchema = ReadonlyMap<string, FieldSchema>;

const schemas = new WeakMap<readonly string[], TypeSchema>();

function fieldOf(line: string): readonly [string, FieldSchema] {
  const [word = '', type = 'any', ...flags] = line.split(' ');
  const name = word.replace('!', '');
  const flagValue = (flag: string) => flags.find((one) => one.startsWith(`${flag}=`))?.slice(flag.length + 1);
  const merge = flags.find((flag) => flag.startsWith('merge='));
  const [list, keys = ''] = (flagValue('list') ?? '').split(':');
  const empty = type === 'ObjectMeta' ? 'struct' : EMPTY.find((one) => flags.includes(one));
  return [
    name,
    {
      name,
      type,
      retainsKeys: flags.includes('retain'),
      required: word.endsWith('!'),
      listKeys: keys === '' ? [] : keys.split(','),
      atomic: flagValue('map') === 'atomic',
      ...(list === 'atomic' || list === 'set' || list === 'map' ? { list } : {}),
      ...(empty === undefined ? {} : { empty }),
      ...(merge === undefined ? {} : { mergeKey: merge.slice('merge='.length) }),
    },
  ];
}

/** The fields of a type by its name (`Service`, `PodSpec`); undefined where the schema does not have it. */
export function typeSchema(name: string): TypeSchema | undefined {
  const lines = Object.hasOwn(TYPE_FIELDS, name) ? TYPE_FIELDS[name] : undefined;
  return lines === undefined ? undefined : remember(schemas, lines, () => new Map(lines.map(fieldOf)));
}

/** Whether the whole type is one value to server-side apply, wherever it is. */
export function isAtomicType(name: string): boolean {
  return typeSchema(name)?.has('*') ?? false;
}

/** The type of a list's items or a map's values: `ServicePort` for `[]ServicePort`. */
export function innerType(type: string): string {
  return type.replace(/^(?:\[\]|\{\})/, '');
}
