import { type Cursor, ListingError } from './tokens.js';
import type {
  AnonymousSet,
  Binary,
  Element,
  Expression,
  FlagList,
  MapLookup,
  Nat,
  Operator,
  SetReference,
  Statement,
  Verdict,
} from './types.js';
import { unquoted } from './values.js';

const HEADERS = new Set(['ip', 'ip6', 'tcp', 'udp', 'sctp', 'th', 'icmp', 'icmpv6', 'udplite', 'dccp', 'ether', 'arp']);
const FIELDS = new Set([
  'saddr',
  'daddr',
  'protocol',
  'nexthdr',
  'version',
  'hdrlength',
  'dscp',
  'ecn',
  'length',
  'id',
  'frag-off',
  'ttl',
  'hoplimit',
  'checksum',
  'flowlabel',
  'sport',
  'dport',
  'flags',
  'sequence',
  'ackseq',
  'window',
  'type',
  'code',
  'mtu',
  'ptype',
  'operation',
  'htype',
]);
const BARE_META = new Set([
  'iif',
  'iifname',
  'iiftype',
  'iifgroup',
  'oif',
  'oifname',
  'oiftype',
  'oifgroup',
  'skuid',
  'skgid',
  'mark',
]);
const OPERATORS = new Set(['==', '!=', '<', '>', '<=', '>=']);
const BINARY: Readonly<Record<string, Binary['operator']>> = {
  '&': '&',
  and: '&',
  '|': '|',
  or: '|',
  '^': '^',
  xor: '^',
  '<<': '<<',
  '>>': '>>',
};
const FINAL = new Set(['accept', 'drop', 'return', 'continue']);
const END = new Set(['\n', ';', '}', ',']);

function isEnd(word: string | undefined): boolean {
  return word === undefined || END.has(word);
}

function verdict(cursor: Cursor): Verdict | undefined {
  const word = cursor.peek() ?? '';
  if (FINAL.has(word)) {
    cursor.next();
    return { kind: word as 'accept' };
  }
  if (word !== 'jump' && word !== 'goto') return undefined;
  cursor.next();
  return { kind: word, chain: unquoted(cursor.next()) };
}

/** One selector: `ip saddr`, `meta mark`, `ct state` …; undefined for a value. */
function selector(cursor: Cursor): Expression | undefined {
  const word = cursor.peek() ?? '';
  if (BARE_META.has(word)) return { kind: 'meta', key: cursor.next() };
  if (word === 'meta') {
    cursor.next();
    return { kind: 'meta', key: cursor.next() };
  }
  if (word === 'ct') {
    cursor.next();
    const direction = cursor.peek() === 'original' || cursor.peek() === 'reply' ? cursor.next() : undefined;
    const family = cursor.peek() === 'ip' || cursor.peek() === 'ip6' ? `${cursor.next()} ` : '';
    const key = `${family}${cursor.next()}`;
    return direction === undefined ? { kind: 'ct', key } : { kind: 'ct', key, direction: direction as 'original' };
  }
  if (word === 'fib') {
    cursor.next();
    const of = [cursor.next()];
    while (cursor.take('.')) of.push(cursor.next());
    return { kind: 'fib', of, result: cursor.next() as 'type' };
  }
  if (word === 'numgen') {
    cursor.next();
    const mode = cursor.next() as 'random';
    cursor.expect('mod');
    const modulus = Number(cursor.next());
    const offset = cursor.take('offset') ? { offset: Number(cursor.next()) } : {};
    return { kind: 'numgen', mode, modulus, ...offset };
  }
  if (HEADERS.has(word)) {
    const protocol = cursor.next();
    const field = cursor.next();
    if (!FIELDS.has(field)) throw new ListingError(`"${protocol} ${field}" is not understood`, cursor.line);
    return { kind: 'payload', protocol, field };
  }
  return undefined;
}

