import type { SolveResult } from '../../contract/answers.js';

/** Each solution's own sentence. */
export function solveSummary({ replicas, policy, placement, rollout, unknown }: SolveResult): string {
  const sentences = [replicas, policy, placement, rollout].flatMap((one) =>
    one === undefined ? [] : [one.explanation],
  );
  return unknown === undefined || replicas?.smallest === undefined
    ? sentences.join(' ')
    : `${sentences.join(' ')} Of some connections it is not known what becomes of them: ${unknown}.`;
}
