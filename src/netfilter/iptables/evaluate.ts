import { ONE } from '../../base/fraction.js';
import type { Matched } from '../language.js';
import type { Packet } from '../packet.js';
import type { Rule } from '../ruleset.js';
import { bothOf } from '../walk/share.js';
import type { Chance } from '../walk/types.js';
import { NO, UNKNOWN, type WalkContext, YES } from '../walk/walk-context.js';
import { matchCodec } from './index.js';
import { chanceOf } from './matches/statistic.js';
import { type Match, statementsOf, type Target } from './statements.js';

/** What a rule that matches, or may match, does, and what could not be decided. */
export interface IptablesMatched extends Matched {
  readonly target: Target | undefined;
  /** The first match that could not be decided, every other one having matched. */
  readonly undecided: Match | undefined;
}

const CERTAIN: Chance = { nominal: ONE, programmed: ONE };

function together(a: Chance, b: Chance): Chance {
  return {
    nominal: bothOf(a.nominal, b.nominal),
    programmed: bothOf(a.programmed, b.programmed),
    ...(a.roundRobin === true || b.roundRobin === true ? { roundRobin: true } : {}),
  };
}

/** Tests all matches of a rule in their order; undefined when one of them does not match for certain. */
export function evaluate(rule: Rule, packet: Packet, context: WalkContext): IptablesMatched | undefined {
  let chance: Chance | undefined;
  let undecided: Match | undefined;
  let target: Target | undefined;
  let recentsBefore = context.recents;
  for (const statement of statementsOf(rule)) {
    const codec = matchCodec(statement);
    if (codec === undefined) {
      target = statement as Target;
      continue;
    }
    const match = statement as Match;
    const tested = codec.test(match, packet, context);
    if (tested === YES) continue;
    if (tested === NO) return undefined;
    if (tested === UNKNOWN) {
      undecided ??= match;
    } else if (match.kind === 'statistic') {
      if (chance === undefined) recentsBefore = context.recents;
      chance = together(chance ?? CERTAIN, chanceOf(match));
    }
  }
  return { target, chance, undecided, isUndecided: undecided !== undefined, recentsBefore };
}
