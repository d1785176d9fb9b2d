/** Without lists and objects that are empty: protobuf cannot tell them from ones that are not there. */
export function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, withoutEmpty(item)] as const);
  return Object.fromEntries(
    entries.filter(([, item]) => typeof item !== 'object' || item === null || Object.keys(item).length > 0),
  );
}
