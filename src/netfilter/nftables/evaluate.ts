import { ONE } from '../../base/fraction.js';
import type { Matched } from '../language.js';
import type { Packet } from '../packet.js';
import type { Rule } from '../ruleset.js';
import { bothOf } from '../walk/share.js';
import type { Chance } from '../walk/types.js';
import type { Effect, WalkContext } from '../walk/walk-context.js';
import { applyStatement } from './statements/index.js';
import { type Statement, statementsOf } from './types.js';

/** What a rule that matches, or may match, does, and what could not be decided. */
export interface NftMatched extends Matched {
  readonly effect: Effect;
  /** The first statement that could not be decided, every one before it having held. */
  readonly undecided: Statement | undefined;
  /** Whether the rule leaves the packet as it is whether or not it matches. */
  readonly harmless: boolean;
}

const CERTAIN: Chance = { nominal: ONE, programmed: ONE };

function together(a: Chance, b: Chance): Chance {
  return {
    nominal: bothOf(a.nominal, b.nominal),
    programmed: bothOf(a.programmed, b.programmed),
    ...(a.roundRobin === true || b.roundRobin === true ? { roundRobin: true } : {}),
  };
}

/** The effect of a rule that ends with `effect`, after statements that changed the packet. */
function withPacket(effect: Effect, before: Packet, after: Packet): Effect {
  if (after === before || 'packet' in effect) return effect;
  if (effect.action === 'PASS') return { action: 'MARK', packet: after };
  return { ...effect, packet: after } as Effect;
}

/**
 * Takes the packet through a rule's statements in their order; undefined when one of them ends the rule without a
 * match.
 */
export function evaluate(rule: Rule, packet: Packet, context: WalkContext): NftMatched | undefined {
  let chance: Chance | undefined;
  let undecided: Statement | undefined;
  let effect: Effect | undefined;
  let current = packet;
  let recentsBefore = context.recents;
  for (const statement of statementsOf(rule)) {
    if (undecided !== undefined && statement.kind === 'update') continue;
    const done = applyStatement(statement, current, context);
    if (done.step === 'ON') {
      if (done.packet !== undefined) current = done.packet;
    } else if (done.step === 'BREAK') {
      // What the rule did before stays done.
      if (current === packet || undecided !== undefined) return undefined;
      effect = { action: 'PASS' };
      break;
    } else if (done.step === 'UNDECIDED') {
      undecided ??= statement;
    } else if (done.step === 'CHANCE') {
      if (chance === undefined) recentsBefore = context.recents;
      chance = together(chance ?? CERTAIN, done.chance);
    } else {
      effect = done.effect;
      break;
    }
  }
  const whole = withPacket(effect ?? { action: 'PASS' }, packet, current);
  return {
    effect: whole,
    chance,
    undecided,
    isUndecided: undecided !== undefined,
    // What a map or a statement that is not understood would do is not known either.
    harmless: whole.action === 'PASS' && undecided?.kind !== 'vmap' && undecided?.kind !== 'unknown-statement',
    recentsBefore,
  };
}
