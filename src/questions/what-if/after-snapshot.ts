/** Reads the second snapshot of what-if: errors say that it is about this one. */
import { type Problem, QuestionError } from '../../base/errors.js';
import { readSnapshot, type Snapshot, type SnapshotFile, type SnapshotInput } from '../../cluster/read-snapshot.js';
import type { GivenSnapshot } from '../../contract/requests.js';
import { type ByDigest, nameHere } from '../held.js';

/** The error, said to be about the second snapshot; errors that are none of its stay as they are. */
function ofSecond(error: unknown, placed: (problem: Problem) => Problem): unknown {
  if (!(error instanceof QuestionError)) return error;
  return new QuestionError(error.code, `The second snapshot: ${error.message}`, error.problems.map(placed));
}

const inFiles = (problem: Problem): Problem => ({ ...problem, detail: `In the second snapshot: ${problem.detail}` });

function read(input: SnapshotInput, placed: (problem: Problem) => Problem): Snapshot {
  try {
    return readSnapshot(input);
  } catch (error) {
    throw ofSecond(error, placed);
  }
}

/**
 * The second snapshot of a request; problems point into the request. Throws QuestionError as readSnapshot does; what
 * `byDigest` throws.
 */
export function readAfter({ inline, parts, digest, name }: GivenSnapshot, byDigest: ByDigest): Snapshot {
  if (digest !== undefined) return byDigest(digest);
  if (name !== undefined) throw nameHere(name);
  const prefix = parts === undefined ? '/after/snapshot/inline' : '/after/snapshot';
  return read(parts === undefined ? { inline } : { parts }, (problem) => ({
    ...problem,
    in: 'request',
    pointer: prefix + problem.pointer,
  }));
}

/** The second snapshot from files of its own; problems point into it. Throws QuestionError as readSnapshot does. */
export function readAfterFiles(files: readonly SnapshotFile[]): Snapshot {
  return read({ files }, inFiles);
}

/** Has the files of the second snapshot read elsewhere; errors say the same as those of {@link readAfterFiles}. */
export async function readingAfterFiles<T>(reading: () => Promise<T>): Promise<T> {
  try {
    return await reading();
  } catch (error) {
    throw ofSecond(error, inFiles);
  }
}
