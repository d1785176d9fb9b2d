import type { Packet } from '../packet.js';
import type { Rule } from '../ruleset.js';
import type { HookOutcome } from '../walk/types.js';
import type { WalkContext } from '../walk/walk-context.js';
import { saveRule } from './canonical.js';
import { matchCodec, targetCodec } from './index.js';
import type { Match, Target } from './statements.js';

/**
 * Whether a target leaves the packet as it is and lets it go on, so that it does not matter whether its rule matches.
 */
export function isHarmless(target: Target | undefined, packet: Packet, context: WalkContext): boolean {
  if (target === undefined) return true;
  if (target.kind !== 'passing-target') return false;
  const effect = targetCodec(target)?.apply(target, packet, context);
  return effect?.action === 'PASS' && effect.packet === undefined;
}

/** What would tell. */
const HINTS: Readonly<Partial<Record<Match['kind'], string>>> = {
  'in-interface': ' (settings.network.podInterface, uplinkInterface and tunnelInterface would)',
  'out-interface': ' (settings.network.podInterface, uplinkInterface and tunnelInterface would)',
  set: ' (an `ipset save` of the node would)',
};

/** The rule as it can be found on the node. */
export function textOf(rule: Rule, packet: Pick<Packet, 'family'>): string {
  return rule.text ?? saveRule(rule, packet.family);
}

/** What is reported of a rule when one of its matches cannot be decided and all others hold. */
export function undecidedMatch(match: Match, rule: Rule, packet: Packet): NonNullable<HookOutcome['unknown']> {
  if (match.kind === 'unknown-match' && match.reason !== undefined) {
    return { cause: 'UNKNOWN_MATCH', detail: `the rule is not understood (${match.reason}): ${textOf(rule, packet)}` };
  }
  const option = matchCodec(match)?.save(match, packet.family) ?? match.kind;
  const hint = HINTS[match.kind] ?? '';
  const detail = `whether "${option}" matches cannot be decided from what is known${hint}: ${textOf(rule, packet)}`;
  return { cause: 'UNKNOWN_MATCH', detail };
}
