import type { IPFamily } from '../../base/address.js';
import { QuestionError } from '../../base/errors.js';
import type { BaseChain, Chain, Hook, Rule, Ruleset } from '../ruleset.js';
import { typesOf } from './expressions/index.js';
import { NFTABLES } from './language.js';
import { listChain, listSet, listTable, priorityOf } from './list.js';
import { type NamedSet, type NftTable, type SetDeclaration, seesFamily, type TableFamily } from './nft-table.js';
import { overlapOf } from './overlap.js';
import { elements, expression, ruleStatements } from './parse-rule.js';
import { isJson, listingOfJson } from './read-json.js';
import { ElementIndex } from './set-lookup.js';
import { Cursor, ListingError } from './tokens.js';
import type { Element } from './types.js';
import { unquoted, type ValueType } from './values.js';

/** A chain as a listing has it. */
interface ParsedChain extends Chain {
  readonly comment?: string;
}

/** A table as a listing has it. */
export interface ParsedTable extends NftTable {
  readonly chainList: readonly ParsedChain[];
  readonly setList: readonly NamedSet[];
  /** Counters, quotas, helpers and flow tables, as they are written: they have no part in where a packet goes. */
  readonly others: readonly OtherObject[];
}

interface OtherObject {
  readonly kind: string;
  readonly text: string;
}

const HOOKS: Readonly<Record<string, Hook>> = {
  prerouting: 'PREROUTING',
  input: 'INPUT',
  forward: 'FORWARD',
  output: 'OUTPUT',
  postrouting: 'POSTROUTING',
};

/**
 * `type filter hook input priority filter - 10; policy accept;`: undefined for a hook that routed packets do not pass.
 */
function baseOf(cursor: Cursor): BaseChain | undefined {
  cursor.expect('type');
  const type = cursor.next() as BaseChain['type'];
  cursor.expect('hook');
  const hook = HOOKS[cursor.next()];
  while (cursor.peek() !== 'priority') cursor.next();
  cursor.next();
  const from = cursor.at;
  while (cursor.peek() !== ';' && cursor.peek() !== '\n') cursor.next();
  const priority = priorityOf(cursor.since(from));
  let policy: BaseChain['policy'] = 'ACCEPT';
  while (cursor.peek() !== '\n') if (cursor.next() === 'policy') policy = cursor.next() === 'drop' ? 'DROP' : 'ACCEPT';
  if (priority === undefined) throw new ListingError('the priority of a chain is not understood', cursor.line);
  return hook === undefined ? undefined : { type, hook, priority, policy };
}

function chainOf(cursor: Cursor, lines: readonly string[]): ParsedChain {
  const name = unquoted(cursor.next());
  cursor.expect('{');
  const rules: Rule[] = [];
  let base: BaseChain | undefined;
  let comment: string | undefined;
  for (;;) {
    cursor.skipLineEnds();
    if (cursor.take('}')) break;
    if (cursor.peek() === 'type' && cursor.peek(2) === 'hook') base = baseOf(cursor);
    else if (cursor.peek() === 'comment' && cursor.peek(2) === '\n') {
      cursor.next();
      comment = unquoted(cursor.next());
    } else {
      const { line } = cursor;
      const statements = ruleStatements(cursor);
      if (cursor.peek() !== '\n') throw new ListingError('a rule does not end with its line', line);
      const text = (lines[line - 1] ?? '').trim().replace(/\s+# handle \d+$/, '');
      rules.push({ chain: name, statements, language: NFTABLES, line, text });
    }
  }
  return { name, rules, ordered: true, ...(base && { base }), ...(comment !== undefined && { comment }) };
}

function durationOf(text: string): number {
  const units = { d: 86400, h: 3600, m: 60, s: 1, ms: 0 };
  let seconds = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|[dhms])/g)) {
    seconds += Number(count) * (units[unit as keyof typeof units] ?? 0);
  }
  return seconds;
}

/** The words up to the end of the line. */
function restOfLine(cursor: Cursor): string {
  const from = cursor.at;
  while (cursor.peek() !== '\n' && cursor.peek() !== '}') cursor.next();
  return cursor.since(from);
}

function typeNames(text: string): readonly string[] {
  return text.split(' . ').map((one) => one.trim());
}

function setOf(cursor: Cursor, isMap: boolean): NamedSet {
  const declared: { -readonly [K in keyof SetDeclaration]: SetDeclaration[K] } = {
    name: unquoted(cursor.next()),
    isMap,
    type: [],
  };
  const notes: string[] = [];
  const { line } = cursor;
  let found: readonly Element[] = [];
  cursor.expect('{');
  for (;;) {
    cursor.skipLineEnds();
    if (cursor.take('}')) break;
    const word = cursor.next();
    if (word === 'type') {
      const [key = '', data] = restOfLine(cursor).split(' : ');
      declared.type = typeNames(key);
      if (data !== undefined) declared.data = typeNames(data);
    } else if (word === 'typeof') {
      const text = restOfLine(cursor);
      const [key = '', data] = text.split(' : ');
      declared.typeText = `typeof ${text}`;
      declared.type = typesOf(expression(new Cursor(key)), 'IPv4');
      if (data !== undefined) declared.data = typeNames(data);
    } else if (word === 'flags') declared.flags = restOfLine(cursor).split(/\s*,\s*/);
    else if (word === 'timeout') declared.timeout = durationOf(restOfLine(cursor));
    else if (word === 'size') declared.size = Number(restOfLine(cursor).split(' ')[0]);
    else if (word === 'comment') declared.comment = unquoted(cursor.next());
    else if (word === 'elements') {
      cursor.expect('=');
      found = elements(cursor);
    } else notes.push(`${word} ${restOfLine(cursor)}`.trim());
  }
  if (notes.length > 0) declared.notes = notes;
  const overlap = overlapOf(found, declared.type as readonly ValueType[]);
  if (overlap !== undefined) {
    const [one, other] = overlap;
    throw new ListingError(
      `the elements ${one} and ${other} of ${declared.name} overlap, and nft lists none that do`,
      line,
    );
  }
  let index: ElementIndex | undefined;
  return {
    ...declared,
    elements: () => found,
    find(key) {
      index ??= new ElementIndex(found, declared.type as readonly ValueType[]);
      return index.find(key);
    },
  };
}

