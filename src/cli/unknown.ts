import type { Answer } from '../contract/answers.js';

/**
 * Whether some of the answer is UNKNOWN: a trace's verdict or a verdict's share of path, a share of probability; of
 * what-if and check, on either side; of sweep, at any point; of solve and timeline, in any state; of batch, in any
 * answer.
 */
export function holdsUnknown({ result }: Pick<Answer, 'result'>): boolean {
  if ('answers' in result) return result.answers.some(({ answer }) => answer !== undefined && holdsUnknown(answer));
  if ('replicas' in result || 'policy' in result || 'placement' in result || 'rollout' in result) {
    return result.unknown !== undefined;
  }
  if ('phases' in result) return result.unknown !== undefined;
  if ('pairs' in result) return result.pairs.some(({ unknown }) => unknown !== undefined);
  if ('points' in result) {
    return result.points.some(({ services }) => services.some(({ unknown }) => unknown.fraction !== '0'));
  }
  if ('failed' in result) return result.unknown !== undefined;
  if ('difference' in result) {
    return holdsUnknown({ result: result.before }) || holdsUnknown({ result: result.after });
  }
  if ('traces' in result) {
    return [...result.traces, ...result.verdicts].some(({ verdict }) => verdict === 'UNKNOWN');
  }
  return 'services' in result && result.services.some(({ unknown }) => unknown.fraction !== '0');
}

/** Whether a question of a batch has a problem in the place of its answer. */
export function holdsProblem({ result }: Pick<Answer, 'result'>): boolean {
  return 'answers' in result && result.answers.some(({ problem }) => problem !== undefined);
}
