import type { IPFamily } from '../../base/address.js';
import type { Packet } from '../packet.js';
import type { Effect, Tested, WalkContext } from '../walk/walk-context.js';
import type { Match, Statement, Target } from './statements.js';

/** One option as read from a rule's text: its name, whether `!` was before it, and its values. */
export interface Option {
  readonly name: string;
  readonly negated: boolean;
  readonly values: readonly string[];
}

/** What a statement's reader may ask beside its options. */
export interface ParseContext {
  readonly family: IPFamily;
  /** The module or target as written: `conntrack` or `state`, `DNAT`. Empty for rule options. */
  readonly name: string;
  /** Whether the table has a chain of that name. */
  readonly isChain: (name: string) => boolean;
  /** Whether the text is what a kernel holds (`iptables-save`), so that what iptables would refuse is in force. */
  readonly saved?: boolean;
}

/** Wrong text in a rule; becomes a problem with its line number. */
export class RuleError extends Error {}

/**
 * Everything iptables knows of one kind of statement. Texts carry no blank at either end; an empty text stands for
 * nothing to be written.
 */
export interface Codec<S extends Statement> {
  /** Its options and how many values each takes. Options written in the rule but not here are not known. */
  readonly options: Readonly<Record<string, number>>;
  /** kube-proxy's own spelling. A hot path: a node may carry a million statements. */
  write(statement: S): string;
  /** The kernel's canonical spelling, as `iptables-save` 1.8 prints it. */
  save(statement: S, family: IPFamily): string;
  /** What `iptables -L -n` 1.8 shows in a rule's last column. */
  list(statement: S, family: IPFamily): string;
}

export interface MatchCodec<S extends Match> extends Codec<S> {
  /**
   * Where its options are. `rule`: an option of the rule itself (`-s`), each makes a statement. `transport`: an
   * option of the tcp, udp or sctp module, each makes a statement. `module`: all options of one `-m NAME` together.
   */
  readonly place: 'rule' | 'transport' | 'module';
  /** `module`: the names that load it. */
  readonly modules?: readonly string[];
  /**
   * The statement that the options make. Undefined: more than is understood, the rule keeps the text as an unknown
   * match. Throws RuleError for values that iptables would refuse.
   */
  parse(options: readonly Option[], context: ParseContext): S | undefined;
  /** Whether the packet matches. */
  test(statement: S, packet: Packet, context: WalkContext): Tested;
}

export interface TargetCodec<S extends Target> extends Codec<S> {
  /** The names after `-j` that mean this target. */
  readonly names: readonly string[];
  /** As {@link MatchCodec.parse}; undefined makes an unknown target. */
  parse(options: readonly Option[], context: ParseContext): S | undefined;
  /** The name in the `target` column of `iptables -L`. */
  label(statement: S): string;
  /** What happens to a packet that gets here. */
  apply(statement: S, packet: Packet, context: WalkContext): Effect;
}

/** `! ` or nothing. */
export function not(negated: boolean | undefined): string {
  return negated === true ? '! ' : '';
}

/** The last option of one of the names, if any: iptables takes each at most once. */
export function optionOf(options: readonly Option[], ...names: readonly string[]): Option | undefined {
  return options.findLast((option) => names.includes(option.name));
}

/** The first value of the last option of one of the names. */
export function firstValue(options: readonly Option[], ...names: readonly string[]): string | undefined {
  return optionOf(options, ...names)?.values[0];
}

/** `{ negated: true }` or nothing, to spread into a statement. */
export function negation(option: { readonly negated: boolean } | undefined): { readonly negated?: true } {
  return option?.negated === true ? { negated: true } : {};
}