function primary(cursor: Cursor): Expression {
  const found = selector(cursor) ?? { kind: 'value' as const, text: cursor.next() };
  if (found.kind === 'value' && /^[(){}]|^\n$/.test(found.text)) {
    throw new ListingError(`"${found.text.trim()}" is not understood`, cursor.line);
  }
  return found;
}

/** An expression with its operations on bits, its further parts, and the map it is looked up in. */
export function expression(cursor: Cursor): Expression {
  const parts: Expression[] = [];
  do {
    let part = primary(cursor);
    for (let operator = BINARY[cursor.peek() ?? '']; operator !== undefined; operator = BINARY[cursor.peek() ?? '']) {
      cursor.next();
      part = { kind: 'binary', operator, left: part, right: primary(cursor) };
    }
    parts.push(part);
  } while (cursor.take('.'));
  const whole: Expression = parts.length === 1 ? (parts[0] as Expression) : { kind: 'concat', parts };
  return cursor.take('map') ? { kind: 'map', key: whole, map: setOf(cursor) } : whole;
}

function element(cursor: Cursor): Element {
  const key = [cursor.next()];
  while (cursor.take('.')) key.push(cursor.next());
  const notes = cursor.at;
  let comment: string | undefined;
  let end = cursor.at;
  while (!isEnd(cursor.peek()) && cursor.peek() !== ':') {
    if (cursor.take('comment')) comment = unquoted(cursor.next());
    else {
      cursor.next();
      end = cursor.at;
    }
  }
  const here = cursor.at;
  cursor.at = end;
  const text = cursor.since(notes);
  cursor.at = here;
  const more = { ...(text !== '' && { notes: text }), ...(comment !== undefined && { comment }) };
  if (!cursor.take(':')) return { key, ...more };
  const decided = verdict(cursor);
  if (decided !== undefined) return { key, ...more, verdict: decided };
  const data = [cursor.next()];
  while (cursor.take('.')) data.push(cursor.next());
  return { key, ...more, data };
}

/** `{ a, b : c, … }`. */
export function elements(cursor: Cursor): readonly Element[] {
  const found: Element[] = [];
  cursor.expect('{');
  cursor.skipLineEnds();
  while (!cursor.take('}')) {
    found.push(element(cursor));
    cursor.skipLineEnds();
    if (!cursor.take(',') && cursor.peek() !== '}')
      throw new ListingError('"," or "}" is expected in a set', cursor.line);
    cursor.skipLineEnds();
  }
  return found;
}

function setOf(cursor: Cursor): SetReference | AnonymousSet {
  const word = cursor.peek() ?? '';
  if (word.startsWith('@')) {
    cursor.next();
    return { kind: 'reference', name: word.slice(1) };
  }
  return { kind: 'set', elements: elements(cursor), isListed: true };
}

const FLAG = /^(?:fin|syn|rst|psh|ack|urg|ecn|cwr)$/;

/** `fin,syn`, `(fin | syn)`, `syn`, or `0x0` and `0` for no flag. */
function flagNames(cursor: Cursor): readonly string[] {
  const names: string[] = [];
  let isIn = false;
  for (;;) {
    const word = cursor.next();
    isIn ||= word.startsWith('(');
    const name = word.replace(/^\(|\)$/g, '');
    if (/^(?:0|0x0+)$/.test(name)) return [];
    if (!FLAG.test(name)) throw new ListingError(`"${word}" is not understood`, cursor.line);
    names.push(name);
    if (word.endsWith(')') || !(isIn ? cursor.take('|') : cursor.take(','))) return names;
  }
}

/** What is behind `tcp flags`, where it takes out bits; undefined for other tests of it. */
function maskedFlags(cursor: Cursor): Statement | undefined {
  const left = { kind: 'payload', protocol: 'tcp', field: 'flags' } as const;
  const from = cursor.at;
  if (cursor.take('&')) {
    const mask = flagNames(cursor);
    const operator = cursor.next();
    if (operator !== '==' && operator !== '!=') throw new ListingError(`"${operator}" is not understood`, cursor.line);
    const values = flagNames(cursor);
    return { kind: 'match', left, operator, right: { kind: 'masked', values, mask, text: cursor.since(from) } };
  }
  const operator = cursor.take('!=') ? '!=' : '==';
  if (FLAG.test(cursor.peek() ?? '')) {
    const values = flagNames(cursor);
    if (cursor.take('/')) {
      const mask = flagNames(cursor);
      return { kind: 'match', left, operator, right: { kind: 'masked', values, mask, text: cursor.since(from) } };
    }
  }
  cursor.at = from;
  return undefined;
}

