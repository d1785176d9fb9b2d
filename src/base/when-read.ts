/** Fields whose values are made when they are first read. */

interface Held {
  make: (() => unknown) | undefined;
  made: unknown;
}

/** What all objects with a field of one name share: where they hold its value, and the getter. */
interface Shared {
  readonly place: symbol;
  readonly descriptor: PropertyDescriptor;
}

const byName = new Map<string, Shared>();

function sharedBy(name: string): Shared {
  const known = byName.get(name);
  if (known !== undefined) return known;
  const place = Symbol(name);
  function get(this: Record<symbol, Held>): unknown {
    const held = this[place] as Held;
    if (held.make !== undefined) {
      held.made = held.make();
      held.make = undefined;
    }
    return held.made;
  }
  const made = { place, descriptor: { get, enumerable: true, configurable: true } };
  byName.set(name, made);
  return made;
}

/**
 * Gives an object a field whose value is made when it is first read, and then kept; returns the object. To whoever
 * lists, copies or writes it the field is like others.
 *
 * A getter that an object literal has for itself costs more: V8 makes a hidden class for it, which the collector of
 * young objects takes to be alive, with all that the getter refers to.
 */
export function whenRead<T extends object, K extends string, V>(
  object: T,
  name: K,
  make: () => V,
): T & { readonly [name in K]: V } {
  const { place, descriptor } = sharedBy(name);
  const value: Held = { make, made: undefined };
  Object.defineProperty(object, place, { value });
  return Object.defineProperty(object, name, descriptor) as T & { readonly [name in K]: V };
}
