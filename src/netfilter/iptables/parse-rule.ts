import type { IPFamily } from '../../base/address.js';
import { protocolNumber } from '../protocols.js';
import { MATCHES, TARGETS } from './index.js';
import { type MatchCodec, type Option, type ParseContext, RuleError, type TargetCodec } from './match-codec.js';
import { isReversed } from './ports.js';
import type { Match, Statement, Target } from './statements.js';
import { isPassing } from './targets/other.js';

type AnyMatch = MatchCodec<Match>;
type AnyTarget = TargetCodec<Target>;

/** Options that stand for a statement of their own, wherever they are in the rule. */
const single = new Map<string, AnyMatch>();
const modules = new Map<string, AnyMatch>();
for (const codec of Object.values(MATCHES) as AnyMatch[]) {
  if (codec.place !== 'module') for (const option of Object.keys(codec.options)) single.set(option, codec);
  for (const name of codec.modules ?? []) modules.set(name, codec);
}
const targets = new Map<string, AnyTarget>();
for (const codec of Object.values(TARGETS) as AnyTarget[]) for (const name of codec.names) targets.set(name, codec);

const JUMPS = ['-j', '--jump'];
const GOTOS = ['-g', '--goto'];
const LOADS = ['-m', '--match'];
const TRANSPORTS = ['tcp', 'udp', 'sctp'];

/** What a rule's words are read against. */
export interface RuleContext {
  readonly family: IPFamily;
  readonly isChain: (name: string) => boolean;
  /** Whether the text is what a kernel holds (`iptables-save`). */
  readonly saved?: boolean;
}

/** A module or target whose options are being gathered. It becomes one statement, at the place where it was loaded. */
interface Group {
  readonly name: string;
  readonly codec: AnyMatch | AnyTarget | undefined;
  /** What loaded it. */
  readonly by: 'match' | 'jump' | 'goto';
  readonly at: number;
  readonly options: Option[];
  /** All its words as they are, for modules and targets that are not understood. */
  readonly tokens: string[];
  understood: boolean;
}

/** Reads the words of one rule, from behind `-A CHAIN` to the end. */
class RuleReader {
  readonly #statements: (Statement | undefined)[] = [];
  readonly #groups: Group[] = [];
  #at = 0;

  readonly #words: readonly string[];
  readonly #context: RuleContext;

  constructor(words: readonly string[], context: RuleContext) {
    this.#words = words;
    this.#context = context;
  }

  read(): Statement[] {
    while (this.#at < this.#words.length) this.#readOption();
    for (const group of this.#groups) this.#statements[group.at] = this.#close(group);
    const statements = this.#statements.filter((statement) => statement !== undefined);
    checkTransport(statements, this.#context.saved === true);
    return statements;
  }

  #readOption(): void {
    const negated = this.#words[this.#at] === '!';
    if (negated) this.#at++;
    const word = this.#words[this.#at++];
    if (word === undefined) throw new RuleError('"!" is at the end: an option is missing behind it');
    if (LOADS.includes(word)) this.#load(this.#value(word), negated);
    else if (JUMPS.includes(word)) this.#jump(this.#value(word), 'jump', negated);
    else if (GOTOS.includes(word)) this.#jump(this.#value(word), 'goto', negated);
    else this.#readPlainOption(word, negated);
  }

  #readPlainOption(word: string, negated: boolean): void {
    const group = this.#groupOf(word);
    const codec = single.get(word);
    const last = this.#groups.at(-1);
    if (group !== undefined) {
      this.#addTo(group, word, negated);
    } else if (codec !== undefined) {
      const option = { name: word, negated, values: this.#values(word, codec.options[word] ?? 0) };
      this.#statements.push(codec.parse([option], this.#contextOf('')));
    } else if (!word.startsWith('-')) {
      throw new RuleError(`"${word}" is where an option should be`);
    } else if (last !== undefined) {
      this.#addUnknown(last, word, negated);
    } else {
      const module = word.startsWith('--') ? this.#transport() : '';
      if (module === undefined) throw new RuleError(`the option ${word} belongs to no module of the rule`);
      this.#statements.push({ kind: 'unknown-match', module, tokens: this.#wordsOf(word, negated) });
    }
  }

  /** The group whose option the word is: the latest that knows it, or the latest if that one is not understood. */
  #groupOf(word: string): Group | undefined {
    const last = this.#groups.at(-1);
    if (last !== undefined && !last.understood && !single.has(word)) return last;
    return this.#groups.findLast((group) => group.codec !== undefined && Object.hasOwn(group.codec.options, word));
  }

  #contextOf(name: string): ParseContext {
    const { family, isChain, saved = false } = this.#context;
    return { family, isChain, name, saved };
  }

