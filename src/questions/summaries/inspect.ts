import type { Finding, InspectResult } from '../../contract/answers.js';
import { groupedFindings } from '../findings/effects.js';
import { count, periodAfter } from './sentence-parts.js';

/** How many things are wrong, by cause, in how many Services and nodes. */
export function inspectSummary({ unknown, counts }: InspectResult, findings: readonly Finding[]): string {
  const wrong = groupedFindings(findings).filter(({ severity }) => severity !== 'INFO').length;
  const where = `in ${count(counts.asked, 'Service')} on ${count(counts.nodes, 'node')}`;
  const doubt = unknown === undefined ? '' : ` Not everything is known: ${periodAfter(unknown.why)}`;
  if (wrong === 0) {
    return unknown === undefined
      ? `Nothing is found to be wrong ${where}.`
      : `Not known: ${periodAfter(unknown.why)} Nothing else is found ${where}.`;
  }
  return `${wrong} ${wrong === 1 ? 'thing is' : 'things are'} wrong ${where}.${doubt}`;
}
