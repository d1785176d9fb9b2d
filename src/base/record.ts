/** An object of which nothing is known but that it has fields. */
export type Fields = Readonly<Record<string, unknown>>;

/** Whether a value is an object with fields: neither null nor an array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The fields of a value; none where it is not an object. */
export function fieldsOf(value: unknown): Fields {
  return isRecord(value) ? value : {};
}
