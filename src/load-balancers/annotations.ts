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

/** A whole number from `least` on; undefined for anything else, which controllers refuse. */
export function numberOf(service: Service, name: string, least = 1): number | undefined {
  const value = annotationOf(service, name) ?? '';
  return /^\d{1,6}$/.test(value) && Number(value) >= least ? Number(value) : undefined;
}

/** `key=value, key=value` as a map. */
export function pairsOf(service: Service, name: string): ReadonlyMap<string, string> {
  const pairs = (annotationOf(service, name) ?? '').split(',').map((pair) => pair.split('='));
  return new Map(pairs.flatMap(([key = '', value]) => (value === undefined ? [] : [[key.trim(), value.trim()]])));
}
