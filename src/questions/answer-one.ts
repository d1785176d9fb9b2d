import type { ChainsResult, PathResult, ProbabilityResult } from '../contract/answers.js';
import type { QuestionRequest } from '../contract/requests.js';
import { answerChains } from './chains.js';
import type { PlainKind } from './kinds.js';
import { answerPath } from './path.js';
import type { Outcome, Prepared } from './prepare.js';
import { answerProbability } from './probability.js';

export interface PlainResult {
  readonly chains: ChainsResult;
  readonly path: PathResult;
  readonly probability: ProbabilityResult;
}

/** Answers a question about one prepared cluster. Throws QuestionError. */
export function answerOne<K extends PlainKind>(
  kind: K,
  prepared: Prepared,
  request: Pick<QuestionRequest, PlainKind>,
): Outcome<PlainResult[K]>;
export function answerOne(
  kind: PlainKind,
  prepared: Prepared,
  request: Pick<QuestionRequest, PlainKind>,
): Outcome<PlainResult[PlainKind]> {
  switch (kind) {
    case 'chains':
      return answerChains(prepared, request.chains ?? {});
    case 'path':
      return answerPath(prepared, request.path);
    case 'probability':
      return answerProbability(prepared, request.probability ?? {});
  }
}
