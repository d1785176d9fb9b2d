/** How far long work is: whoever waits for an answer may listen, and the answer does not depend on it. */

/** What is counted. */
export type ProgressOf = 'Service' | 'Service port' | 'point' | 'question';

/** Takes a report: so many are done, of so many. */
export type ProgressListener = (done: number, total: number, of: ProgressOf) => void;

let listener: ProgressListener | undefined;

/**
 * Does work whose progress `listen` hears. Work is synchronous, so that one listener at a time is enough; one inside
 * another wins. Throws what `work` throws.
 */
export function withProgress<T>(listen: ProgressListener, work: () => T): T {
  const outer = listener;
  listener = listen;
  try {
    return work();
  } finally {
    listener = outer;
  }
}

/**
 * Reports that so many of a whole are done and does the next one, within which nothing else is reported: what counts is
 * the outermost work. Throws what `work` throws.
 */
export function withStep<T>(done: number, total: number, of: ProgressOf, work: () => T): T {
  const outer = listener;
  outer?.(done, total, of);
  listener = undefined;
  try {
    return work();
  } finally {
    listener = outer;
  }
}

/** Applies `act` to each item in order, as Array.map does, each as a step. */
export function mapWithProgress<T, R>(items: readonly T[], of: ProgressOf, act: (item: T, index: number) => R): R[] {
  if (listener === undefined) return items.map(act);
  return items.map((item, index) => withStep(index, items.length, of, () => act(item, index)));
}
