/**
 * The value of a YAML document as kubectl has it: what sigs.k8s.io/yaml makes of it as JSON. Keys are strings, the last
 * of equal keys counts, points in time are text. Anchored values are shared, not copied.
 */
import { isRecord } from '../../base/record.js';
import { YamlError } from './error.js';
import { NO_JSON, plainKey, plainValue } from './scalars.js';
import { Scanner } from './scanner.js';
import type { Token } from './token.js';

/** A key that a mapping has more than once. Lines count from 1. */
interface DuplicateKey {
  readonly key: string;
  /** JSON Pointer of the mapping's field in the document. */
  readonly path: string;
  readonly line: number;
  readonly firstLine: number;
}

export interface Composed {
  readonly value: unknown;
  readonly duplicates: readonly DuplicateKey[];
  /** How many there are; at most {@link MAX_DUPLICATES} are listed. */
  readonly duplicateCount: number;
  /** Something follows the document's end, which kubectl does not read. From 1; 0: nothing does. */
  readonly unreadLine: number;
}

/** The lines (from 1) on which the values of mappings' keys begin, for those who ask for places. */
export type Lines = WeakMap<object, ReadonlyMap<string, number>>;

/** Values that aliases add, counted as if each were written out. */
export const MAX_ALIASED = 1_000_000;

/** Duplicate keys that are named. */
export const MAX_DUPLICATES = 20;

type Mapping = Record<string, unknown>;

interface Node {
  readonly value: unknown;
  /** How many values it is, those within it and itself. */
  readonly size: number;
  /** Of a scalar: how it is written. */
  readonly text: string | undefined;
  /** It is the key `<<`, plain. */
  readonly merge: boolean;
}

interface Anchored {
  /** Undefined while it is being read. */
  node: Node | undefined;
}

const EMPTY: Node = { value: null, size: 1, text: undefined, merge: false };

const CORE = 'tag:yaml.org,2002:';
const NO_VALUE_FOLLOWS = new Set<Token['type']>(['KEY', 'VALUE', 'BLOCK_END']);

function isBase64(text: string): boolean {
  const plain = text.replace(/[\r\n]/g, '');
  return plain.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(plain);
}

/** What a node is as a key; undefined where it cannot be one. */
function keyOf({ value, text }: Node): string | undefined {
  if (typeof value === 'string') return value;
  return text === undefined ? undefined : plainKey(text, value);
}

/** The value of a node where it is not a key. */
function json({ value }: Node, { line, column }: Token): unknown {
  if (value !== NO_JSON) return value;
  throw new YamlError('infinity and NaN are numbers that JSON does not have; put them in quotes', line + 1, column + 1);
}

/** Sets a field, whatever its name is: `__proto__` by an assignment would be none. */
function set(mapping: Mapping, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(mapping, key, { value, enumerable: true, configurable: true, writable: true });
  } else mapping[key] = value;
}

