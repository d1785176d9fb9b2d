import type { Language } from '../netfilter/language.js';
import { stepsOf } from '../netfilter/walk/steps.js';
import type { HookOutcome } from '../netfilter/walk/types.js';
import { causeOf } from '../proxy/causes.js';
import type { Ending } from './trail.js';

const SENTENCES: Readonly<Record<string, string>> = {
  NO_ENDPOINTS: 'the Service has no endpoint that may be used',
  NO_LOCAL_ENDPOINTS: 'the traffic policy is Local and this node has no endpoint of the Service',
  UNKNOWN_PORT: 'no Service has this address with this port and protocol',
  NO_RULE: 'the address is in the range of Services, and no Service has it',
  FIREWALLED: "the source is not in the Service's loadBalancerSourceRanges",
  MARTIAN: 'packets from outside may not address 127.0.0.0/8',
  INVALID_STATE: 'connection tracking does not know this packet’s connection',
};

/** What a node's hooks did to a packet before, newest first. */
export interface Earlier {
  readonly outcome: HookOutcome;
  readonly previous: Earlier | undefined;
}

/** What a hook's DROP, REJECT or UNKNOWN means for the packet's way. `earlier`: what happened to it on this node. */
export function endingOf(outcome: HookOutcome, language: Language, node: string, earlier?: Earlier): Ending {
  if (outcome.leftOut !== undefined) {
    const detail = `goes to one of ${outcome.leftOut.count} endpoints that are not followed`;
    return { verdict: 'UNKNOWN', cause: 'UNKNOWN_TARGET', detail, leftOut: outcome.leftOut };
  }
  const rule = outcome.rule === undefined ? {} : { rule: outcome.rule };
  if (outcome.verdict === 'UNKNOWN') {
    const cause = outcome.unknown?.cause ?? 'UNKNOWN_MATCH';
    return {
      verdict: 'UNKNOWN',
      cause,
      detail: `${outcome.unknown?.detail ?? 'a rule is not understood'} (${node})`,
      ...rule,
    };
  }
  if (outcome.refusedBy !== undefined) {
    const { name, wantsLocal } = outcome.refusedBy;
    const cause = wantsLocal ? 'NO_LOCAL_ENDPOINTS' : 'NO_ENDPOINTS';
    const detail = `the virtual server ${name} on ${node} has no real server that takes it: ${SENTENCES[cause]}`;
    return { verdict: 'REJECTED', cause, detail, ...rule };
  }
  let steps = stepsOf(outcome.steps);
  for (let at = earlier; at !== undefined; at = at.previous) steps = [...stepsOf(at.outcome.steps), ...steps];
  const cause = causeOf(language, outcome.rule, steps);
  const done = outcome.verdict === 'REJECT' ? 'rejects it' : 'drops it';
  const why = SENTENCES[cause];
  const where =
    outcome.rule === undefined
      ? `the policy of chain ${steps.at(-1)?.chain ?? ''} on ${node} ${done}`
      : `chain ${outcome.rule.chain} on ${node} ${done}`;
  return {
    verdict: outcome.verdict === 'REJECT' ? 'REJECTED' : 'DROPPED',
    cause,
    detail: why === undefined ? where : `${where}: ${why}`,
    ...rule,
  };
}
