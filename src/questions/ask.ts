import type { Snapshot } from '../cluster/read-snapshot.js';
import type { Answer } from '../contract/answers.js';
import type { QuestionRequest } from '../contract/requests.js';
import { type ByDigest, noneHeld } from './held.js';
import type { QuestionKind } from './kinds.js';
import { QUESTIONS } from './registry.js';
import type { ResultOf } from './results.js';

/**
 * Answers one question about a snapshot: a request's whole way, independent of any transport. The request has been
 * validated against openapi/ before; `request[kind]` may be absent where every field of the question is optional.
 * `after` is the second snapshot of what-if where it came in a file of its own; `byDigest` gives second snapshots that
 * the request names by digest. A pure function of its arguments. Throws QuestionError for everything that is wrong with
 * the input.
 */
export function ask<K extends QuestionKind>(
  kind: K,
  request: QuestionRequest,
  snapshot: Snapshot,
  after?: Snapshot,
  byDigest: ByDigest = noneHeld,
): Answer<ResultOf[K]> {
  return QUESTIONS[kind].answer(request, snapshot, { after, byDigest });
}
