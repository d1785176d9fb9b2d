import { checkAddresses } from './check-addresses.js';
import { checkServices } from './check-services.js';
import { endpointSliceFrom } from './endpoint-slice.js';
import type { UsedKind } from './kinds.js';
import type { EndpointSlice, KubernetesObject } from './objects.js';
import type { Placed } from './placed.js';
import { SnapshotProblems } from './problems.js';
import { repaired } from './repair.js';
import { sentenceOf } from './schema-sentences.js';
import { schemaErrors } from './schemas.js';

/** A value as an object of its kind, or what is wrong with it: places in the value and what would be right. */
export type CheckedObject =
  | { readonly object: KubernetesObject }
  | { readonly faults: readonly { readonly pointer: string; readonly detail: string }[] };

/**
 * Holds one value to what objects of a snapshot are held to when it is read (fields' types, addresses, ports), and
 * makes of it what reading would: nulls are absent, quantities are strings. `value.kind` has to be `kind`.
 */
export function checkObject(kind: UsedKind, value: unknown): CheckedObject {
  let object = value;
  let errors = schemaErrors(kind, object);
  if (errors !== undefined) {
    object = repaired(object);
    errors = schemaErrors(kind, object);
  }
  if (errors !== undefined) return { faults: errors.map(sentenceOf) };
  // The schema has shown that it is what the type says.
  const typed = object as KubernetesObject;
  const made = kind === 'EndpointSlice' ? endpointSliceFrom(typed as EndpointSlice) : typed;
  const problems = new SnapshotProblems();
  const placed: Placed = { object: made, base: '', index: -1, file: undefined };
  checkAddresses(placed, problems);
  if (kind === 'Service') checkServices([placed], problems);
  return problems.total > 0 ? { faults: problems.listed } : { object: made };
}
