import type { ApiFault } from '../api-server/faults.js';
import { MAX_PROBLEMS, type Problem, QuestionError } from '../base/errors.js';

/** A place that is wrong, and what would be right. */
export interface Fault {
  readonly pointer: string;
  readonly detail: string;
}

/** The error for a change that cannot be made, with one place. */
export function impossible(pointer: string, detail: string): QuestionError {
  return new QuestionError('IMPOSSIBLE_CHANGE', detail, [{ pointer, in: 'request', detail }]);
}

/** Throws QuestionError IMPOSSIBLE_CHANGE with these places; returns where the list is empty. */
export function refuse(faults: readonly Fault[], what: string): void {
  const [first] = faults;
  if (first === undefined) return;
  const message = faults.length === 1 ? first.detail : `${what} has ${faults.length} problems.`;
  const problems = faults.slice(0, MAX_PROBLEMS).map((fault) => ({ ...fault, in: 'request' as const }));
  throw new QuestionError('IMPOSSIBLE_CHANGE', message, problems);
}

/** The reason with which kubectl or the API server refuses an object: that of the Status, or one of kubectl's own. */
export type RefusalReason =
  | 'Invalid'
  | 'BadRequest'
  | 'Conflict'
  | 'Forbidden'
  | 'InternalError'
  | 'NotFound'
  | 'UnknownKind'
  | 'NoName'
  | 'OtherNamespace'
  | 'WrongType'
  | 'BrokenNote'
  | 'BrokenPatch';

/**
 * An object that kubectl or the API server refuses: the error of the change, with the reason and causes as they report
 * them.
 */
export class RefusedObject extends QuestionError {
  constructor(
    message: string,
    problems: readonly Problem[],
    readonly reason: RefusalReason,
    readonly causes: readonly ApiFault[],
  ) {
    super('IMPOSSIBLE_CHANGE', message, problems);
  }
}

/**
 * Throws RefusedObject with these causes; returns where the list is empty. `placeOf` finds the place in the request,
 * `what` names the object. An InternalError among the causes is the reason of all.
 */
export function refuseObject(
  causes: readonly ApiFault[],
  placeOf: (fault: ApiFault) => Fault,
  what: string,
  reason: RefusalReason = causes.some((one) => one.reason === 'InternalError') ? 'InternalError' : 'Invalid',
): void {
  const [first] = causes;
  if (first === undefined) return;
  const places = causes.slice(0, MAX_PROBLEMS).map((fault) => ({ ...placeOf(fault), in: 'request' as const }));
  const message = causes.length === 1 ? (places[0]?.detail ?? first.detail) : `${what} has ${causes.length} problems.`;
  throw new RefusedObject(message, places, reason, causes);
}

/** The place in a value that comes closest to a pointer into it: as many of its tokens as the value has. */
export function closestPlace(value: unknown, pointer: string): string {
  let place = '';
  let current = value;
  for (const token of pointer.split('/').slice(1)) {
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key)) break;
    current = (current as Readonly<Record<string, unknown>>)[key];
    place += `/${token}`;
  }
  return place;
}
