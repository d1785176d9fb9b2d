/**
 * Which annotations of a provider's documentation are read, which would change an answer and are not read, and which
 * change none. An annotation that is not read, or whose value is not valid, is an assumption of each answer about the
 * Service that has it.
 */
import type { AnnotationEntry, AnnotationList, Valid } from './annotation-list.js';
import type { Balanced } from './implementation.js';

/** Entries of one effect whose values are not checked. */
export function entriesOf(effect: AnnotationEntry['effect'], ...names: readonly string[]): readonly AnnotationEntry[] {
  return names.map((name) => ({ name, effect }));
}

/** Entries that are read, by name, with what their values must be. */
export function readEntries(valid: Readonly<Record<string, Valid | undefined>>): readonly AnnotationEntry[] {
  return Object.entries(valid).map(([name, is]) => ({
    name,
    effect: 'READ',
    ...(is === undefined ? {} : { valid: is }),
  }));
}

const SPECIAL = /[.+?^${}()|[\]\\]/g;

function matches({ name }: AnnotationEntry, rest: string): boolean {
  if (!name.includes('*')) return name === rest;
  return new RegExp(`^${name.replace(SPECIAL, '\\$&').replaceAll('*', '.+')}$`).test(rest);
}

/** What would be right, where the value is not valid; undefined where it is. */
function wrongValue(value: string, valid: Valid | undefined): string | undefined {
  if (valid === undefined) return undefined;
  if (valid === 'SWITCH') return /^(?:true|false)$/i.test(value) ? undefined : '"true" or "false"';
  if (valid === 'PAIRS') {
    return value.split(',').every((pair) => /^\s*[^=\s]+\s*=.*$/.test(pair))
      ? undefined
      : 'key=value pairs with commas';
  }
  if (valid === 'CIDRS') {
    return value.split(',').every((one) => /^\s*[0-9a-fA-F.:]+\/\d{1,3}\s*$/.test(one))
      ? undefined
      : 'CIDRs with commas';
  }
  if (valid === 'JSON') {
    try {
      JSON.parse(value);
      return undefined;
    } catch {
      return 'JSON';
    }
  }
  if ('least' in valid) {
    return /^\d{1,6}$/.test(value) && Number(value) >= valid.least
      ? undefined
      : `a whole number from ${valid.least} on`;
  }
  return valid.some((one) => one.toLowerCase() === value.toLowerCase()) ? undefined : valid.join(', ');
}

/** More annotations than these are not named one by one. */
const MAX_NAMED = 20;

/**
 * Makes assumptions of the annotations of a Service (and of the objects beside it) that the lists say are not read,
 * that they do not know, and whose values are not valid.
 */
export function noteAnnotations(
  balanced: Balanced,
  lists: readonly AnnotationList[],
  objects: readonly (Readonly<Record<string, string>> | undefined)[],
): void {
  const unread = new Set<string>();
  const invalid = new Map<string, string>();
  for (const annotations of objects) {
    for (const [name, value] of Object.entries(annotations ?? {})) {
      const list = lists.find(({ prefix }) => name.startsWith(prefix));
      if (list === undefined) continue;
      const rest = name.slice(list.prefix.length);
      const entry = list.entries.find((one) => matches(one, rest));
      if (entry === undefined || entry.effect === 'NOT_READ') unread.add(name);
      const right = entry?.effect === 'READ' ? wrongValue(value.trim(), entry.valid) : undefined;
      if (right !== undefined) invalid.set(name, right);
    }
  }
  if (unread.size > 0) {
    balanced.assume(
      'loadBalancer.annotations',
      `not read: ${[...unread].slice(0, MAX_NAMED).join(', ')}`,
      'What these annotations ask for is not modelled: the answer is that of a load balancer without them.',
    );
  }
  if (invalid.size > 0) {
    const named = [...invalid].slice(0, MAX_NAMED).map(([name, right]) => `${name} must be ${right}`);
    balanced.assume(
      'loadBalancer.annotations.invalid',
      [...invalid.keys()].slice(0, MAX_NAMED),
      `The value of these annotations is not valid, and they count as absent: ${named.join('; ')}.`,
    );
  }
}
