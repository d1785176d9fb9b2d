/** What the questions that compare two sides, what-if and check, have in common. */
import { QuestionError } from '../../base/errors.js';
import type { Snapshot } from '../../cluster/read-snapshot.js';
import type { Change } from '../../contract/requests.js';
import type { ByDigest } from '../held.js';
import type { Prepare } from '../prepare.js';

/** What a question that compares two sides takes beside its request. */
export interface SidesContext {
  /** The second snapshot, where it came in a file of its own. */
  readonly file?: Snapshot | undefined;
  /** Changes made on both sides before, reported as the first of the changes. */
  readonly base?: readonly Change[];
  readonly prepare?: Prepare;
  /** Where a second snapshot comes from that is named by its digest. */
  readonly byDigest?: ByDigest;
}

/** Says of an error which side it is about. */
export function ofAfter<T>(what: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof QuestionError)) throw error;
    throw new QuestionError(error.code, `${what}: ${error.message}`, error.problems);
  }
}
