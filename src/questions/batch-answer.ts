/** The answer to a batch as it stands in openapi/kube-whatif.yaml. Plain data. */
import type { ProblemDocument } from '../base/problem-document.js';
import type { Answer } from './answer.js';
import type { BatchQuestionName } from './request.js';

/** What became of one question: its answer as if it had been asked alone, or what is wrong with it. */
export interface BatchAnswer {
  /** Absent where the entry names no question. */
  readonly question?: BatchQuestionName;
  readonly answer?: Answer;
  readonly problem?: ProblemDocument;
}

export interface BatchResult {
  /** In the order of the questions. */
  readonly answers: readonly BatchAnswer[];
}
