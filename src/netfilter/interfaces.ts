/** Whether the name of an interface (empty for none) is the one given, or begins with what is before its `+`. */
export function interfaceHolds(pattern: string, name: string | undefined): boolean {
  const actual = name ?? '';
  return pattern.endsWith('+') ? actual.startsWith(pattern.slice(0, -1)) : actual === pattern;
}
