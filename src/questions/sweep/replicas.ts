/** The numbers of replicas that a sweep asks about. */
import { QuestionError } from '../../base/errors.js';
import type { SweepQuestion } from '../../contract/requests.js';

/** The most points of one sweep. */
const MAX_POINTS = 5001;

/** The most endpoints that a sweep with detail ENDPOINTS lists, all points together. */
const MAX_LISTED = 100_000;

function refused(pointer: string, detail: string): QuestionError {
  return new QuestionError('INVALID_REQUEST', detail, [{ pointer, detail }]);
}

/**
 * The numbers in ascending order. `listed`: over how many Service ports the endpoints are listed one by one; absent:
 * over none. Throws QuestionError INVALID_REQUEST for a range that is empty, or for more than can be listed.
 */
export function replicasAsked(sweep: SweepQuestion, listed: number | undefined): readonly number[] {
  const { from = 0, to = from, step = 1, replicas } = sweep;
  if (replicas === undefined && to < from) throw refused('/sweep/to', `to is ${to}, below from, which is ${from}.`);
  const all =
    replicas === undefined
      ? Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step)
      : [...new Set(replicas)].sort((a, b) => a - b);
  if (all.length > MAX_POINTS) {
    throw refused(
      '/sweep',
      `The sweep has ${all.length} points; at most ${MAX_POINTS} are answered. Take a larger step.`,
    );
  }
  const endpoints = listed === undefined ? 0 : listed * all.reduce((sum, count) => sum + count, 0);
  if (endpoints > MAX_LISTED) {
    const detail =
      `ENDPOINTS would list up to ${endpoints} endpoints over all points; at most ${MAX_LISTED} are listed. ` +
      'Ask about fewer points or Services, or leave detail out.';
    throw refused('/sweep/detail', detail);
  }
  return all;
}
