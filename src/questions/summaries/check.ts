import type { CheckResult, Finding } from '../../contract/answers.js';
import { groupedFindings } from '../findings/effects.js';
import { count, periodAfter } from './sentence-parts.js';

/** Failed, passed or not known, with what was found and how much the change touches. */
export function checkSummary({ failed, failOn, unknown, counts }: CheckResult, findings: readonly Finding[]): string {
  const groups = groupedFindings(findings);
  const number = (wanted: Finding['severity']) => groups.filter(({ severity }) => severity === wanted).length;
  const severities = { error: number('ERROR'), warning: number('WARNING') };
  const found = [
    ...(severities.error === 0 ? [] : [count(severities.error, 'error')]),
    ...(severities.warning === 0 ? [] : [count(severities.warning, 'warning')]),
  ].join(', ');
  const touched =
    counts.touched === 0 && unknown !== undefined
      ? 'Which Services the change touches is not known.'
      : `The change touches ${counts.touched} of ${count(counts.services, 'Service')}.`;
  const unknownToo = unknown === undefined ? '' : ` Not everything is known: ${periodAfter(unknown.why)}`;
  if (failed) return `Failed: ${found === '' ? `a finding reaches ${failOn}` : found}. ${touched}${unknownToo}`;
  if (unknown !== undefined) {
    const also = found === '' ? '' : ` Found: ${found}.`;
    return `Not known: ${periodAfter(unknown.why)}${also} ${touched}`;
  }
  const word = failOn === 'NEVER' ? 'Reported only' : 'Passed';
  return `${word}: ${found === '' ? 'no error, no warning' : found}. ${touched}`;
}
