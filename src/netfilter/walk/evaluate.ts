import { ONE } from '../../base/fraction.js';
import { matchCodec } from '../iptables/index.js';
import { chanceOf } from '../iptables/matches/statistic.js';
import type { Packet } from '../packet.js';
import type { Rule } from '../ruleset.js';
import type { Match, Target } from '../statements.js';
import { NO, type RecentChange, UNKNOWN, type WalkContext, YES } from './context.js';
import { bothOf } from './share.js';
import type { Chance } from './types.js';

/** A rule that the packet matches, or may match. */
export interface Matched {
  readonly target: Target | undefined;
  /** Set when matching is a matter of chance. */
  readonly chance: Chance | undefined;
  /** The first match that could not be decided, every other one having matched. */
  readonly undecided: Match | undefined;
  /** The `xt_recent` changes made before the first random match: those that hold when it does not hit. */
  readonly recentsBefore: RecentChange | undefined;
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
export function evaluate(rule: Rule, packet: Packet, context: WalkContext): Matched | undefined {
  let chance: Chance | undefined;
  let undecided: Match | undefined;
  let target: Target | undefined;
  let recentsBefore = context.recents;
  for (const statement of rule.statements) {
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
  return { target, chance, undecided, recentsBefore };
}
