import { MAX_PROBLEMS, QuestionError } from '../base/errors.js';

/** A place that is wrong, and what would be right. */
export interface Fault {
  readonly pointer: string;
  readonly detail: string;
}

/** The error for a change that cannot be made, with one place. */
export function impossible(pointer: string, detail: string): QuestionError {
  return new QuestionError('IMPOSSIBLE_CHANGE', detail, [{ pointer, in: 'request', detail }]);
}

/** Throws QuestionError IMPOSSIBLE_CHANGE with these places; does nothing where there are none. */
export function refuse(faults: readonly Fault[], what: string): void {
  const [first] = faults;
  if (first === undefined) return;
  const message = faults.length === 1 ? first.detail : `${what} has ${faults.length} problems.`;
  const problems = faults.slice(0, MAX_PROBLEMS).map((fault) => ({ ...fault, in: 'request' as const }));
  throw new QuestionError('IMPOSSIBLE_CHANGE', message, problems);
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