function rightOf(cursor: Cursor): Expression | SetReference | AnonymousSet | FlagList {
  const word = cursor.peek() ?? '';
  if (word.startsWith('@') || word === '{') return setOf(cursor);
  const first = cursor.nextJoined();
  if (first.startsWith('(')) throw new ListingError(`"${first}" is not understood`, cursor.line);
  if (cursor.peek() === ',') {
    const values = [first];
    while (cursor.take(',')) values.push(cursor.next());
    return { kind: 'flags', values };
  }
  if (cursor.peek() !== '.') return { kind: 'value', text: first };
  const parts: Expression[] = [{ kind: 'value', text: first }];
  while (cursor.take('.')) parts.push({ kind: 'value', text: cursor.next() });
  return { kind: 'concat', parts };
}

/** `address`, `:port`, `address:port`, `[address]:port`. */
function natEnd(text: string): Pick<Nat, 'address' | 'port'> {
  const [, bracketed, inBrackets] = /^\[([^\]]+)\](?::(.+))?$/.exec(text) ?? [];
  const value = (one: string) => ({ kind: 'value' as const, text: one });
  if (bracketed !== undefined) return { address: value(bracketed), ...(inBrackets && { port: value(inBrackets) }) };
  if (text.startsWith(':')) return { port: value(text.slice(1)) };
  const colon = text.indexOf(':');
  if (colon < 0 || text.indexOf(':', colon + 1) >= 0) return { address: value(text) };
  return { address: value(text.slice(0, colon)), port: value(text.slice(colon + 1)) };
}

const NAT_FLAGS = new Set(['random', 'fully-random', 'persistent']);

function nat(cursor: Cursor): Nat {
  const kind = cursor.next() as Nat['kind'];
  const family = cursor.peek() === 'ip' || cursor.peek() === 'ip6' ? (cursor.next() as 'ip') : undefined;
  if (cursor.peek() === 'prefix') throw new ListingError('"prefix" is not understood', cursor.line);
  let to: Pick<Nat, 'address' | 'port' | 'both'> = {};
  if (cursor.take('to')) {
    if (selectorStarts(cursor.peek() ?? '')) {
      const by = expression(cursor);
      const isBoth = by.kind === 'map' && by.map.kind === 'set' && (by.map.elements[0]?.data?.length ?? 0) > 1;
      to = isBoth ? { both: by as MapLookup } : { address: by };
    } else to = natEnd(cursor.next());
  }
  const flags: string[] = [];
  while (NAT_FLAGS.has(cursor.peek() ?? '')) {
    flags.push(cursor.next());
    cursor.take(',');
  }
  return { kind, ...(family && { family }), ...to, ...(flags.length > 0 && { flags }) };
}

function selectorStarts(word: string): boolean {
  return BARE_META.has(word) || HEADERS.has(word) || ['meta', 'ct', 'fib', 'numgen'].includes(word);
}

const LOG_OPTIONS = new Set(['prefix', 'level', 'group', 'snaplen', 'queue-threshold', 'flags']);

function passing(cursor: Cursor): Statement {
  const from = cursor.at;
  const word = cursor.next();
  if (word === 'counter') {
    if (cursor.take('packets')) cursor.next();
    if (cursor.take('bytes')) cursor.next();
    if (cursor.take('name')) cursor.next();
  } else if (word === 'log') {
    while (LOG_OPTIONS.has(cursor.peek() ?? '')) {
      cursor.next();
      cursor.next();
    }
  }
  return { kind: 'passing', text: cursor.since(from) };
}

