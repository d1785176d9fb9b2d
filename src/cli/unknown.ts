import type { Answer } from '../questions/answer.js';

/** Whether some of the answer is UNKNOWN: a trace's verdict or a verdict's share of path, a share of probability. */
export function holdsUnknown({ result }: Answer): boolean {
  if ('traces' in result) {
    return [...result.traces, ...result.verdicts].some(({ verdict }) => verdict === 'UNKNOWN');
  }
  return 'services' in result && result.services.some(({ unknown }) => unknown.fraction !== '0');
}
