import type { IPFamily } from '../../base/address.js';
import { MAX_PROBLEMS, type Problem, QuestionError } from '../../base/errors.js';
import type { BaseChain, Rule, Ruleset, Table } from '../ruleset.js';
import { IPTABLES } from './language.js';
import { RuleError } from './match-codec.js';
import { parseRuleWords, type RuleContext, unreadRule } from './parse-rule.js';
import { wordsOf } from './quoting.js';
import type { Statement } from './statements.js';
import { baseChainOf, fixedChain, fixedTable } from './tables.js';
import { mistakenFor } from './wrong-text.js';

/** A rule's line, kept until all chains of its table are known. */
interface PendingRule {
  readonly line: number;
  readonly text: string;
  /** How many words of the text are before the rule itself: `-A CHAIN`, `-I CHAIN 1`. */
  readonly skipped: number;
}

interface PendingChain {
  readonly base: BaseChain | undefined;
  readonly rules: PendingRule[];
}

interface PendingTable {
  readonly name: string;
  readonly line: number;
  /** Chains in the order of their declaration, with their rules in order. */
  readonly chains: Map<string, PendingChain>;
}

const CHAIN = /^:(\S+)\s+(ACCEPT|DROP|-)(?:\s+\[\d+:\d+\])?\s*$/;
const COUNTERS = /^\[\d+:\d+\]\s+/;
/** `-A CHAIN`, `-I CHAIN` or `-I CHAIN NUMBER`, after optional counters. */
const COMMAND = /^(?:\[\d+:\d+\]\s+)?(-\S+)\s+(\S+)(?:\s+(\d+)(?=\s|$))?/;
/** Longest chain name (XT_EXTENSION_MAXNAMELEN - 1). */
const LONGEST_NAME = 28;

/** Reads one text. Collects problems instead of stopping at the first, so that a user sees them all. */
class TextReader {
  readonly #problems: Problem[] = [];
  #problemCount = 0;
  readonly #tables: Table[] = [];
  #table: PendingTable | undefined;
  #line = 0;

  readonly #family: IPFamily;
  readonly #pointer: string;
  /** Built-in chains need no declaration, as for `iptables-restore --noflush`. */
  readonly #restore: boolean;

  constructor(family: IPFamily, restore: boolean, pointer: string) {
    this.#family = family;
    this.#restore = restore;
    this.#pointer = pointer;
  }

