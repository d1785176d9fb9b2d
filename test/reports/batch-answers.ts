/** A hand-written answer to a batch that the report tests print. */

import { QuestionError } from '../../src/base/errors.js';
import { documentOfError } from '../../src/base/problem-document.js';
import type { Answer, BatchResult } from '../../src/contract/answers.js';
import { answerOf, PATH, PROBABILITY } from './answers.js';

const wrong = new QuestionError(
  'NOT_FOUND',
  'Service "default/wbe" is not in the snapshot. Did you mean default/web?',
  [
    { pointer: '/batch/questions/1/probability/services/0', detail: 'Did you mean default/web?' },
    { pointer: '/items/0', in: 'snapshot', detail: 'Nothing.' },
  ],
);

export const BATCH: Answer<BatchResult> = {
  ...answerOf<BatchResult>({
    answers: [
      { question: 'probability', answer: PROBABILITY },
      { question: 'probability', problem: documentOfError(wrong) },
      {
        problem: documentOfError(
          new QuestionError('INVALID_REQUEST', 'No question.', [{ pointer: '', detail: 'No.' }]),
        ),
      },
      { question: 'path', answer: PATH },
    ],
  }),
  assumptions: PROBABILITY.assumptions.slice(0, 1),
};
