/** Decoding an object strictly, as kubectl asks the API server to: types of fields, and fields that there are not. */

import { closestNames } from '../base/did-you-mean.js';
import { isRecord } from '../base/record.js';
import { type ApiFault, Place } from './faults.js';
import { shown } from './formats.js';
import { nanosOf } from './quantity.js';
import { innerType, typeSchema } from './schema.js';

const TEXT = 'a text';

/** What a value of a type has to be, where it is something else. */
function wrongType(value: unknown, type: string): string | undefined {
  if (type.startsWith('[]')) return Array.isArray(value) ? undefined : 'a list';
  if (type.startsWith('{}')) return isRecord(value) ? undefined : 'an object';
  switch (type) {
    case 'string':
      return typeof value === 'string' ? undefined : TEXT;
    case 'integer':
      return Number.isInteger(value) ? undefined : 'a whole number';
    case 'number':
      return typeof value === 'number' ? undefined : 'a number';
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'true or false';
    case 'int-or-string':
      return typeof value === 'string' || Number.isInteger(value) ? undefined : 'a whole number or a text';
    case 'quantity':
      if (typeof value === 'number') return undefined;
      return typeof value === 'string' && nanosOf(value) !== undefined ? undefined : 'a quantity such as 500m or 1Gi';
    default:
      return typeSchema(type) === undefined || isRecord(value) ? undefined : 'an object';
  }
}

const isCreationTime = (key: string) => /Timestamp$|Time$/.test(key);

/**
 * The first value that is not of its type, as Go's decoder reports it: the place is named without indexes, and for
 * values of a map by the map alone. Undefined where all are.
 */
export function typeFault(value: unknown, type: string, at = Place.root, named = ''): ApiFault | undefined {
  if (value === null || value === undefined) return undefined;
  const right = wrongType(value, type);
  if (right !== undefined) {
    const detail = `${shown(value)} must be ${right}.`;
    return { pointer: at.pointer, field: named, reason: 'WrongType', detail };
  }
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      const fault = typeFault(item, innerType(type), at.index(index), named);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }
  if (!isRecord(value)) return undefined;
  const schema = typeSchema(type);
  for (const [key, item] of Object.entries(value)) {
    const field = schema?.get(key);
    const inner = type.startsWith('{}') ? innerType(type) : field?.type;
    if (inner === undefined || (item === null && isCreationTime(key))) continue;
    const name = type.startsWith('{}') ? named : named === '' ? key : `${named}.${key}`;
    const fault = typeFault(item, inner, at.child(key), name);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** The fields of a value that its type does not have. */
export function unknownFieldFaults(value: unknown, type: string, at = Place.root): readonly ApiFault[] {
  if (Array.isArray(value)) {
    const inner = type.startsWith('[]') ? innerType(type) : 'any';
    return value.flatMap((item, index) => unknownFieldFaults(item, inner, at.index(index)));
  }
  if (!isRecord(value)) return [];
  if (type.startsWith('{}')) {
    return Object.entries(value).flatMap(([key, item]) => unknownFieldFaults(item, innerType(type), at.child(key)));
  }
  const schema = typeSchema(type);
  if (schema === undefined) return [];
  return Object.entries(value).flatMap(([key, item]) => {
    const place = at.child(key);
    const field = schema.get(key);
    if (field !== undefined) return unknownFieldFaults(item, field.type, place);
    const near = closestNames(key, [...schema.keys()]);
    const hint = near.length === 0 ? '' : ` Did you mean ${near.join(', ')}?`;
    const detail = `${type} has no field ${shown(key)}.${hint}`;
    return [{ pointer: place.pointer, field: place.field, reason: 'UnknownField' as const, detail }];
  });
}
