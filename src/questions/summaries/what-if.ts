import type { Finding, ServiceDifference, WhatIfResult } from '../../contract/answers.js';
import type { QuestionRequest } from '../../contract/requests.js';
import { FINDING_CODES, type FindingCode } from '../findings/codes.js';
import { FAILS, outcomesInShort, pathSummary } from './path.js';
import { count, port, range, share, way } from './sentence-parts.js';

const NOTHING: Readonly<Record<WhatIfResult['question'], string>> = {
  chains: 'No change: no rule differs.',
  path: 'No change: the packet takes the same way.',
  probability: 'No change: every share stays as it is.',
};

/** The same where the change does something else than what is asked about: it opens a node port, say. */
const NOTHING_ASKED: Readonly<Record<WhatIfResult['question'], string>> = {
  chains: NOTHING.chains,
  path: 'The packet takes the same way. What else the change does is in the findings.',
  probability: 'The shares asked about stay as they are. What else the change does is in the findings.',
};

/** Findings of differences that say something about the answer, and not what the change does to packets. */
const OF_ANSWERS: ReadonlySet<FindingCode> = new Set([
  'CHANGE_WITHOUT_EFFECT',
  'ONLY_AFTER',
  'ONLY_BEFORE',
  'REPLICAS_OF_AUTOSCALER',
  'RULE_COMMENTS_CHANGE',
]);

/** What is said where nothing is seen to change; with less certainty where network policies are left out of account. */
function nothing(question: WhatIfResult['question'], findings: readonly Finding[]): string {
  if (findings.some(({ code }) => code === 'NETWORK_POLICY_NOT_EVALUATED'))
    return 'No change is seen; network policies that are not evaluated here may still make a difference.';
  const isElse = findings.some(({ code }) => FINDING_CODES[code].about === 'DIFFERENCE' && !OF_ANSWERS.has(code));
  return (isElse ? NOTHING_ASKED : NOTHING)[question];
}

const served = (endpoints: ServiceDifference['endpoints'], side: 'before' | 'after') =>
  endpoints.map((endpoint) => endpoint[side]).filter(({ fraction }) => fraction !== '0');

function lostAfter({ verdicts }: ServiceDifference): string {
  return verdicts
    .filter(({ verdict, after, shift }) => verdict !== 'DELIVERED' && after.fraction !== '0' && shift.fraction !== '0')
    .map(
      ({ verdict, after, before }) =>
        `${after.fraction === '1' ? 'all' : `${share(after)} of`} new connections ${FAILS[verdict]} ` +
        `(${before.fraction === '0' ? 'none' : share(before)} before)`,
    )
    .join(', ');
}

function one(service: ServiceDifference): string {
  const name = `${port(service.service)}${way(service.via)}`;
  if (service.change === 'ADDED') return `${name} is new`;
  if (service.change === 'REMOVED') return `${name} is gone`;
  if (service.change === 'UNKNOWN') return `Not known: what becomes of connections to ${name}`;
  const unknown = service.verdicts.find(({ verdict }) => verdict === 'UNKNOWN');
  if (unknown?.after.fraction === '1') return `Not known: what becomes of connections to ${name} after the change`;
  const before = served(service.endpoints, 'before');
  const after = served(service.endpoints, 'after');
  const lost = lostAfter(service);
  const moved =
    before.length === after.length
      ? `${count(after.length, 'endpoint')}`
      : `${before.length} → ${count(after.length, 'endpoint')}`;
  const shares =
    after.length === 0
      ? 'none is reached'
      : `each gets ${range(after)}${before.length === 0 ? '' : ` instead of ${range(before)}`} of new connections`;
  return `${name}: ${moved}, ${shares}${lost === '' ? '' : `; ${lost}`}`;
}

/** What a change does, in a sentence or two; for the findings of the answer see its doubts. */
export function whatIfSummary(request: QuestionRequest, result: WhatIfResult, findings: readonly Finding[]): string {
  switch (result.question) {
    case 'chains': {
      const { rules, services, nodes, unified } = result.difference;
      if (unified.length + nodes.added.length + nodes.removed.length === 0) return nothing('chains', findings);
      const sum = (of: 'added' | 'removed' | 'changed') => rules.reduce((total, rule) => total + rule[of].length, 0);
      const whose = services.length === 1 && services[0] !== undefined ? ` of ${port(services[0].service)}` : '';
      return `Rules change${whose}: ${sum('added')} added, ${sum('removed')} removed, ${sum('changed')} changed${
        services.length > 1 ? `, of ${count(services.length, 'Service')}` : ''
      }.`;
    }
    case 'path': {
      const { before, after, difference } = result;
      if (difference.traces.every(({ change }) => change === 'SAME')) return nothing('path', findings);
      if (after.traces.length === 0) return `Not there after the change. Before it: ${outcomesInShort(before, after)}.`;
      const earlier = before.traces.length === 0 ? 'not there' : outcomesInShort(before, after);
      return `${pathSummary(request.path as never, after)} Before the change: ${earlier}.`;
    }
    case 'probability': {
      const { services, unchanged } = result.difference;
      if (services.length === 0) return nothing('probability', findings);
      const [first] = services;
      if (services.length === 1 && first !== undefined) return `${one(first)}.`;
      return (
        `${count(services.length, 'way to a Service port', 'ways to Service ports')} change, ${unchanged} ` +
        `${unchanged === 1 ? 'stays' : 'stay'} as ${unchanged === 1 ? 'it is' : 'they are'}.`
      );
    }
  }
}
