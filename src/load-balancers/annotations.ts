import type { Service } from '../cluster/objects.js';

/** The value of an annotation of a Service, without blanks around it; undefined where it has none. */
export function annotationOf({ metadata }: Service, name: string): string | undefined {
  const annotations = metadata.annotations;
  return annotations !== undefined && Object.hasOwn(annotations, name) ? annotations[name]?.trim() : undefined;
}

/** A switch: `true` in any case is on, anything else off; undefined where it is not there. */
export function switchOf(service: Service, name: string): boolean | undefined {
  const value = annotationOf(service, name);
  return value === undefined ? undefined : value.toLowerCase() === 'true';
}

/** A whole number from `least` on in a text; undefined for anything else, which controllers refuse. */
export function wholeNumber(text: string | undefined, least = 1): number | undefined {
  return text !== undefined && /^\d{1,6}$/.test(text) && Number(text) >= least ? Number(text) : undefined;
}

/** The whole number from `least` on that an annotation has. */
export function numberOf(service: Service, name: string, least = 1): number | undefined {
  return wholeNumber(annotationOf(service, name), least);
}

/** The annotation `key=value, key=value` as a map. */
export function pairsOf(service: Service, name: string): ReadonlyMap<string, string> {
  return pairsIn(annotationOf(service, name));
}

/** `key=value, key=value` as a map. */
export function pairsIn(text: string | undefined): ReadonlyMap<string, string> {
  const pairs = (text ?? '').split(',').map((pair) => pair.split('='));
  return new Map(pairs.flatMap(([key = '', value]) => (value === undefined ? [] : [[key.trim(), value.trim()]])));
}
