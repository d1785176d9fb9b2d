import { saveRule } from '../iptables/canonical.js';
import { matchCodec, targetCodec } from '../iptables/index.js';
import type { Packet } from '../packet.js';
import type { Rule } from '../ruleset.js';
import type { Match, Target } from '../statements.js';
import type { WalkContext } from './context.js';
import type { HookOutcome } from './types.js';

/** Whether a target leaves the packet as it is and lets it go on, so that it does not matter whether its rule matches. */
export function isHarmless(target: Target | undefined, packet: Packet, context: WalkContext): boolean {
  if (target === undefined) return true;
  if (target.kind !== 'passing-target') return false;
  const effect = targetCodec(target)?.apply(target, packet, context);
  return effect?.action === 'PASS' && effect.packet === undefined;
}

/** The rule as it can be found on the node. */
export function textOf(rule: Rule, packet: Packet): string {
  return rule.text ?? saveRule(rule, packet.family);
}

/** What is told of a rule when one of its matches cannot be decided and all others hold. */
export function undecidedMatch(match: Match, rule: Rule, packet: Packet): NonNullable<HookOutcome['unknown']> {
  const option = matchCodec(match)?.save(match, packet.family) ?? match.kind;
  const detail = `whether "${option}" matches is not told by what is known: ${textOf(rule, packet)}`;
  return { cause: 'UNKNOWN_MATCH', detail };
}