  read(text: string): Ruleset {
    for (let from = 0; from < text.length; ) {
      const end = text.indexOf('\n', from);
      const to = end < 0 ? text.length : end;
      this.#line++;
      this.#readLine(text.slice(from, to).trim());
      from = to + 1;
    }
    if (this.#table !== undefined)
      this.#problem(`the table ${this.#table.name} is not ended by COMMIT`, this.#table.line);
    if (this.#problemCount === 0 && this.#tables.length === 0)
      this.#problem('no table: "*nat" or "*filter" would start one');
    if (this.#problemCount > 0) {
      const mistaken = this.#restore ? undefined : mistakenFor(text);
      if (mistaken !== undefined)
        throw new QuestionError('MALFORMED', mistaken, [{ pointer: this.#pointer, detail: mistaken }]);
      this.#fail();
    }
    return { family: this.#family, language: IPTABLES, tables: this.#tables };
  }

  #readLine(text: string): void {
    const first = text[0];
    const table = this.#table;
    if (first === undefined || first === '#') return;
    if (first === '*') this.#open(text.slice(1).trim());
    else if (table === undefined) this.#problem(`"${shown(text)}" is outside of a table: "*nat" would start one`);
    else if (first === ':') this.#declare(table, text);
    else if (text === 'COMMIT') this.#commit(table);
    else this.#readCommand(table, text);
  }

  #open(name: string): void {
    if (this.#table !== undefined)
      this.#problem(`the table ${this.#table.name} is not ended by COMMIT`, this.#table.line);
    if (this.#tables.some((table) => table.name === name)) {
      this.#problem(`the table ${name} is in the text twice: of one iptables flavour it is there once`);
    }
    this.#table = { name, line: this.#line, chains: new Map() };
  }

  #declare(table: PendingTable, text: string): void {
    const match = CHAIN.exec(text);
    const name = match?.[1];
    const base =
      name === undefined ? undefined : baseChainOf(table.name, name, match?.[2] === 'DROP' ? 'DROP' : 'ACCEPT');
    if (name === undefined || name.length > LONGEST_NAME) {
      this.#problem(`"${shown(text)}" is no chain: ":NAME - [0:0]" or ":INPUT ACCEPT [0:0]" would be`);
    } else if (base === undefined && match?.[2] !== '-') {
      this.#problem(`the table ${table.name} has no built-in chain ${name}, so it can have no policy`);
    } else {
      // A second declaration flushes the chain, as iptables-restore does.
      table.chains.set(name, { base, rules: [] });
    }
  }

  #readCommand(table: PendingTable, text: string): void {
    const [, command, name, number] = COMMAND.exec(text) ?? [];
    if (name === undefined) this.#problem(`"${shown(text)}" is no rule: "-A CHAIN …" would be`);
    else if (command === '-A' || command === '--append') this.#add(table, name, text);
    else if (command === '-I' || command === '--insert') this.#insert(table, name, text, number);
    else if (command === '-N') table.chains.set(name, { base: undefined, rules: [] });
    else if (command !== '-X') this.#problem(`"${shown(text)}" is no rule: "-A CHAIN …" would be`);
    else if (!table.chains.delete(name)) this.#problem(`-X ${name}: the table ${table.name} has no such chain`);
  }

  #add(table: PendingTable, name: string, text: string): void {
    this.#chainOf(table, name)?.rules.push({ line: this.#line, text, skipped: 2 });
  }

  #insert(table: PendingTable, name: string, text: string, number: string | undefined): void {
    const chain = this.#chainOf(table, name);
    const at = number === undefined ? 0 : Number(number) - 1;
    if (chain === undefined) return;
    if (at < 0 || at > chain.rules.length) {
      this.#problem(`-I ${name} ${at + 1}: the chain has ${chain.rules.length} rules`);
    } else {
      chain.rules.splice(at, 0, { line: this.#line, text, skipped: number === undefined ? 2 : 3 });
    }
  }

  /** The chain that a rule is put into; reports a problem when there is none. */
  #chainOf(table: PendingTable, name: string): PendingChain | undefined {
    const known = table.chains.get(name);
    const base = this.#restore ? baseChainOf(table.name, name) : undefined;
    if (known !== undefined) return known;
    if (base === undefined) {
      this.#problem(`the chain ${name} is not declared: ":${name} - [0:0]" before its rules would do it`);
      return undefined;
    }
    const chain = { base, rules: [] };
    table.chains.set(name, chain);
    return chain;
  }

  #commit(table: PendingTable): void {
    const isChain = (name: string) => table.chains.has(name);
    const context = { family: this.#family, isChain, saved: !this.#restore };
    const chains = [...table.chains].map(([name, { base, rules }]) => {
      const parsed: Rule[] = [];
      for (const rule of rules) {
        const statements = this.#statementsOf(rule, context);
        if (statements !== undefined) parsed.push({ chain: name, statements, line: rule.line, text: rule.text });
      }
      return fixedChain(name, parsed, base);
    });
    this.#tables.push(fixedTable(table.name, chains));
    this.#table = undefined;
  }

  /**
   * Reads a rule. One that iptables would refuse is a problem in input of `iptables-restore`; in the output of
   * `iptables-save` it is in force all the same, so it becomes a rule that is not understood.
   */
  #statementsOf({ text, line, skipped }: PendingRule, context: RuleContext): Statement[] | undefined {
    const words = wordsOf(text.startsWith('[') ? text.replace(COUNTERS, '') : text);
    if (words === undefined) return this.#unread([text], context, 'a quotation mark is not closed', line);
    try {
      return parseRuleWords(words.slice(skipped), context);
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      return this.#unread(words.slice(skipped), context, error.message, line);
    }
  }

  #unread(words: readonly string[], context: RuleContext, reason: string, line: number) {
    if (!this.#restore) return unreadRule(words, context, reason);
    this.#problem(reason, line);
    return undefined;
  }

  #problem(detail: string, line = this.#line): void {
    this.#problemCount++;
    if (this.#problems.length < MAX_PROBLEMS)
      this.#problems.push({ pointer: this.#pointer, detail: `line ${line}: ${detail}` });
  }

  #fail(): never {
    const count = this.#problemCount === 1 ? '1 problem' : `${this.#problemCount} problems`;
    const first = this.#problems[0]?.detail ?? '';
    throw new QuestionError('MALFORMED', `The iptables text cannot be read: ${count}; ${first}`, this.#problems);
  }
}

/** The beginning of a line, for messages. */
function shown(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/**
 * Reads what `iptables-save` (or `ip6tables-save`) prints: a node's whole ruleset of one family. Comment lines and
 * counters are passed over. A rule that cannot be read becomes one whose match and target are not known, so that only a
 * packet that gets to it is UNKNOWN. Throws QuestionError MALFORMED that names each line that belongs to no table,
 * chain or rule; its problems point to `pointer`, the text's place in the request.
 */
export function parseSave(text: string, family: IPFamily, pointer = ''): Ruleset {
  return new TextReader(family, false, pointer).read(text);
}

/**
 * Reads input of `iptables-restore --noflush`, such as kube-proxy writes: built-in chains need not be declared, and
 * chains may be deleted (`-X`) or rules prepended (`-I`). A rule that iptables would refuse is a problem. Otherwise as
 * {@link parseSave}.
 */
export function parseRestore(text: string, family: IPFamily, pointer = ''): Ruleset {
  return new TextReader(family, true, pointer).read(text);
}
