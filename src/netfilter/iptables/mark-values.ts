import { RuleError } from './match-codec.js';

/** Every bit of a mark. */
export const ALL_BITS = 0xffffffff;

function numberOf(text: string): number {
  const value = /^(?:0x[0-9a-f]{1,8}|\d{1,10})$/i.test(text) ? Number(text) : Number.NaN;
  if (!(value <= ALL_BITS)) throw new RuleError(`"${text}" is no mark: a 32-bit number such as 0x4000 would be`);
  return value;
}

/** Reads `VALUE[/MASK]`, decimal or with 0x. Throws RuleError for anything else. */
export function markOf(text: string): { readonly value: number; readonly mask?: number } {
  const slash = text.indexOf('/');
  if (slash < 0) return { value: numberOf(text) };
  return { value: numberOf(text.slice(0, slash)), mask: numberOf(text.slice(slash + 1)) };
}

/** `0x4000`. */
export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
