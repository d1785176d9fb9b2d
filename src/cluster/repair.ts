/** Maps of quantities: strings in the API, but `cpu: 2` without quotes is common in manifests and accepted there. */
const QUANTITY_MAPS: ReadonlySet<string> = new Set(['requests', 'limits', 'allocatable', 'capacity']);

/**
 * A copy of an object that failed validation, with what the API server would have read the same way: fields that are
 * null are absent, and quantities written as numbers are strings. Places in it keep their pointers. Only objects that
 * failed are copied: what kubectl prints passes as it is.
 */
export function repaired(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => repaired(item));
  if (typeof value !== 'object' || value === null) return value;
  const quantities = QUANTITY_MAPS.has(key);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null)
      .map(([name, item]) => [name, quantities && typeof item === 'number' ? String(item) : repaired(item, name)]),
  );
}