function pointerToken(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

class Composer {
  readonly #scanner: Scanner;
  readonly #lines: Lines | undefined;
  readonly #anchors = new Map<string, Anchored>();
  readonly #handles = new Map([
    ['!', '!'],
    ['!!', CORE],
  ]);
  readonly #path: (string | number)[] = [];
  #aliased = 0;
  readonly duplicates: DuplicateKey[] = [];
  duplicateCount = 0;

  constructor(scanner: Scanner, lines: Lines | undefined) {
    this.#scanner = scanner;
    this.#lines = lines;
  }

  #fail(message: string, { line, column }: Token): YamlError {
    return new YamlError(message, line + 1, column + 1);
  }

  document(): { readonly value: unknown; readonly unreadLine: number } {
    const scanner = this.#scanner;
    let directives = false;
    for (let token = scanner.peek(); token.type === 'DIRECTIVE'; token = scanner.peek()) {
      const [, handle, prefix] = /^%TAG +(\S+) +(\S+)$/.exec(token.value) ?? [];
      if (handle !== undefined && prefix !== undefined) this.#handles.set(handle, prefix);
      else if (!/^%YAML +1\./.test(token.value)) throw this.#fail('only YAML 1.1 and 1.2 are read', token);
      directives = true;
      scanner.next();
    }
    while (scanner.peek().type === 'DOCUMENT_END') scanner.next();
    if (scanner.peek().type === 'DOCUMENT_START') scanner.next();
    else if (directives) throw this.#fail("expected '---' after directives", scanner.peek());
    const first = scanner.peek();
    if (first.type === 'END' || first.type === 'DOCUMENT_END') return { value: null, unreadLine: 0 };
    const value = json(this.#node(true, false), first);
    const token = scanner.peek();
    if (token.type === 'DOCUMENT_END') {
      while (scanner.peek().type === 'DOCUMENT_END') scanner.next();
      const rest = scanner.peek();
      return { value, unreadLine: rest.type === 'END' ? 0 : rest.line + 1 };
    }
    return { value, unreadLine: token.type === 'END' ? 0 : token.line + 1 };
  }

  #tag(token: Token): string {
    const { handle, value } = token;
    if (handle === '') return value;
    if (handle === '!' && value === '') return '!';
    if (value === '') throw this.#fail('the tag has no name', token);
    const prefix = this.#handles.get(handle);
    if (prefix === undefined) throw this.#fail(`the tag ${handle} is not declared`, token);
    let text = value;
    try {
      text = decodeURIComponent(value);
    } catch {
      throw this.#fail('the tag is not a URI', token);
    }
    return prefix + text;
  }

  #node(block: boolean, indentless: boolean): Node {
    const scanner = this.#scanner;
    let token = scanner.peek();
    if (token.type === 'ALIAS') return this.#alias(scanner.next());
    let anchor: Anchored | undefined;
    let tag: string | undefined;
    let properties = false;
    for (;;) {
      if (token.type === 'ANCHOR' && anchor === undefined) {
        anchor = { node: undefined };
        this.#anchors.set(token.value, anchor);
      } else if (token.type === 'TAG' && tag === undefined) tag = this.#tag(token);
      else break;
      properties = true;
      scanner.next();
      token = scanner.peek();
    }
    const node = this.#content(token, tag, block, indentless, properties);
    if (anchor !== undefined) anchor.node = node;
    return node;
  }

  #content(token: Token, tag: string | undefined, block: boolean, indentless: boolean, properties: boolean): Node {
    const scanner = this.#scanner;
    switch (token.type) {
      case '-':
        if (indentless) return this.#sequence(true);
        break;
      case 'SCALAR':
        scanner.next();
        return this.#scalar(token, tag);
      case '[':
        scanner.next();
        return this.#flowSequence();
      case '{':
        scanner.next();
        return this.#flowMapping();
      case 'BLOCK_SEQUENCE':
        if (!block) break;
        scanner.next();
        return this.#sequence(false);
      case 'BLOCK_MAPPING':
        if (!block) break;
        scanner.next();
        return this.#blockMapping();
    }
    if (properties) return this.#scalar({ ...token, value: '', plain: true }, tag);
    throw this.#fail('a value was expected here', token);
  }

  #alias(token: Token): Node {
    const anchored = this.#anchors.get(token.value);
    if (anchored === undefined) throw this.#fail(`the anchor "${token.value}" is not there`, token);
    const { node } = anchored;
    if (node === undefined) throw this.#fail(`the anchor "${token.value}" contains itself`, token);
    this.#aliased += node.size;
    if (this.#aliased > MAX_ALIASED) {
      const detail = `its aliases stand for more than ${MAX_ALIASED} values`;
      throw new YamlError(detail, token.line + 1, token.column + 1, 'LIMIT');
    }
    return node.merge ? { ...node, merge: false } : node;
  }

  #scalar(token: Token, tag: string | undefined): Node {
    const { value: text, plain } = token;
    let value: unknown = text;
    const core = tag?.startsWith(CORE) === true ? tag.slice(CORE.length) : undefined;
    if (tag === undefined && plain) value = plainValue(text);
    else if (core !== undefined && core !== 'str') value = this.#tagged(token, core);
    const merge = text === '<<' && ((plain && tag === undefined) || core === 'merge');
    return { value, size: 1, text, merge };
  }

  /** A scalar with a tag of YAML's own. */
  #tagged(token: Token, core: string): unknown {
    const { value: text } = token;
    const resolved = plainValue(text);
    switch (core) {
      case 'binary':
        if (!isBase64(text)) throw this.#fail('!!binary is not followed by base64', token);
        return Buffer.from(text, 'base64').toString('utf8');
      case 'int':
        if (typeof resolved === 'number' && Number.isInteger(resolved)) return resolved;
        break;
      case 'float':
        if (typeof resolved === 'number' || resolved === NO_JSON) return resolved;
        break;
      case 'bool':
        if (typeof resolved === 'boolean') return resolved;
        break;
      case 'null':
        if (resolved === null) return resolved;
        break;
      case 'timestamp':
      case 'merge':
        return text;
      default:
        return text;
    }
    throw this.#fail(`${JSON.stringify(text.slice(0, 40))} is not what its tag !!${core} says`, token);
  }

  #sequence(indentless: boolean): Node {
    const scanner = this.#scanner;
    const items: unknown[] = [];
    let size = 1;
    for (;;) {
      const token = scanner.peek();
      if (token.type !== '-') {
        if (indentless) break;
        if (token.type !== 'BLOCK_END') throw this.#fail("a list item ('-') was expected here", token);
        scanner.next();
        break;
      }
      scanner.next();
      const { type } = scanner.peek();
      const empty = type === '-' || type === 'BLOCK_END' || (indentless && (type === 'KEY' || type === 'VALUE'));
      this.#path.push(items.length);
      const node = empty ? EMPTY : this.#node(true, false);
      this.#path.pop();
      items.push(json(node, token));
      size += node.size;
    }
    return { value: items, size, text: undefined, merge: false };
  }

  #blockMapping(): Node {
    const scanner = this.#scanner;
    const mapping = new MappingNode(this, this.#lines);
    for (;;) {
      const token = scanner.peek();
      if (token.type === 'BLOCK_END') {
        scanner.next();
        return mapping.node();
      }
      let key = EMPTY;
      if (token.type === 'KEY') {
        scanner.next();
        if (!NO_VALUE_FOLLOWS.has(scanner.peek().type)) key = this.#node(true, true);
      } else if (token.type !== 'VALUE') throw this.#fail('a key was expected here', token);
      let value = EMPTY;
      if (scanner.peek().type === 'VALUE') {
        scanner.next();
        if (!NO_VALUE_FOLLOWS.has(scanner.peek().type)) value = this.#valueOf(key, true);
      }
      mapping.add(key, value, token);
    }
  }

  #valueOf(key: Node, block: boolean): Node {
    this.#path.push(keyOf(key) ?? '');
    const value = this.#node(block, block);
    this.#path.pop();
    return value;
  }

  #flowSequence(): Node {
    const scanner = this.#scanner;
    const items: unknown[] = [];
    let size = 1;
    for (let first = true; ; first = false) {
      if (scanner.peek().type === ']') break;
      if (!first) {
        const comma = scanner.peek();
        if (comma.type !== ',') throw this.#fail("',' or ']' was expected here", comma);
        scanner.next();
        if (scanner.peek().type === ']') break;
      }
      const token = scanner.peek();
      this.#path.push(items.length);
      let node: Node;
      if (token.type === 'KEY') {
        const pair = new MappingNode(this, this.#lines);
        this.#flowPair(pair, token);
        node = pair.node();
      } else node = this.#node(false, false);
      this.#path.pop();
      items.push(json(node, token));
      size += node.size;
    }
    scanner.next();
    return { value: items, size, text: undefined, merge: false };
  }

  #flowPair(mapping: MappingNode, token: Token): void {
    const scanner = this.#scanner;
    scanner.next();
    const ends = () => {
      const { type } = scanner.peek();
      return type === ',' || type === '}' || type === ']';
    };
    const key = scanner.peek().type === 'VALUE' || ends() ? EMPTY : this.#node(false, false);
    let value = EMPTY;
    if (scanner.peek().type === 'VALUE') {
      scanner.next();
      if (!ends()) value = this.#valueOf(key, false);
    }
    mapping.add(key, value, token);
  }

  #flowMapping(): Node {
    const scanner = this.#scanner;
    const mapping = new MappingNode(this, this.#lines);
    for (let first = true; ; first = false) {
      if (scanner.peek().type === '}') break;
      if (!first) {
        const comma = scanner.peek();
        if (comma.type !== ',') throw this.#fail("',' or '}' was expected here", comma);
        scanner.next();
        if (scanner.peek().type === '}') break;
      }
      const token = scanner.peek();
      if (token.type === 'KEY') this.#flowPair(mapping, token);
      else if (token.type === 'VALUE') {
        scanner.next();
        const { type } = scanner.peek();
        const value = type === ',' || type === '}' ? EMPTY : this.#node(false, false);
        mapping.add(EMPTY, value, token);
      } else mapping.add(this.#node(false, false), EMPTY, token);
    }
    scanner.next();
    return mapping.node();
  }

  noteDuplicate(key: string, line: number, firstLine: number): void {
    this.duplicateCount++;
    if (this.duplicates.length === MAX_DUPLICATES) return;
    const path = [...this.#path, key].map((token) => `/${pointerToken(String(token))}`).join('');
    this.duplicates.push({ key, path, line: line + 1, firstLine: firstLine + 1 });
  }
}

/** A mapping that is being read. */
class MappingNode {
  readonly #composer: Composer;
  readonly #lines: Lines | undefined;
  readonly #value: Mapping = {};
  /** The line on which each key is first. Only of keys that the mapping has itself, not merged ones. */
  readonly #seen = new Map<string, number>();
  readonly #places: Map<string, number> | undefined;
  #size = 1;

  constructor(composer: Composer, lines: Lines | undefined) {
    this.#composer = composer;
    this.#lines = lines;
    this.#places = lines === undefined ? undefined : new Map();
  }

  add(key: Node, value: Node, place: Token): void {
    this.#size += value.size;
    if (key.merge) {
      this.#merge(value.value, place);
      return;
    }
    const name = keyOf(key);
    if (name === undefined) {
      throw new YamlError('a key is text, a number, true or false', place.line + 1, place.column + 1);
    }
    const first = this.#seen.get(name);
    if (first === undefined) this.#seen.set(name, place.line);
    else this.#composer.noteDuplicate(name, place.line, first);
    this.#places?.set(name, place.line + 1);
    set(this.#value, name, json(value, place));
  }

  /** `<<`: the fields of one mapping or of several, of which the first has the last word. */
  #merge(value: unknown, place: Token): void {
    const sources = Array.isArray(value) ? value.toReversed() : [value];
    for (const source of sources as readonly unknown[]) {
      if (!isRecord(source)) {
        throw new YamlError("'<<' merges mappings, or a list of them", place.line + 1, place.column + 1);
      }
      for (const [name, item] of Object.entries(source)) set(this.#value, name, item);
    }
  }

  node(): Node {
    if (this.#places !== undefined) this.#lines?.set(this.#value, this.#places);
    return { value: this.#value, size: this.#size, text: undefined, merge: false };
  }
}

/**
 * The value of the first YAML document of a text, null for an empty one. `offset` and `line` (from 0) are where the
 * text begins in what is shown to people. Throws YamlError.
 */
export function composeDocument(text: string, line = 0, lines?: Lines): Composed {
  const composer = new Composer(new Scanner(text, 0, line), lines);
  const { value, unreadLine } = composer.document();
  return { value, unreadLine, duplicates: composer.duplicates, duplicateCount: composer.duplicateCount };
}
