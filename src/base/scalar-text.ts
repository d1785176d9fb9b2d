/**
 * A value of unknown type as text: strings, numbers and booleans as they are, anything else as JSON. `String(value)`
 * calls what an object has as `toString`, which may be anything in a snapshot.
 */
export function scalarText(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : (JSON.stringify(value) ?? '');
}
