/**
 * Values as the API server stores them whoever wrote them: quantities in one spelling, empty fields as Go writes them.
 */

import { isRecord } from '../base/record.js';
import { scalarText } from '../base/scalar-text.js';
import { innerType, typeSchema } from './schema.js';

const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const QUANTITY = /^([+-]?)(\d{0,30})(?:\.(\d{0,30}))?([numkMGTPE]|[KMGTPE]i)?$/;

/**
 * A quantity in its canonical form (`0.5` is `500m`, `1024Mi` is `1Gi`). A text that is not a quantity is returned
 * unchanged. Source: apimachinery pkg/api/resource, `CanonicalizeBytes`.
 */
function canonicalQuantity(value: unknown): unknown {
  const match = QUANTITY.exec(scalarText(value));
  if (match === null || !['string', 'number'].includes(typeof value)) return value;
  const [, sign = '', whole = '', part = '', suffix = ''] = match;
  if (whole + part === '') return value;
  const digits = BigInt(whole + part);
  if (digits === 0n) return '0';
  if (suffix.endsWith('i')) {
    let power = BINARY.indexOf(suffix);
    let bytes = digits * 1024n ** BigInt(power);
    const scale = 10n ** BigInt(part.length);
    // What is no whole number of bytes, or less than 1024 of them, is spelled in decimals.
    if (bytes % scale === 0n && bytes / scale >= 1024n) {
      bytes /= scale;
      for (power = 0; bytes % 1024n === 0n && power < BINARY.length - 1; power++) bytes /= 1024n;
      return `${sign === '-' ? '-' : ''}${bytes}${BINARY[power]}`;
    }
    if (bytes % scale === 0n) return `${sign === '-' ? '-' : ''}${bytes / scale}`;
    return value;
  }
  let nano = digits * 10n ** BigInt(3 * DECIMAL.indexOf(suffix));
  const scale = 10n ** BigInt(part.length);
  if (nano % scale !== 0n) return value;
  nano /= scale;
  let power = 0;
  for (; nano % 1000n === 0n && power < DECIMAL.length - 1; power++) nano /= 1000n;
  return `${sign === '-' ? '-' : ''}${nano}${DECIMAL[power]}`;
}

/** A value of a type with its quantities in canonical form. */
export function withCanonicalQuantities(value: unknown, type: string): unknown {
  if (type === 'quantity') return canonicalQuantity(value);
  if (type.startsWith('[]')) {
    return Array.isArray(value) ? value.map((one) => withCanonicalQuantities(one, innerType(type))) : value;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const schema = typeSchema(type);
  if (schema === undefined && !type.startsWith('{}')) return value;
  let changed = false;
  const fields = Object.entries(value).map(([key, one]) => {
    const next = withCanonicalQuantities(
      one,
      schema === undefined ? innerType(type) : (schema.get(key)?.type ?? 'any'),
    );
    changed ||= next !== one;
    return [key, next];
  });
  return changed ? Object.fromEntries(fields) : value;
}

/** A value with what stands for a null in a list: an empty object, an empty text, zero, as Go decodes it. */
export function withoutNullItems(value: unknown, type: string): unknown {
  if (Array.isArray(value)) {
    const inner = innerType(type);
    const empty = typeSchema(inner) === undefined && !inner.startsWith('{}') ? (EMPTY[inner] ?? '') : {};
    return value.map((one) => (one === null ? empty : withoutNullItems(one, inner)));
  }
  if (!isRecord(value)) return value;
  const schema = typeSchema(type);
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => {
      const inner = type.startsWith('{}') ? innerType(type) : (schema?.get(key)?.type ?? 'any');
      return [key, withoutNullItems(one, inner)];
    }),
  );
}

const EMPTY: Readonly<Record<string, unknown>> = { string: '', integer: 0, boolean: false, 'int-or-string': 0 };

function isZero(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === 0 || value === false) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/**
 * A value of a type as it is printed after it was stored: fields that are null or empty are left out, objects that are
 * always there are there, quantities have their canonical form. A field that the type does not have stays as it is.
 */
export function storedForm(value: unknown, type: string): unknown {
  if (type === 'quantity') return canonicalQuantity(value);
  if (type.startsWith('[]')) {
    return Array.isArray(value) ? value.map((one) => storedForm(one, innerType(type))) : value;
  }
  if (!isRecord(value)) return value;
  const schema = typeSchema(type);
  if (schema === undefined) {
    if (!type.startsWith('{}')) return value;
    // A value of a map that is null is read as empty.
    const inner = innerType(type);
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => [key, one === null ? EMPTY[inner] : storedForm(one, inner)]),
    );
  }
  const result: Record<string, unknown> = {};
  for (const [key, one] of Object.entries(value)) {
    const field = schema.get(key);
    if (field === undefined) result[key] = one;
    else if (field.empty === 'null' && isZero(one)) result[key] = null;
    else if (one !== null && one !== undefined && !(field.empty === 'omit' && isZero(one))) {
      result[key] = storedForm(one, field.type);
    }
  }
  for (const { name, type: own, empty } of schema.values()) {
    if (Object.hasOwn(result, name) || empty === undefined || empty === 'omit') continue;
    if (empty === 'struct') result[name] = storedForm({}, own);
    else if (empty === 'null') result[name] = null;
    else if (Object.hasOwn(EMPTY, own)) result[name] = EMPTY[own];
  }
  return result;
}
