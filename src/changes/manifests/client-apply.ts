/**
 * What a plain `kubectl apply` makes of an object, before the API server completes it: the patch, and what decoding
 * refuses.
 */
import { typeFault, unknownFieldFaults } from '../../api-server/decode.js';
import type { ApiFault } from '../../api-server/faults.js';
import { notedManifest, withNote } from '../../api-server/note.js';
import { type Fields, fieldsIn, isGiven } from '../../api-server/read-fields.js';
import { withCanonicalQuantities, withoutNullItems } from '../../api-server/stored-form.js';
import { kubectlPatch, withPatch } from '../../api-server/strategic-merge.js';
import type { RefusalReason } from '../refused-change.js';

/** An object as it is sent, or why it is refused; undefined: there is nothing to send. */
export type Sent =
  | { readonly object: Fields }
  | { readonly reason: RefusalReason; readonly causes: readonly ApiFault[] }
  | undefined;

/** Fields whose null is dropped where an object is created. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, one]) => one !== null)
      .map(([key, one]) => [key, withoutNulls(one)]),
  );
}

/** An object as Go decodes it: quantities in one spelling, nothing null in lists. */
function decoded(object: unknown, type: string): Fields {
  return withCanonicalQuantities(withoutNullItems(object, type), type) as Fields;
}

/** A new object, as it is decoded strictly: the first wrong type, else all unknown fields. */
function created(manifest: Fields, type: string, note: string): Sent {
  const wrong = typeFault(manifest, type);
  const causes = wrong === undefined ? unknownFieldFaults(manifest, type) : [wrong];
  if (causes.length > 0) return { reason: 'BadRequest', causes };
  return { object: decoded(withoutNulls(withNote(manifest, note)), type) };
}

/**
 * An update that leaves these out keeps them (a manifest that was printed by older tools had `creationTimestamp:
 * null`).
 */
const IDENTITY = ['uid', 'creationTimestamp', 'deletionTimestamp'];

function withIdentity(before: Fields, after: Fields): Fields {
  const [former, metadata] = [fieldsIn(before.metadata), fieldsIn(after.metadata)];
  const lost = IDENTITY.filter((field) => isGiven(former[field]) && !isGiven(metadata[field]));
  if (lost.length === 0) return after;
  return { ...after, metadata: { ...metadata, ...Object.fromEntries(lost.map((field) => [field, former[field]])) } };
}

/** The cause that is before those of a patch that makes an object that cannot be decoded. */
function inPatch(causes: readonly ApiFault[]): Sent {
  const detail = causes.map((one) => one.detail).join(' ');
  return {
    reason: 'Invalid',
    causes: [{ pointer: '', field: 'patch', reason: 'FieldValueInvalid', detail }, ...causes],
  };
}

/**
 * The object that `kubectl apply` asks for: the manifest with its note where there was none (`before` undefined), else
 * the object that is there with a three-way patch of the last applied manifest, this one and the object. `manifest` has
 * its namespace; `note` is the text that kubectl notes of it.
 */
export function clientApply(before: Fields | undefined, manifest: Fields, type: string, note: string): Sent {
  if (before === undefined) return created(manifest, type, note);
  const noted = notedManifest(before);
  if (noted === 'broken') {
    const detail = 'The note of the last apply is not JSON: kubectl cannot tell what was applied.';
    return { reason: 'BrokenNote', causes: [{ pointer: '', field: '', reason: 'FieldValueInvalid', detail }] };
  }
  // The API version says how an object is written down, not what it is.
  const { apiVersion: _version, ...former } = noted ?? {};
  const { apiVersion: _own, ...wanted } = withNote(manifest, note);
  const patch = kubectlPatch(former, wanted, before, type);
  if (patch === 'disordered') {
    const detail =
      'kubectl merges lists by one key (ports by their number), and of one key there are several here: it ' +
      'cannot order them.';
    return { reason: 'BrokenPatch', causes: [{ pointer: '', field: '', reason: 'FieldValueInvalid', detail }] };
  }
  if (Object.keys(patch).length === 0) return undefined;
  const laid = withIdentity(before, withPatch(before, withCanonicalQuantities(patch, type) as Fields, type));
  const unknown = unknownFieldFaults({ ...laid, status: undefined }, type);
  // What the snapshot itself holds beyond the schema (of another version) is not the manifest's.
  const known = new Set(unknownFieldFaults({ ...before, status: undefined }, type).map(({ field }) => field));
  const wrong = typeFault({ ...laid, status: undefined }, type);
  if (wrong !== undefined && typeFault({ ...before, status: undefined }, type)?.field !== wrong.field) {
    // The API server does not say which field it is.
    return { reason: 'Invalid', causes: [{ ...wrong, field: 'patch', reason: 'FieldValueInvalid' }] };
  }
  const added = unknown.filter(({ field }) => !known.has(field));
  return added.length > 0 ? inPatch(added) : { object: decoded(laid, type) };
}
