import { pointerToken } from '../base/errors.js';
import { isRecord } from '../base/record.js';
import { impossible } from './refused-change.js';

/** Kubernetes objects are never nested so deeply; a request could be. */
const MAX_DEPTH = 100;

type JsonObject = Readonly<Record<string, unknown>>;

/** Makes sure that a patch may be walked and copied. Throws QuestionError IMPOSSIBLE_CHANGE. */
export function checkNesting(value: unknown, depth: number, pointer: string): void {
  if (depth > MAX_DEPTH)
    throw impossible(pointer, `The patch is nested more than ${MAX_DEPTH} levels deep; Kubernetes objects never are.`);
  if (typeof value !== 'object' || value === null) return;
  for (const [key, item] of Object.entries(value)) {
    // As part of a copy it would be taken for the copy's prototype somewhere.
    if (key === '__proto__')
      throw impossible(`${pointer}/__proto__`, 'The key "__proto__" is not allowed in a patch; leave it out.');
    if (typeof item === 'object' && item !== null) checkNesting(item, depth + 1, `${pointer}/${pointerToken(key)}`);
  }
}

function merged(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const fields = new Map(isRecord(target) ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) fields.delete(key);
    else fields.set(key, merged(fields.get(key), value));
  }
  return Object.fromEntries(fields);
}

/**
 * A JSON merge patch (RFC 7386) laid on a value: objects are merged field by field, null removes a field, anything else
 * (lists too) replaces. Throws QuestionError IMPOSSIBLE_CHANGE for a patch that is nested too deeply to be meant.
 */
export function mergePatch(target: unknown, patch: JsonObject, pointer: string): unknown {
  checkNesting(patch, 1, pointer);
  return merged(target, patch);
}
