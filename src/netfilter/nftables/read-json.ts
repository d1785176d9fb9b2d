/**
 * What `nft -j list ruleset` prints, as the listing that `nft list ruleset` prints of the same rules, so that both are
 * read in one way. Source: libnftables-json(5).
 */
import { durationText } from './list.js';
import { ListingError } from './tokens.js';

type Json = unknown;
type Fields = Readonly<Record<string, Json>>;

function fieldsOf(value: Json): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

const listOf = (value: Json): readonly Json[] => (Array.isArray(value) ? value : value === undefined ? [] : [value]);

/** An object of one key, by which libnftables names what it is. */
function only(value: Json): readonly [name: string, body: Json] | undefined {
  const entries = Object.entries(fieldsOf(value));
  return entries.length === 1 ? entries[0] : undefined;
}

/** Whatever is not understood: words that the reader of listings does not know either. */
const unknown = (value: Json) => `json ${JSON.stringify(value).replaceAll('"', "'")}`;

const quoted = (value: Json) => `"${String(value)}"`;

// Words with a space, and names that a listing quotes.
const plain = (value: Json) => (/[\s{};,#]/.test(String(value)) ? quoted(value) : String(value));

const BINARY = new Set(['&', '|', '^', '<<', '>>']);

function binary(operator: string, body: Json): string {
  const [left, right] = listOf(body);
  const shown = Array.isArray(right) ? `(${right.map(expression).join(' | ')})` : expression(right);
  return `${expression(left)} ${operator} ${shown}`;
}

function payload({ protocol, field, base, offset, len }: Fields): string {
  return protocol === undefined ? `@${base},${offset},${len}` : `${protocol} ${field}`;
}

function element(value: Json): string {
  const { elem } = fieldsOf(value);
  if (elem === undefined) return expression(value);
  const { val, timeout, expires, counter, comment } = fieldsOf(elem);
  const { packets, bytes } = fieldsOf(counter);
  const parts = [expression(val)];
  if (timeout !== undefined) parts.push(`timeout ${durationText(Number(timeout))}`);
  if (expires !== undefined) parts.push(`expires ${durationText(Number(expires))}`);
  if ('counter' in fieldsOf(elem))
    parts.push(packets === undefined ? 'counter' : `counter packets ${packets} bytes ${bytes}`);
  if (comment !== undefined) parts.push(`comment ${quoted(comment)}`);
  return parts.join(' ');
}

/** An element of a set, or a key and what a map has for it. */
function entry(value: Json): string {
  if (!Array.isArray(value) || value.length !== 2) return element(value);
  const [key, data] = value;
  return `${element(key)} : ${verdict(data) ?? expression(data)}`;
}

const EXPRESSIONS: Readonly<Record<string, (body: Json) => string>> = {
  prefix: (body) => `${expression(fieldsOf(body).addr)}/${fieldsOf(body).len}`,
  range: (body) => listOf(body).map(expression).join('-'),
  set: (body) => `{ ${listOf(body).map(entry).join(', ')} }`,
  concat: (body) => listOf(body).map(expression).join(' . '),
  elem: (body) => element({ elem: body }),
  payload: (body) => payload(fieldsOf(body)),
  meta: (body) => `meta ${fieldsOf(body).key}`,
  ct: (body) => {
    const { key, dir, family } = fieldsOf(body);
    return ['ct', ...[dir, family, key].filter((one) => one !== undefined)].join(' ');
  },
  fib: (body) => `fib ${listOf(fieldsOf(body).flags).join(' . ')} ${fieldsOf(body).result}`,
  numgen: (body) => {
    const { mode, mod, offset } = fieldsOf(body);
    return `numgen ${mode} mod ${mod}${offset === undefined || offset === 0 ? '' : ` offset ${offset}`}`;
  },
  rt: (body) => `rt ${fieldsOf(body).key}`,
  'tcp option': (body) => `tcp option ${fieldsOf(body).name} ${fieldsOf(body).field}`,
  map: (body) => `${expression(fieldsOf(body).key)} map ${expression(fieldsOf(body).data)}`,
};

function expression(value: Json): string {
  if (typeof value === 'boolean') return value ? 'exists' : 'missing';
  if (typeof value === 'string') return plain(value);
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) return value.map(expression).join(',');
  const [name = '', body] = only(value) ?? [];
  if (BINARY.has(name)) return binary(name, body);
  return Object.hasOwn(EXPRESSIONS, name) ? (EXPRESSIONS[name] as (of: Json) => string)(body) : unknown(value);
}

function verdict(value: Json): string | undefined {
  const [name, body] = only(value) ?? [];
  if (name === 'accept' || name === 'drop' || name === 'return' || name === 'continue') return name;
  return name === 'jump' || name === 'goto' ? `${name} ${fieldsOf(body).target}` : undefined;
}

function match(body: Json): string {
  const { op, left, right } = fieldsOf(body);
  const words = [expression(left)];
  // A listing has an operator only where it is another one, or where bits are taken out of a value before.
  if (op !== 'in' && (op !== '==' || BINARY.has(only(left)?.[0] ?? ''))) words.push(String(op));
  return [...words, expression(right)].join(' ');
}

function limit(body: Json): string {
  if (typeof body === 'string') return `limit name ${quoted(body)}`;
  const { rate, per, burst, inv, rate_unit: unit, burst_unit: burstUnit } = fieldsOf(body);
  const size = unit === undefined ? '' : ` ${unit}`;
  const shown = burst === undefined || burst === 0 || (unit === undefined && burst === 5);
  return (
    'limit rate ' +
    `${inv === true ? 'over ' : ''}${rate}${size}/${per ?? 'second'}` +
    `${shown ? '' : ` burst ${burst} ${burstUnit ?? 'packets'}`}`
  );
}

function counter(body: Json): string {
  if (typeof body === 'string') return `counter name ${quoted(body)}`;
  const { packets, bytes } = fieldsOf(body);
  return packets === undefined ? 'counter' : `counter packets ${packets} bytes ${bytes}`;
}

function log(body: Json): string {
  const words = ['log'];
  for (const [name, value] of Object.entries(fieldsOf(body)))
    words.push(`${name} ${name === 'prefix' ? quoted(value) : listOf(value).join(',')}`);
  return words.join(' ');
}

function reject(family: string, body: Json): string {
  const { type, expr } = fieldsOf(body);
  if (type === undefined) return 'reject';
  if (type === 'tcp reset') return 'reject with tcp reset';
  const own = { ip: 'icmp', ip6: 'icmpv6' }[family] ?? 'icmpx';
  return type === own && expr === 'port-unreachable' ? 'reject' : `reject with ${type} ${expr}`;
}

function nat(kind: string, body: Json): string {
  const { family, addr, port, flags, type_flags: types } = fieldsOf(body);
  // What translates whole networks is not understood, whichever way it is written.
  if (listOf(flags).includes('netmap') || listOf(types).includes('prefix')) return unknown({ [kind]: body });
  const address = addr === undefined ? '' : expression(addr);
  const isSimple = address.includes(':') && !address.includes(' ') && port !== undefined;
  const to = `${isSimple ? `[${address}]` : address}${port === undefined ? '' : `:${expression(port)}`}`;
  const words = [kind, ...(family === undefined ? [] : [family]), ...(to === '' ? [] : ['to', to])];
  const shown = listOf(flags).join(',');
  return [...words, ...(shown === '' ? [] : [shown])].join(' ');
}

function update(body: Json): string {
  const { op, elem, set, stmt } = fieldsOf(body);
  const more = listOf(stmt).map((one) => ` ${statement('', one)}`);
  return `${op} ${set} { ${element(elem)}${more.join('')} }`;
}

/**
 * A match or target of iptables' own, of which the JSON has no more than the name: the text form has more, and
 * `iptables-save` all of it.
 */
function ofIptables(body: Json): string {
  const { type, name } = fieldsOf(body);
  if (type === 'match' && name === 'comment') return '';
  if (type === 'target' && (name === 'LOG' || name === 'NFLOG')) return 'log';
  return type === 'target' && name === 'REJECT' ? 'reject' : `xt ${type} ${name}`;
}

function statement(family: string, value: Json): string {
  const decided = verdict(value);
  if (decided !== undefined) return decided;
  const [name = '', body] = only(value) ?? [];
  switch (name) {
    case 'match':
      return match(body);
    case 'vmap':
      return `${expression(fieldsOf(body).key)} vmap ${expression(fieldsOf(body).data)}`;
    case 'mangle':
      return `${expression(fieldsOf(body).key)} set ${expression(fieldsOf(body).value)}`;
    case 'counter':
      return counter(body);
    case 'limit':
      return limit(body);
    case 'log':
      return log(body);
    case 'notrack':
      return 'notrack';
    case 'reject':
      return reject(family, body);
    case 'snat':
    case 'dnat':
    case 'masquerade':
    case 'redirect':
      return nat(name, body);
    case 'set':
      return update(body);
    case 'ct helper':
      return `ct helper set ${quoted(body)}`;
    case 'xt':
      return ofIptables(body);
    default:
      return unknown(value);
  }
}

function chainText(family: string, fields: Fields, rules: readonly Fields[]): string {
  const { name, type, hook, prio, policy, comment } = fields;
  const lines: string[] = [];
  if (comment !== undefined) lines.push(`comment ${quoted(comment)}`);
  if (hook !== undefined) lines.push(`type ${type} hook ${hook} priority ${prio}; policy ${policy ?? 'accept'};`);
  for (const rule of rules) {
    const words = listOf(rule.expr)
      .map((one) => statement(family, one))
      .filter((word) => word !== '');
    if (rule.comment !== undefined) words.push(`comment ${quoted(rule.comment)}`);
    lines.push(words.join(' '));
  }
  return `\tchain ${name} {\n${lines.map((line) => `\t\t${line}\n`).join('')}\t}\n`;
}

function setText(kind: string, fields: Fields): string {
  const { name, type, map, flags, elem, timeout, size, policy, comment, stmt } = fields;
  const parts = fieldsOf(type).typeof ?? type;
  const key = Array.isArray(parts) ? parts.join(' . ') : String(parts);
  const data = kind === 'map' ? ` : ${Array.isArray(map) ? map.join(' . ') : map}` : '';
  const lines = [`type ${key}${data}`];
  if (size !== undefined) lines.push(`size ${size}`);
  if (flags !== undefined) lines.push(`flags ${listOf(flags).join(',')}`);
  if (timeout !== undefined) lines.push(`timeout ${durationText(Number(timeout))}`);
  if (fields['gc-interval'] !== undefined) lines.push(`gc-interval ${durationText(Number(fields['gc-interval']))}`);
  if (policy !== undefined) lines.push(`policy ${policy}`);
  if (fields['auto-merge'] === true) lines.push('auto-merge');
  for (const one of listOf(stmt)) lines.push(statement('', one));
  if (comment !== undefined) lines.push(`comment ${quoted(comment)}`);
  if (listOf(elem).length > 0) lines.push(`elements = { ${listOf(elem).map(entry).join(', ')} }`);
  return `\t${kind} ${name} {\n${lines.map((line) => `\t\t${line}\n`).join('')}\t}\n`;
}

interface OfTable {
  readonly fields: Fields;
  readonly sets: string[];
  readonly chains: Map<unknown, { readonly fields: Fields; readonly rules: Fields[] }>;
}

function require(found: OfTable | undefined, kind: string, { family, table, name }: Fields): OfTable {
  if (found !== undefined) return found;
  throw new ListingError(
    `the ${kind}${name === undefined ? '' : ` ${name}`} is of table ${family} ${table}, which is not listed before`,
    1,
  );
}

/** Whether a text is JSON rather than a listing: a listing begins with a word. */
export function isJson(text: string): boolean {
  return /^\s*[{[]/.test(text);
}

/**
 * The listing that `nft list ruleset` prints of the rules that `nft -j list ruleset` prints.
 *
 * @throws ListingError for text that is not such JSON
 */
export function listingOfJson(text: string): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new ListingError(`the text is not JSON: ${error instanceof Error ? error.message : String(error)}`, 1);
  }
  const { nftables } = fieldsOf(parsed);
  if (!Array.isArray(nftables)) throw new ListingError('the JSON has no list "nftables"', 1);
  if (nftables.length === 0)
    throw new ListingError('the list "nftables" is empty: not even the version of nft is there', 1);
  const tables = new Map<string, OfTable>();
  for (const [index, object] of nftables.entries()) {
    const [kind, body] = only(object) ?? [];
    const fields = fieldsOf(body);
    if (kind === undefined) throw new ListingError(`/nftables/${index} is no object of one key`, 1);
    if (kind === 'metainfo') continue;
    const of = tables.get(`${fields.family} ${fields.table}`);
    if (kind === 'table') tables.set(`${fields.family} ${fields.name}`, { fields, sets: [], chains: new Map() });
    else if (kind === 'chain') require(of, kind, fields).chains.set(fields.name, { fields, rules: [] });
    else if (kind === 'set' || kind === 'map') require(of, kind, fields).sets.push(setText(kind, fields));
    else if (kind === 'rule') {
      const chain = require(of, kind, fields).chains.get(fields.chain);
      if (chain === undefined)
        throw new ListingError(`/nftables/${index} is of chain ${fields.chain}, which is not listed before`, 1);
      chain.rules.push(fields);
    }
  }
  return [...tables.values()]
    .map(({ fields: { family, name, comment }, sets, chains }) => {
      const note = comment === undefined ? '' : `\tcomment ${quoted(comment)}\n`;
      const objects = [...sets, ...[...chains.values()].map((one) => chainText(String(family), one.fields, one.rules))];
      return `table ${family} ${name} {\n${note}${objects.join('\n')}}\n`;
    })
    .join('');
}
