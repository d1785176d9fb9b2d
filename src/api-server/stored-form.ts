/** Values as the API server stores them whoever wrote them: quantities in one spelling, claim templates with their defaults. */

import { scalarText } from '../base/scalar-text.js';
import { innerType, typeSchema } from './schema.js';
import type { Fields } from './strategic-merge.js';

const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const QUANTITY = /^([+-]?)(\d{0,30})(?:\.(\d{0,30}))?([numkMGTPE]|[KMGTPE]i)?$/;

/**
 * A quantity in its canonical form (`0.5` is `500m`, `1024Mi` is `1Gi`). A text that is not a quantity is returned unchanged.
 * Source: apimachinery pkg/api/resource, `CanonicalizeBytes`.
 */
export function canonicalQuantity(value: unknown): unknown {
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

/** A StatefulSet's claim template with the defaults that are stored with it. Source: pkg/apis/core/v1/defaults.go. */
export function claimTemplate(template: Fields): Fields {
  const { spec, status, metadata } = template as Readonly<Record<string, Fields | undefined>>;
  return {
    ...template,
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: metadata ?? {},
    spec: { volumeMode: 'Filesystem', ...spec },
    status: { phase: 'Pending', ...status },
  };
}
