/**
 * Validates the objects of a snapshot, with the functions that tools/compile-schemas.mjs makes of object-schemas.ts.
 */
import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';
import * as VALIDATORS from './gen/validators.js';
import type { UsedKind } from './kinds.js';

/** What is wrong with an object of this kind; undefined when nothing is. The list holds until the next call. */
export function schemaErrors(kind: UsedKind, object: unknown): readonly ErrorObject[] | undefined {
  const validate = (VALIDATORS as unknown as Readonly<Record<UsedKind, ValidateFunction>>)[kind];
  return validate(object) ? undefined : (validate.errors ?? []);
}
