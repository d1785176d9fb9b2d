const valueText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** The fields of an object that a change sets, as `name value, name value`. */
export function describeFields(object: object): string {
  return Object.entries(object)
    .map(([name, value]) => `${name} ${valueText(value)}`)
    .join(', ');
}
