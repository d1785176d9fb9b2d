import type { Snapshot } from '../cluster/read-snapshot.js';
import type { Answer, BatchResult, CheckResult, SweepResult, WhatIfResult } from '../contract/answers.js';
import type { QuestionRequest } from '../contract/requests.js';
import type { PlainResult } from './answer-one.js';
import { answerPlain } from './answer-plain.js';
import { answerBatch } from './batch.js';
import { answerCheck } from './check/check.js';
import { type ByDigest, noneHeld } from './held.js';
import type { QuestionKind } from './kinds.js';
import { prepare } from './prepare.js';
import { answerSweep } from './sweep/sweep.js';
import { answerWhatIf } from './what-if.js';

export interface ResultOf extends PlainResult {
  readonly 'what-if': WhatIfResult;
  readonly sweep: SweepResult;
  readonly batch: BatchResult;
  readonly check: CheckResult;
}

/**
 * Answers one question about a snapshot: a request's whole way, independent of any transport. The request has been
 * validated against openapi/ before; `request[kind]` may be absent where every field of the question is optional.
 * `after` is the second snapshot of what-if where it came in a file of its own; `byDigest` gives second snapshots that the
 * request names by digest. A pure function of its arguments.
 * Throws QuestionError for everything that is wrong with the input.
 */
export function ask<K extends QuestionKind>(
  kind: K,
  request: QuestionRequest,
  snapshot: Snapshot,
  after?: Snapshot,
  byDigest?: ByDigest,
): Answer<ResultOf[K]>;
export function ask(
  kind: QuestionKind,
  request: QuestionRequest,
  snapshot: Snapshot,
  after?: Snapshot,
  byDigest: ByDigest = noneHeld,
): Answer {
  if (kind === 'batch') return answerBatch(request, snapshot, byDigest);
  if (kind === 'check') return answerCheck(request, snapshot, { file: after, byDigest });
  if (kind === 'what-if') return answerWhatIf(request, snapshot, { file: after, byDigest });
  const prepared = prepare(request, snapshot);
  if (kind === 'sweep') return answerSweep(prepared, request, snapshot);
  return answerPlain(kind, prepared, request, request.findings);
}
