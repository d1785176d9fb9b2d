import type { ErrorObject } from 'ajv/dist/2020.js';
import { quoted } from './problems.js';

const TYPES: Readonly<Record<string, string>> = {
  string: 'a string',
  integer: 'an integer',
  number: 'a number',
  boolean: 'true or false',
  object: 'an object',
  array: 'an array',
  null: 'null',
};

function alternatives(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/** The last named field of a pointer (`port` of `/spec/ports/0/port`, `ports[0]` of `/spec/ports/0`). */
function fieldOf(pointer: string): string {
  const tokens = pointer.split('/').slice(1);
  const last = tokens.at(-1);
  if (last === undefined) return 'The object';
  const shown = /^\d+$/.test(last) && tokens.length > 1 ? `${tokens.at(-2)}[${last}]` : last;
  return shown.replaceAll('~1', '/').replaceAll('~0', '~');
}

function right(error: ErrorObject): string {
  const schema = error.parentSchema as { description?: string; type?: string | string[]; enum?: unknown[] } | undefined;
  if (schema?.enum !== undefined) {
    return `one of ${schema.enum
      .filter((value) => value !== null && value !== '')
      .map((value) => JSON.stringify(value))
      .join(', ')}`;
  }
  if (schema?.description !== undefined) return schema.description;
  const types = [schema?.type ?? []].flat().filter((type) => type !== 'null');
  return alternatives(types.map((type) => TYPES[type] ?? type));
}

/**
 * A schema error as a place and a sentence: what is there and what would be right. The pointer is into the object.
 */
export function sentenceOf(error: ErrorObject): { readonly pointer: string; readonly detail: string } {
  const { instancePath } = error;
  if (error.keyword === 'required') {
    const field = String((error.params as { missingProperty: string }).missingProperty);
    return { pointer: instancePath, detail: `${fieldOf(instancePath)} has no "${field}", which is required.` };
  }
  const hint =
    error.keyword === 'type' && typeof error.data === 'number' && right(error) === 'a string'
      ? ' (put it in quotes)'
      : '';
  return {
    pointer: instancePath,
    detail: `${fieldOf(instancePath)} is ${quoted(error.data)}; it must be ${right(error)}${hint}.`,
  };
}
