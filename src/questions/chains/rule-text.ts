import type { IPFamily } from '../../base/address.js';
import { remember } from '../../base/remember.js';
import type { ServiceRef } from '../../contract/answers.js';
import { IPTABLES } from '../../netfilter/iptables/language.js';
import type { Origin, Rule } from '../../netfilter/ruleset.js';

// The same rules and origins are in most traces of an answer.
const texts = new WeakMap<Rule, string>();
const refs = new WeakMap<Origin, ServiceRef>();

function makeRef(origin: Origin): ServiceRef {
  const slash = origin.service.indexOf('/');
  return {
    namespace: origin.service.slice(0, slash),
    name: origin.service.slice(slash + 1),
    ...(origin.portName ? { portName: origin.portName } : {}),
    ...(origin.port === undefined ? {} : { port: origin.port }),
    ...(origin.protocol === undefined ? {} : { protocol: origin.protocol }),
  };
}

/** A rule's origin as a Service reference. */
export function serviceRef(origin: Origin): ServiceRef {
  return remember(refs, origin, () => makeRef(origin));
}

/** A rule's text as `iptables-save` or `nft list` shows it on the node. */
export function ruleText(rule: Rule, family: IPFamily): string {
  return rule.text ?? remember(texts, rule, () => (rule.language ?? IPTABLES).textOf(rule, { family }));
}