function limit(cursor: Cursor): Statement {
  const from = cursor.at;
  cursor.next();
  cursor.expect('rate');
  const over = cursor.take('over');
  cursor.next();
  if (/^[a-z]+\/[a-z]+$/.test(cursor.peek() ?? '')) cursor.next();
  if (cursor.take('burst')) {
    cursor.next();
    if (/^(?:packets|bytes|kbytes|mbytes)$/.test(cursor.peek() ?? '')) cursor.next();
  }
  return { kind: 'limit', text: cursor.since(from), over };
}

function update(cursor: Cursor): Statement {
  const operation = cursor.next() as 'add';
  const set = cursor.next().slice(1);
  cursor.expect('{');
  const key = expression(cursor);
  const from = cursor.at;
  while (cursor.peek() !== '}') cursor.next();
  const more = cursor.since(from);
  cursor.expect('}');
  const limited = /\blimit\b/.test(more);
  return { kind: 'update', operation, set, key, ...(more !== '' && { more }), ...(limited && { limited }) };
}

function reject(cursor: Cursor): Statement {
  cursor.next();
  if (!cursor.take('with')) return { kind: 'reject' };
  const from = cursor.at;
  cursor.next();
  cursor.take('type');
  if (!isEnd(cursor.peek()) && cursor.peek() !== 'comment') cursor.next();
  return { kind: 'reject', with: cursor.since(from) };
}

function statement(cursor: Cursor): Statement {
  const word = cursor.peek() ?? '';
  const decided = verdict(cursor);
  if (decided !== undefined) return decided;
  if (word === 'comment') {
    cursor.next();
    return { kind: 'comment', text: unquoted(cursor.next()) };
  }
  if (word === 'counter' || word === 'log' || word === 'notrack') return passing(cursor);
  // Setting the largest segment has no part in where a packet goes.
  if (word === 'tcp' && cursor.peek(1) === 'option' && cursor.peek(4) === 'set') {
    const from = cursor.at;
    for (let left = 5; left > 0; left--) cursor.next();
    while (!isEnd(cursor.peek()) && cursor.peek() !== 'comment') cursor.next();
    return { kind: 'passing', text: cursor.since(from) };
  }
  if (word === 'limit') return limit(cursor);
  if (word === 'reject') return reject(cursor);
  if (word === 'dnat' || word === 'snat' || word === 'masquerade' || word === 'redirect') return nat(cursor);
  if ((word === 'add' || word === 'update' || word === 'delete') && (cursor.peek(1) ?? '').startsWith('@')) {
    return update(cursor);
  }
  if (!selectorStarts(word)) throw new ListingError(`"${word}" is not understood`, cursor.line);
  if (word === 'tcp' && cursor.peek(1) === 'flags') {
    const from = cursor.at;
    cursor.at += 2;
    const masked = maskedFlags(cursor);
    if (masked !== undefined) return masked;
    cursor.at = from;
  }
  const left = expression(cursor);
  if ((left.kind === 'meta' || left.kind === 'ct') && cursor.take('set')) {
    return { kind: 'set-value', target: left, value: expression(cursor) };
  }
  if (cursor.take('vmap')) return { kind: 'vmap', key: left, map: setOf(cursor) };
  const operator = OPERATORS.has(cursor.peek() ?? '') ? (cursor.next() as Operator) : '==';
  return { kind: 'match', left, operator, right: rightOf(cursor) };
}

/**
 * The statements of one rule, up to the end of its line. From what is not understood on, the rest is one unknown
 * statement.
 */
export function ruleStatements(cursor: Cursor): readonly Statement[] {
  const found: Statement[] = [];
  while (!isEnd(cursor.peek())) {
    const from = cursor.at;
    try {
      found.push(statement(cursor));
    } catch (error) {
      if (!(error instanceof ListingError)) throw error;
      cursor.at = from;
      while (!cursor.isDone && cursor.peek() !== '\n') cursor.next();
      found.push({ kind: 'unknown-statement', text: cursor.since(from) });
    }
  }
  return found;
}
