/** Holds a request against the contract in openapi/ before any question sees it. */
import { problemsOf } from '../base/ajv-problems.js';
import { QuestionError } from '../base/errors.js';
import type { QuestionRequest } from '../contract/requests.js';
import { validator } from '../contract/validator.js';
import { type QuestionKind, snapshotHolders } from './kinds.js';
import { QUESTIONS } from './registry.js';

/**
 * Where the snapshot is: `inside` the request under `snapshot` (the body of a POST), or `apart` (a file of its own:
 * multipart, or the command line), when the request must not have one.
 */
export type SnapshotPlace = 'inside' | 'apart';

/**
 * A place within one question of a batch: what is wrong there is that question's own problem, reported in its place.
 */
const BATCH_ENTRY = /^\/batch\/questions\/\d+(\/|$)/;

/** More values than any sensible request has: an error each would fill the memory. */
const MAX_VALUES = 500_000;

/** Whether the request, the content of its snapshots aside, has at most {@link MAX_VALUES} values. Does not recurse. */
function isReasonable(request: unknown): boolean {
  let count = 0;
  const withSnapshot = snapshotHolders(request);
  const open: unknown[] = [request];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    const { snapshot } = (withSnapshot.has(value) ? value : {}) as { readonly snapshot?: unknown };
    const items = Array.isArray(value) ? value : Object.values(value);
    count += items.length;
    if (snapshot !== undefined) {
      const { parts } = Object(snapshot) as { readonly parts?: unknown };
      if (Array.isArray(parts)) count += parts.length;
    }
    if (count > MAX_VALUES) return false;
    for (const item of items) {
      if (typeof item === 'object' && item !== null && item !== snapshot) open.push(item);
    }
  }
  return true;
}

/**
 * The value as a request of this kind. Names, enum values, bounds and patterns are checked; the snapshot's own content
 * is not looked into, the cluster's reader does that. Nothing is coerced, defaulted or removed.
 * Throws QuestionError INVALID_REQUEST with one problem per place.
 */
export function validateRequest(
  kind: QuestionKind,
  value: unknown,
  snapshot: SnapshotPlace = 'inside',
): QuestionRequest {
  if (!isReasonable(value)) {
    const detail = `The request has more than ${MAX_VALUES} values beside its snapshot.`;
    throw new QuestionError('INVALID_REQUEST', detail, [{ pointer: '', in: 'request', detail }]);
  }
  const schema = `${QUESTIONS[kind].rpc}Request`;
  const name = snapshot === 'inside' ? schema : `${schema}Part`;
  const validate = validator(name);
  if (validate(value)) return value as QuestionRequest;
  const errors = (validate.errors ?? []).filter(
    ({ instancePath }) => kind !== 'batch' || !BATCH_ENTRY.test(instancePath),
  );
  if (errors.length === 0) return value as QuestionRequest;
  const { problems, total } = problemsOf(errors, 'request');
  const many = total > problems.length ? ` ${total} problems in all, the first ${problems.length} are listed.` : '';
  const first = problems[0];
  const where = first === undefined || first.pointer === '' ? '' : ` at ${first.pointer}`;
  const summary =
    total === 1 && first !== undefined
      ? `The request does not follow the contract${where}: ${first.detail}`
      : `The request does not follow the contract in ${total} places.`;
  throw new QuestionError('INVALID_REQUEST', summary + many, problems);
}
