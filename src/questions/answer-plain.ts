import type { Answer } from '../contract/answers.js';
import type { QuestionRequest } from '../contract/requests.js';
import { shownFindings, stateFindings } from './findings/index.js';
import { findingsOfChanges } from './findings/of-changes.js';
import { type FindingsSpec, thresholdsOf } from './findings/wanted.js';
import type { PlainKind } from './kinds.js';
import { LARGE_LIMITS } from './large-ports/large-port.js';
import { PLAIN_QUESTIONS } from './plain-questions.js';
import type { Outcome, Prepared } from './prepare.js';
import type { PlainResult } from './results.js';
import { summed } from './summaries/index.js';

/** A question about one prepared cluster, answered with what is found in that cluster. Throws QuestionError. */
export function answerPlain<K extends PlainKind>(
  kind: K,
  prepared: Prepared,
  request: Pick<QuestionRequest, PlainKind>,
  wanted: FindingsSpec | undefined,
): Answer<PlainResult[K]> {
  return answerOf(kind, prepared, request, wanted, PLAIN_QUESTIONS[kind].answer(prepared, request, LARGE_LIMITS));
}

/** The answer that a question's own part becomes. */
export function answerOf<K extends PlainKind>(
  kind: K,
  prepared: Prepared,
  request: Pick<QuestionRequest, PlainKind>,
  wanted: FindingsSpec | undefined,
  outcome: Outcome<PlainResult[K]>,
): Answer<PlainResult[K]> {
  const thresholds = thresholdsOf(wanted);
  const { cluster, settings, changes } = prepared;
  const { services, doors } = outcome;
  const earlier = prepared.earlier?.cluster ?? cluster;
  const found = stateFindings({ cluster, settings, services, doors }, thresholds);
  const unsaid = prepared.answer(
    outcome,
    shownFindings([...findingsOfChanges(changes, earlier, cluster), ...found], wanted),
  );
  return summed<PlainKind>(kind, request, unsaid) as Answer<PlainResult[K]>;
}

/** The same as far as it goes without findings: the result, and the sentence that answers the question. */
export function answerAlone<K extends PlainKind>(
  kind: K,
  prepared: Prepared,
  request: Pick<QuestionRequest, PlainKind>,
): Pick<Answer<PlainResult[K]>, 'summary' | 'result'> {
  const unsaid = prepared.answer(PLAIN_QUESTIONS[kind].answer(prepared, request), []);
  return summed<PlainKind>(kind, request, unsaid) as Answer<PlainResult[K]>;
}
