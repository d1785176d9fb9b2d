/** What a walk asks of the language in which rules are written. iptables is one; the walk knows none of them. */
import type { Packet } from './packet.js';
import type { Rule } from './ruleset.js';
import type { Chance, HookOutcome } from './walk/types.js';
import type { Effect, RecentChange, WalkContext } from './walk/walk-context.js';

/** A rule that the packet matches, or may match. */
export interface Matched {
  /** Set when matching is a matter of chance. */
  readonly chance: Chance | undefined;
  /** Whether some match could not be decided, every other one having matched. */
  readonly isUndecided: boolean;
  /** The changes of affinity lists made before the first random match: those that hold when it does not hit. */
  readonly recentsBefore: RecentChange | undefined;
}

/** A language of rules. `M` is what it notes of a rule that matches. */
export interface Language<M extends Matched = Matched> {
  readonly name: string;
  /** Tests a rule's matches in their order; undefined when one of them does not match for certain. */
  evaluate(rule: Rule, packet: Packet, context: WalkContext): M | undefined;
  /** What a rule that matched does to the packet. */
  apply(matched: M, packet: Packet, context: WalkContext): Effect;
  /**
   * The packet as it goes on after a rule of which it is not known whether it matches, where that makes no difference
   * to its way; undefined where it does.
   */
  passedBy(matched: M, packet: Packet, context: WalkContext): Packet | undefined;
  /** Why it is not known whether the rule matches. */
  undecided(matched: M, rule: Rule, packet: Packet): NonNullable<HookOutcome['unknown']>;
  /** The names of interfaces, or patterns of them, that the rule matches on. */
  interfacesOf(rule: Rule): readonly string[];
  /** The comment of a rule, '' without one. */
  commentOf(rule: Rule): string;
  /** Whether the rule is about packets that connection tracking finds invalid. */
  isAboutInvalid(rule: Rule): boolean;
  /** The rule as it can be found on the node. */
  textOf(rule: Rule, packet: Pick<Packet, 'family'>): string;
}