function skipBlock(cursor: Cursor): void {
  while (cursor.peek() !== '{') cursor.next();
  let depth = 0;
  do {
    const word = cursor.next();
    if (word === '{') depth++;
    else if (word === '}') depth--;
  } while (depth > 0);
}

function tableOf(cursor: Cursor, lines: readonly string[]): ParsedTable {
  const family = cursor.next() as TableFamily;
  const name = unquoted(cursor.next());
  cursor.expect('{');
  const chainList: ParsedChain[] = [];
  const setList: NamedSet[] = [];
  const others: OtherObject[] = [];
  let comment: string | undefined;
  for (;;) {
    cursor.skipLineEnds();
    if (cursor.take('}')) break;
    const word = cursor.next();
    if (word === 'chain') chainList.push(chainOf(cursor, lines));
    else if (word === 'set' || word === 'map') setList.push(setOf(cursor, word === 'map'));
    else if (word === 'comment') comment = unquoted(cursor.next());
    else if (word === 'flags') restOfLine(cursor);
    else {
      const from = cursor.at - 1;
      skipBlock(cursor);
      others.push({ kind: word, text: `\t${cursor.since(from)}\n` });
    }
  }
  const chains = new Map(chainList.map((chain) => [chain.name, chain]));
  const sets = new Map(setList.map((set) => [set.name, set]));
  return {
    name,
    family,
    language: NFTABLES,
    ...(comment !== undefined && { comment }),
    chainList,
    setList,
    others,
    baseChains: chainList.filter(({ base }) => base !== undefined),
    chain: (wanted) => chains.get(wanted),
    chains: () => chains.values(),
    set: (wanted) => sets.get(wanted),
    sets: () => sets.values(),
  };
}

function tablesOf(listing: string): readonly ParsedTable[] {
  const lines = listing.split('\n');
  const cursor = new Cursor(listing);
  const tables: ParsedTable[] = [];
  for (;;) {
    cursor.skipLineEnds();
    if (cursor.isDone) return tables;
    cursor.expect('table');
    tables.push(tableOf(cursor, lines));
  }
}

/**
 * The tables of `nft list ruleset`, or of `nft -j list ruleset`.
 *
 * @param pointer where the text is in the request, for errors
 * @throws QuestionError INVALID_REQUEST for text that is not such a listing, or that ends in the middle of one
 */
export function parseTables(text: string, pointer = ''): readonly ParsedTable[] {
  try {
    return tablesOf(isJson(text) ? listingOfJson(text) : text);
  } catch (error) {
    if (!(error instanceof ListingError)) throw error;
    const place = isJson(text) ? 'JSON of nft' : `Line ${error.line}`;
    const detail =
      `${place}: ${error.message}. What \`nft list ruleset\` or \`nft ` + `-j list ruleset\` prints would be right.`;
    throw new QuestionError('INVALID_REQUEST', 'The rules are not a listing of nft.', [{ pointer, detail }]);
  }
}

/** The rules of one family that `nft list ruleset` or `nft -j list ruleset` shows. Throws as {@link parseTables}. */
export function parseRuleset(text: string, family: IPFamily, pointer = ''): Ruleset {
  const tables = parseTables(text, pointer).filter((table) => seesFamily(table.family, family));
  return { family, language: NFTABLES, tables };
}

/** Tables as `nft -s list ruleset` prints them: the text that {@link parseTables} read, in the canonical form. */
export function printTables(tables: readonly ParsedTable[], family: IPFamily): string {
  return tables
    .map(({ family: of, name, comment, setList, chainList, others }) =>
      listTable(`${of} ${name}`, comment, [
        ...others.filter(({ kind }) => kind !== 'flowtable').map(({ text }) => text),
        ...setList.map((set) => listSet({ declaration: set, elements: [...set.elements()], isListed: true })),
        ...others.filter(({ kind }) => kind === 'flowtable').map(({ text }) => text),
        ...chainList.map(({ name: chain, base, comment: note, rules }) =>
          listChain(
            {
              name: chain,
              ...(base && {
                base: { ...base, hook: base.hook.toLowerCase(), policy: base.policy.toLowerCase() },
              }),
              ...(note !== undefined && { comment: note }),
              // From the data alone, so that what is printed is what was understood.
              rules: rules.map(({ text: _, ...rule }) => rule),
            },
            family,
          ),
        ),
      ]),
    )
    .join('');
}