  #transport(): string | undefined {
    const protocol = this.#statements.find((statement) => statement?.kind === 'protocol');
    return protocol?.kind === 'protocol' && TRANSPORTS.includes(protocol.protocol) ? protocol.protocol : undefined;
  }

  #open(name: string, codec: AnyMatch | AnyTarget | undefined, by: Group['by']): void {
    const at = this.#statements.push(undefined) - 1;
    this.#groups.push({ name, codec, by, at, options: [], tokens: [], understood: codec !== undefined });
  }

  #load(name: string, negated: boolean): void {
    if (negated) throw new RuleError('"!" before -m: it belongs before an option of the module');
    this.#open(name, modules.get(name), 'match');
  }

  #jump(name: string, by: 'jump' | 'goto', negated: boolean): void {
    if (negated) throw new RuleError('"!" before a target');
    if (this.#groups.some((group) => group.by !== 'match')) throw new RuleError('the rule has more than one target');
    const known = by === 'jump' ? targets.get(name) : undefined;
    const chain = by === 'goto' || this.#context.isChain(name) ? (TARGETS.jump as AnyTarget) : undefined;
    this.#open(name, known ?? chain, by);
  }

  #addTo(group: Group, word: string, negated: boolean): void {
    const options = group.codec?.options ?? {};
    const arity = Object.hasOwn(options, word) ? options[word] : undefined;
    if (arity === undefined) {
      this.#addUnknown(group, word, negated);
    } else {
      const values = this.#values(word, arity);
      group.options.push({ name: word, negated, values });
      group.tokens.push(...(negated ? ['!', word, ...values] : [word, ...values]));
    }
  }

  #addUnknown(group: Group, word: string, negated: boolean): void {
    if (group.codec === (MATCHES.module as AnyMatch)) {
      const tokens = this.#wordsOf(word, negated);
      this.#statements.push({ kind: 'unknown-match', module: group.name, tokens });
      return;
    }
    group.understood = false;
    group.tokens.push(...this.#wordsOf(word, negated));
  }

  /** An option that is not known with all that follows up to the next option. */
  #wordsOf(word: string, negated: boolean): string[] {
    const tokens = negated ? ['!', word] : [word];
    for (let next = this.#words[this.#at]; next !== undefined; next = this.#words[this.#at]) {
      const value = next !== '!' && (!next.startsWith('-') || /^-\d/.test(next));
      if (!value) break;
      tokens.push(next);
      this.#at++;
    }
    return tokens;
  }

  #value(option: string): string {
    return this.#values(option, 1)[0] as string;
  }

  #values(option: string, count: number): string[] {
    const values = this.#words.slice(this.#at, this.#at + count);
    if (values.length < count) throw new RuleError(`${option} lacks its value`);
    this.#at += count;
    return values;
  }

  #close(group: Group): Statement {
    const { name, codec, by, tokens } = group;
    if (by === 'jump' && codec === (TARGETS.jump as AnyTarget) && group.understood)
      return { kind: 'jump', chain: name };
    const statement = group.understood ? codec?.parse(group.options, this.#contextOf(name)) : undefined;
    if (statement !== undefined) return statement;
    if (by === 'match') return { kind: 'unknown-match', module: name, tokens };
    return { kind: isPassing(name) ? 'passing-target' : 'unknown-target', name, tokens };
  }
}

/** The kernel takes tcp, udp and sctp matches only in rules for that very protocol. */
function checkTransport(statements: readonly Statement[], saved: boolean): void {
  const numbers = new Set<number | undefined>();
  let needed: string | undefined;
  let reversed = false;
  for (const statement of statements) {
    const kind = statement.kind;
    if (kind === 'source-port' || kind === 'destination-port') reversed ||= isReversed(statement.ports);
    if (kind === 'protocol' && statement.negated !== true) numbers.add(protocolNumber(statement.protocol));
    else if (kind === 'source-port' || kind === 'destination-port') needed ??= 'ports';
    else if (kind === 'tcp-flags') needed = 'tcp';
    else if (kind === 'module') {
      if (needed !== undefined && TRANSPORTS.includes(needed) && needed !== statement.name) {
        throw new RuleError(`-m ${needed} and -m ${statement.name} can never match together`);
      }
      needed = statement.name;
    }
  }
  if (needed === undefined) return;
  // iptables 1.8.9 takes a range that ends before it begins for udp alone; a kernel may hold one of any protocol.
  if (reversed && !saved && !numbers.has(protocolNumber('udp')))
    throw new RuleError('a port range ends before it begins');
  const allowed = needed === 'ports' ? TRANSPORTS : [needed];
  if (allowed.some((name) => numbers.has(protocolNumber(name)))) return;
  const wanted = allowed.map((name) => `-p ${name}`).join(' or ');
  throw new RuleError(`${needed === 'ports' ? needed : `-m ${needed}`} needs ${wanted} in the same rule`);
}

/**
 * Reads the words of a rule behind `-A CHAIN`. Statements keep the order in which they are written; a module stands
 * where it was loaded. Throws RuleError for what iptables would refuse; what it would take but is not understood here
 * becomes an unknown match or target.
 */
export function parseRuleWords(words: readonly string[], context: RuleContext): Statement[] {
  return new RuleReader(words, context).read();
}

const HEAD = ['-s', '-d', '-i', '-o', '-p'];

/**
 * A rule that iptables 1.8.9 would refuse, but that a kernel holds: what is at its beginning as far as it can be
 * read (a packet that this does not match does not match the rule), then a match and a target that are not known.
 */
export function unreadRule(words: readonly string[], context: RuleContext, reason: string): Statement[] {
  const statements: Statement[] = [];
  let at = 0;
  for (;;) {
    const negated = words[at] === '!';
    const [word = '', value] = words.slice(negated ? at + 1 : at);
    if (!HEAD.includes(word) || value === undefined) break;
    const option = words.slice(at, at + (negated ? 3 : 2));
    try {
      statements.push(...parseRuleWords(option, context));
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      break;
    }
    at += option.length;
  }
  statements.push({ kind: 'unknown-match', module: '', tokens: words.slice(at), reason });
  statements.push({ kind: 'unknown-target', name: '', tokens: [] });
  return statements;
}
