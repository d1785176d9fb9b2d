/** Any JSON value as the message Value, and back. */
import type { Value } from './gen/kube_whatif/v1/value.js';

/** As nested as a value may be: more than any answer has, and well within what clients read (100 messages). */
const DEEPEST = 30;

/** The value as a message. What is nested deeper than 30 levels becomes its JSON text. `undefined` counts as null. */
export function toValue(json: unknown, depth = 0): Value {
  switch (typeof json) {
    case 'boolean':
      return { bool: json };
    case 'number':
      return { number: json };
    case 'string':
      return { string: json };
  }
  if (json === null || json === undefined) return { null: true };
  if (depth === DEEPEST) return { string: JSON.stringify(json) };
  if (Array.isArray(json)) return { list: { items: json.map((item) => toValue(item, depth + 1)) } };
  const items: Record<string, Value> = {};
  for (const [key, item] of Object.entries(json as object)) {
    if (item === undefined) continue;
    const value = toValue(item, depth + 1);
    // As JSON.parse does: an own property even where the key is `__proto__`.
    if (key === '__proto__')
      Object.defineProperty(items, key, { value, enumerable: true, writable: true, configurable: true });
    else items[key] = value;
  }
  return { object: { items } };
}

/** The JSON value that a message holds; one without any kind is null. */
export function fromValue(value: Value): unknown {
  if (value.bool !== undefined) return value.bool;
  if (value.number !== undefined) return value.number;
  if (value.string !== undefined) return value.string;
  if (value.list !== undefined) return value.list.items.map(fromValue);
  if (value.object === undefined) return null;
  return Object.fromEntries(Object.entries(value.object.items).map(([key, item]) => [key, fromValue(item)]));
}
