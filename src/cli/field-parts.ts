/** How fields of a request are made from options. */

import { oneOf, readWhole } from '../words/read-values.js';
import { UsageError } from '../words/usage-error.js';
import type { Arguments } from './arguments.js';

export type Fields = Record<string, unknown>;

/** The field with the value, or nothing where there is no value. */
export function field(name: string, value: unknown): Fields {
  return value === undefined ? {} : { [name]: value };
}

/** The option's values made into a list under a name, or nothing where it was not given. */
export function list(name: string, given: readonly string[], read: (text: string) => unknown = (text) => text): Fields {
  return given.length === 0 ? {} : { [name]: given.map(read) };
}

export function whole(args: Arguments, option: string, name: string): Fields {
  const text = args.one(option);
  return text === undefined ? {} : { [name]: readWhole(`--${option}`, text) };
}

export function word<T extends string>(args: Arguments, option: string, name: string, words: readonly T[]): Fields {
  const text = args.one(option);
  return text === undefined ? {} : { [name]: oneOf(`--${option}`, text, words) };
}

/** A number of at least 0, as options take it. Throws UsageError for anything else. */
export function readNumber(option: string, text: string): number {
  if (!/^\d{1,15}(?:\.\d{1,15})?$/.test(text))
    throw new UsageError(`${option} needs a number of at least 0, not "${text}".`);
  return Number(text);
}

/** The number of an option; `parts`: a fraction or a percentage is taken too. Throws UsageError for anything else. */
export function numberOf(args: Arguments, name: string, parts = false): number | undefined {
  const text = args.one(name);
  if (text === undefined) return undefined;
  const [, p = '', q] = (parts ? /^(\d{1,15})\/(\d{1,15})$/ : /^$/).exec(text) ?? [];
  if (q !== undefined && Number(q) > 0) return Number(p) / Number(q);
  const percent = parts && text.endsWith('%');
  const plain = percent ? text.slice(0, -1) : text;
  if (percent && !/^\d{1,15}(?:\.\d{1,15})?$/.test(plain))
    throw new UsageError(`--${name} needs a number of at least 0, not "${text}".`);
  return percent ? Number(plain) / 100 : readNumber(`--${name}`, plain);
}

/** A number of pods or a percentage. */
export function podCount(args: Arguments, option: string, name: string): Fields {
  const text = args.one(option);
  return text === undefined ? {} : { [name]: /^\d+$/.test(text) ? Number(text) : text };
}
