/** Reads the second snapshot of what-if: errors say that it is about this one. */
import { type Problem, QuestionError } from '../base/errors.js';
import { readSnapshot, type Snapshot, type SnapshotFile, type SnapshotInput } from '../cluster/read-snapshot.js';
import type { ByDigest } from './held.js';
import type { GivenSnapshot } from './request.js';

function read(input: SnapshotInput, placed: (problem: Problem) => Problem): Snapshot {
  try {
    return readSnapshot(input);
  } catch (error) {
    if (!(error instanceof QuestionError)) throw error;
    throw new QuestionError(error.code, `The second snapshot: ${error.message}`, error.problems.map(placed));
  }
}

/** The second snapshot of a request; problems point into the request. Throws QuestionError as readSnapshot does; what `byDigest` throws. */
export function readAfter({ inline, parts, digest }: GivenSnapshot, byDigest: ByDigest): Snapshot {
  if (digest !== undefined) return byDigest(digest);
  const prefix = parts === undefined ? '/after/snapshot/inline' : '/after/snapshot';
  return read(parts === undefined ? { inline } : { parts }, (problem) => ({
    ...problem,
    in: 'request',
    pointer: prefix + problem.pointer,
  }));
}

/** The second snapshot from files of its own; problems point into it. Throws QuestionError as readSnapshot does. */
export function readAfterFiles(files: readonly SnapshotFile[]): Snapshot {
  return read({ files }, (problem) => ({ ...problem, detail: `In the second snapshot: ${problem.detail}` }));
}
