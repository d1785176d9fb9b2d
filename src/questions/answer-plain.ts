import type { Answer } from './answer.js';
import { answerOne, type PlainResult } from './answer-one.js';
import { stateFindings, toldFindings } from './findings/index.js';
import { manifestLosses } from './findings/manifest-losses.js';
import { changesWithoutEffect } from './findings/no-effect.js';
import { type FindingsSpec, thresholdsOf } from './findings/options.js';
import { podsNotPlaced } from './findings/unplaced.js';
import type { Prepared } from './prepare.js';
import type { PlainKind, QuestionRequest } from './request.js';

/** A question about one prepared cluster, answered with what is found in that cluster. Throws QuestionError. */
export function answerPlain(
  kind: PlainKind,
  prepared: Prepared,
  request: Pick<QuestionRequest, PlainKind>,
  wanted: FindingsSpec | undefined,
): Answer<PlainResult[PlainKind]> {
  const thresholds = thresholdsOf(wanted);
  const outcome = answerOne(kind, prepared, request);
  const { cluster, settings, changes } = prepared;
  const { services, doors } = outcome;
  const earlier = prepared.earlier?.cluster ?? cluster;
  const found = stateFindings({ cluster, settings, services, doors }, thresholds);
  return prepared.answer(
    outcome,
    toldFindings(
      [
        ...changesWithoutEffect(changes),
        ...podsNotPlaced(changes),
        ...manifestLosses(changes, earlier, cluster),
        ...found,
      ],
      wanted,
    ),
  );
}
