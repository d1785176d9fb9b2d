/** sweep: a workload at every number of replicas of a range, and the smallest that satisfies a bound. */
import { QuestionError } from '../../base/errors.js';
import type { Snapshot } from '../../cluster/read-snapshot.js';
import type { Answer, SweepPoint, SweepResult } from '../../contract/answers.js';
import type { QuestionRequest } from '../../contract/requests.js';
import { momentOf, type Prepared } from '../prepare.js';
import { POINTER } from './asked.js';
import { Sweep } from './sweep.js';

/**
 * A sweep of a prepared cluster, whose points can be taken one by one. Throws QuestionError for what is wrong with it.
 */
export function openSweep(
  prepared: Prepared,
  request: Pick<QuestionRequest, 'at' | 'findings' | 'changes' | 'sweep'>,
  snapshot: Snapshot,
): Sweep {
  if (request.sweep === undefined) {
    throw new QuestionError('INVALID_REQUEST', 'The question is missing.', [
      { pointer: POINTER, detail: 'Give {"sweep": {"scale": {…}, "from": 1, "to": 10}}.' },
    ]);
  }
  const { at, assumption } = momentOf(request, snapshot);
  // With changes before it the moment is among their assumptions already.
  const moment = (request.changes?.length ?? 0) === 0 && assumption !== undefined ? { assumption } : {};
  return new Sweep({ prepared, at, ...moment, wanted: request.findings }, request.sweep);
}

/** Answers a sweep whole. Throws QuestionError. */
export function answerSweep(...asked: Parameters<typeof openSweep>): Answer<SweepResult> {
  const sweep = openSweep(...asked);
  return sweep.answer([...sweep.points()]);
}

/** So many points are a part of a sweep. One with fewer has no parts: its answer is one message. */
const IN_PART = 64;

/**
 * Answers a sweep in parts: points while they are worked out, and at last everything else. Throws QuestionError.
 */
export function* sweepInParts(
  ...asked: Parameters<typeof openSweep>
): Generator<{ readonly result: Partial<SweepResult> }, Answer<SweepResult>> {
  const sweep = openSweep(...asked);
  const points: SweepPoint[] = [];
  let given = 0;
  for (const point of sweep.points()) {
    points.push(point);
    if (points.length - given < IN_PART) continue;
    yield { result: { points: points.slice(given) } };
    given = points.length;
  }
  const whole = sweep.answer(points);
  return { ...whole, result: { ...whole.result, points: points.slice(given) } };
}
