/** The validators that openapi/generate.mjs compiles from the contract. */
import type { ValidateFunction } from 'ajv';
import * as VALIDATORS from './gen/validators.js';

/**
 * The function that validates a value against `#/components/schemas/NAME`. Throws Error where none is compiled for it.
 */
export function validator(name: string): ValidateFunction {
  const validate = (VALIDATORS as unknown as Readonly<Record<string, ValidateFunction | undefined>>)[name];
  if (validate === undefined)
    throw new Error(`no validator of ${name}: openapi/generate.mjs lists those that are compiled`);
  return validate;
}
