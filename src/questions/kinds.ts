/** The kinds of questions, and where their snapshots are in a request. */
import type { BatchEntry } from '../contract/requests.js';

/** The questions about one cluster. */
export type PlainKind = 'chains' | 'path' | 'probability';

/**
 * The questions that a batch takes: what-if asks one of the plain ones twice, sweep asks for probabilities many times,
 * check asks what is usual of whatever a change touches, inspect of every Service, reach who reaches whom, solve what
 * is least, best and worst, timeline what users live through.
 */
export type BatchedKind = PlainKind | 'what-if' | 'sweep' | 'check' | 'inspect' | 'reach' | 'solve' | 'timeline';

/** apply gives a whole snapshot back; batch asks several of the others. */
export type QuestionKind = BatchedKind | 'apply' | 'batch';

/** The name under which a question is in an entry of a batch. */
export type BatchQuestionName = Exclude<keyof BatchEntry, 'at' | 'settings' | 'findings' | 'changes'>;

/** The question that is under each of these names. */
export const BATCH_QUESTIONS: Readonly<Record<BatchQuestionName, BatchedKind>> = {
  chains: 'chains',
  path: 'path',
  probability: 'probability',
  whatIf: 'what-if',
  sweep: 'sweep',
  check: 'check',
  inspect: 'inspect',
  reach: 'reach',
  solve: 'solve',
  timeline: 'timeline',
};

/**
 * The objects of a request that hold a snapshot, each with its JSON Pointer: itself, and the after-sides of what-if.
 * The request need not be valid.
 */
export function snapshotPlaces(request: unknown): readonly (readonly [pointer: string, holder: unknown])[] {
  const { after, batch } = Object(request) as { readonly after?: unknown; readonly batch?: unknown };
  const { questions } = Object(batch) as { readonly questions?: unknown };
  const afters = (Array.isArray(questions) ? questions : []).map(
    (entry, index) =>
      [
        `/batch/questions/${index}/whatIf/after`,
        (Object((Object(entry) as { readonly whatIf?: unknown }).whatIf) as { readonly after?: unknown }).after,
      ] as const,
  );
  return [['', request], ['/after', after], ...afters];
}

/** The objects of a request that hold a snapshot. The request need not be valid. */
export function snapshotHolders(request: unknown): ReadonlySet<unknown> {
  return new Set(snapshotPlaces(request).map(([, holder]) => holder));
}
