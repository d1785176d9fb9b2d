/** `namespace/name` as its two parts; a name alone is in `default`. */
export function splitName(text: string): [namespace: string, name: string] {
  const slash = text.indexOf('/');
  return slash < 0 ? ['default', text] : [text.slice(0, slash), text.slice(slash + 1)];
}
