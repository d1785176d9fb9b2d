import type { LeftOut } from '../left-out.js';
import type { Rule } from '../ruleset.js';

/**
 * What nftables rules are made of. A rule is a list of statements, which are built from expressions; each kind of
 * either has a file that reads it, writes it in the spelling of kube-proxy and in the canonical spelling of `nft list`,
 * and applies it to a packet.
 */

// ── expressions ─────────────────────────────────────────────────────────────────────────────────────────────────────
/** A field of a header: `ip saddr`, `tcp dport`, `th dport`. */
export interface Payload {
  readonly kind: 'payload';
  readonly protocol: string;
  readonly field: string;
}
/** `meta mark`, `iifname`, `meta l4proto` … */
export interface Meta {
  readonly kind: 'meta';
  readonly key: string;
}
/** `ct state`, `ct status`, `ct mark`, `ct original ip daddr` … */
export interface Ct {
  readonly kind: 'ct';
  readonly key: string;
  readonly direction?: 'original' | 'reply';
}
/** `fib daddr type`, `fib saddr . iif oif`. */
export interface Fib {
  readonly kind: 'fib';
  readonly of: readonly string[];
  readonly result: 'type' | 'oif' | 'oifname';
  /** `check exists`, `check missing` in newer listings; as a match on the result here. */
}
/** `numgen random mod N [offset K]` or `numgen inc mod N`. */
export interface Numgen {
  readonly kind: 'numgen';
  readonly mode: 'random' | 'inc';
  readonly modulus: number;
  readonly offset?: number;
}
/** `a . b . c`. */
export interface Concat {
  readonly kind: 'concat';
  readonly parts: readonly Expression[];
}
/** `a & b`, `a | b`, `a ^ b`, `a << b`, `a >> b`. */
export interface Binary {
  readonly kind: 'binary';
  readonly operator: '&' | '|' | '^' | '<<' | '>>';
  readonly left: Expression;
  readonly right: Expression;
}
/** `key map @name` or `key map { … }`. */
export interface MapLookup {
  readonly kind: 'map';
  readonly key: Expression;
  readonly map: SetReference | AnonymousSet;
}
/** A value as it is written: an address, prefix, range, number, name or `name*`. */
export interface Value {
  readonly kind: 'value';
  readonly text: string;
}
/** An expression of which nothing is known but its text. */
export interface UnknownExpression {
  readonly kind: 'unknown';
  readonly text: string;
}

export type Expression = Payload | Meta | Ct | Fib | Numgen | Concat | Binary | MapLookup | Value | UnknownExpression;

/** `@name`. */
export interface SetReference {
  readonly kind: 'reference';
  readonly name: string;
}
/** `{ … }`. */
export interface AnonymousSet {
  readonly kind: 'set';
  readonly elements: readonly Element[];
  /** From a listing: its elements are in the order and the form in which nft prints them. */
  readonly isListed?: boolean;
  /** kube-proxy writes it without spaces around the commas. */
  readonly isCompact?: boolean;
  /** Keys are numbers from 0; those of endpoints that a walk leaves out are not among the elements. */
  readonly leftOut?: readonly LeftOut[];
}
/** Several flags, of which one has to be set: `ct state new,established`. */
export interface FlagList {
  readonly kind: 'flags';
  readonly values: readonly string[];
}

/**
 * Some bits of a field and what they have to be: `tcp flags syn / fin,syn,rst,ack`, `tcp flags & (fin | syn) == syn`.
 */
interface MaskedFlags {
  readonly kind: 'masked';
  /** The bits that have to be set; those of the mask that are not here have to be clear. */
  readonly values: readonly string[];
  readonly mask: readonly string[];
  /** Everything behind the field, as it is written. */
  readonly text: string;
}

/** An element of a set or map. */
export interface Element {
  /** One text for each part of the key, as it is written; `*` alone stands for every key. */
  readonly key: readonly string[];
  /** Of a verdict map. */
  readonly verdict?: Verdict;
  /** Of another map: one text for each part of the data. */
  readonly data?: readonly string[];
  readonly comment?: string;
  /** What a listing says of it beside: `timeout 30m`, `expires 5m`, `counter packets 1 bytes 2`. */
  readonly notes?: string;
  /** Seconds that it has left, where the listing says so. */
  readonly expires?: number;
}

// ── statements ──────────────────────────────────────────────────────────────────────────────────────────────────────
export type Operator = '==' | '!=' | '<' | '>' | '<=' | '>=';

/** `expression [operator] right`: the rule goes on where it holds. */
export interface Match {
  readonly kind: 'match';
  readonly left: Expression;
  readonly operator: Operator;
  readonly right: Expression | SetReference | AnonymousSet | FlagList | MaskedFlags;
}
/** `expression vmap @name` or `vmap { … }`. */
export interface VerdictMap {
  readonly kind: 'vmap';
  readonly key: Expression;
  readonly map: SetReference | AnonymousSet;
}
interface FinalVerdict {
  readonly kind: 'accept' | 'drop' | 'return' | 'continue';
}
interface Jump {
  readonly kind: 'jump' | 'goto';
  readonly chain: string;
}
export type Verdict = FinalVerdict | Jump;
/** `reject [with …]`; `with` is the text after the word. */
export interface Reject {
  readonly kind: 'reject';
  readonly with?: string;
}
/** `meta mark set …`, `ct mark set …`. */
export interface SetValue {
  readonly kind: 'set-value';
  readonly target: Meta | Ct;
  readonly value: Expression;
}
/** `dnat to …`, `snat to …`, `masquerade`, `redirect to …`. */
export interface Nat {
  readonly kind: 'dnat' | 'snat' | 'masquerade' | 'redirect';
  /** `dnat ip to`, as it is written in tables of the family inet and where address and port come from a map. */
  readonly family?: 'ip' | 'ip6';
  readonly address?: Expression;
  readonly port?: Expression;
  /** Address and port at once, from a map. */
  readonly both?: MapLookup;
  readonly flags?: readonly string[];
}
/** `update @name { key }`, `add @name { key }`, `delete @name { key }`. */
export interface SetUpdate {
  readonly kind: 'update';
  readonly operation: 'add' | 'update' | 'delete';
  readonly set: string;
  readonly key: Expression;
  /** What follows the key or the braces: `timeout 30m`, `limit rate …`, `: value`. */
  readonly more?: string;
  /** A limit is in the braces: the packet goes on only while it stays below. */
  readonly limited?: boolean;
}
/** A statement that lets the packet pass on as it is: `counter`, `log`, `notrack`, `meta nftrace set 1` … */
export interface Passing {
  readonly kind: 'passing';
  readonly text: string;
}
/** `limit rate …`, `quota …`: taken not to be reached. */
export interface Limit {
  readonly kind: 'limit';
  readonly text: string;
  readonly over: boolean;
}
export interface Comment {
  readonly kind: 'comment';
  readonly text: string;
}
/** A statement that is not known, with its text. */
export interface UnknownStatement {
  readonly kind: 'unknown-statement';
  readonly text: string;
}

export type Statement =
  | Match
  | VerdictMap
  | Verdict
  | Reject
  | SetValue
  | Nat
  | SetUpdate
  | Passing
  | Limit
  | Comment
  | UnknownStatement;

/** The statements of a rule that is written in this language; none without a rule. */
export function statementsOf(rule: Pick<Rule, 'statements'> | undefined): readonly Statement[] {
  return (rule?.statements ?? []) as readonly Statement[];
}
