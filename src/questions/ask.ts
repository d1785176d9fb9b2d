import type { Snapshot } from '../cluster/read-snapshot.js';
import type { Answer, ChainsResult, PathResult, ProbabilityResult } from './answer.js';
import { answerChains } from './chains.js';
import { answerPath } from './path.js';
import { prepare } from './prepare.js';
import { answerProbability } from './probability.js';
import type { QuestionKind, QuestionRequest } from './request.js';

export interface ResultOf {
  readonly chains: ChainsResult;
  readonly path: PathResult;
  readonly probability: ProbabilityResult;
}

/**
 * Answers one question about a snapshot: a request's whole way, independent of any transport. The request has been
 * validated against openapi/ before; `request[kind]` may be absent where every field of the question is optional.
 * A pure function of its arguments. Throws QuestionError for everything that is wrong with the input.
 */
export function ask<K extends QuestionKind>(kind: K, request: QuestionRequest, snapshot: Snapshot): Answer<ResultOf[K]>;
export function ask(kind: QuestionKind, request: QuestionRequest, snapshot: Snapshot): Answer {
  const prepared = prepare(request, snapshot);
  switch (kind) {
    case 'chains':
      return prepared.answer(answerChains(prepared, request.chains ?? {}));
    case 'path':
      return prepared.answer(answerPath(prepared, request.path));
    case 'probability':
      return prepared.answer(answerProbability(prepared, request.probability ?? {}));
  }
}
