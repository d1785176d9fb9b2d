import type { IPFamily } from '../../base/address.js';
import type { Rule } from '../ruleset.js';
import { saveElement, sortElements } from './elements.js';
import type { SetDeclaration } from './nft-table.js';
import { saveRule } from './statements/index.js';
import type { Element } from './types.js';
import type { ValueType } from './values.js';

/** Objects as `nft -s list ruleset` 1.0 prints them. */

export interface ListedChain {
  readonly name: string;
  readonly base?: { readonly type: string; readonly hook: string; readonly priority: number; readonly policy?: string };
  readonly comment?: string;
  readonly rules: readonly Rule[];
}

export interface ListedSet {
  readonly declaration: SetDeclaration;
  readonly elements: readonly Element[];
  /** From a listing: the elements are in nft's order. */
  readonly isListed?: boolean;
}

/** Priorities that have a name, for the families ip, ip6 and inet; dstnat only where packets come in. */
const PRIORITIES: Readonly<Record<string, number>> = {
  raw: -300,
  mangle: -150,
  dstnat: -100,
  filter: 0,
  security: 50,
  srcnat: 100,
};

/** `filter`, `dstnat - 10`, `-110`: a name where one is at most 10 away that the hook knows. */
function priorityText(hook: string, priority: number): string {
  for (const [name, value] of Object.entries(PRIORITIES)) {
    if (name === 'dstnat' && hook !== 'prerouting') continue;
    if (name === 'srcnat' && hook !== 'postrouting') continue;
    const offset = priority - value;
    if (offset === 0) return name;
    if (Math.abs(offset) <= 10) return `${name} ${offset < 0 ? '-' : '+'} ${Math.abs(offset)}`;
  }
  return String(priority);
}

/** The number that a priority of a listing stands for; undefined for one that is not understood. */
export function priorityOf(text: string): number | undefined {
  if (/^-?\d+$/.test(text)) return Number(text);
  const [, name = '', sign, offset = '0'] = /^([a-z]+)(?:\s*([+-])\s*(\d+))?$/.exec(text) ?? [];
  const value = Object.hasOwn(PRIORITIES, name) ? PRIORITIES[name] : undefined;
  if (value === undefined) return undefined;
  return sign === '-' ? value - Number(offset) : value + Number(offset);
}

/** Seconds as nft prints them: `3h`, `30m`, `1d2h3m4s`. */
export function durationText(seconds: number): string {
  const parts: string[] = [];
  let rest = seconds;
  for (const [unit, size] of [
    ['d', 86400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ] as const) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count}${unit}`);
  }
  return parts.length === 0 ? '0s' : parts.join('');
}

/** So many elements the kernel lets a dynamic set have where nothing is said. */
const DEFAULT_SIZE = 65535;

export function listSet({ declaration, elements, isListed }: ListedSet): string {
  const { name, isMap, type, data, typeText, flags, timeout, size, comment, notes } = declaration;
  const lines = [typeText ?? `type ${type.join(' . ')}${isMap ? ` : ${(data ?? ['verdict']).join(' . ')}` : ''}`];
  const shownSize = size ?? (flags?.includes('dynamic') === true ? DEFAULT_SIZE : undefined);
  if (shownSize !== undefined) lines.push(`size ${shownSize}`);
  if (flags !== undefined) lines.push(`flags ${flags.join(',')}`);
  if (timeout !== undefined) lines.push(`timeout ${durationText(timeout)}`);
  lines.push(...(notes ?? []));
  if (comment !== undefined) lines.push(`comment "${comment}"`);
  if (elements.length > 0) lines.push(`elements = { ${elementsText(elements, type, isListed === true)} }`);
  const body = lines.map((line) => `\t\t${line}\n`).join('');
  return `\t${isMap ? 'map' : 'set'} ${name} {\n${body}\t}\n`;
}

const BETWEEN = ',\n\t\t\t     ';

/**
 * How many elements nft prints on a line, by the type of a key of one part; 1 for other types (calculate_delim in nft's
 * expression.c).
 */
const PER_LINE: Readonly<Record<string, number>> = {
  ipv4_addr: 2,
  ct_state: 2,
  inet_service: 5,
  inet_proto: 5,
  mark: 5,
};

function elementsText(elements: readonly Element[], types: readonly string[], isListed: boolean): string {
  const valueTypes = types as readonly ValueType[];
  const shown = isListed ? elements : sortElements(elements, valueTypes);
  const texts = shown.map((element) => saveElement(element, valueTypes));
  const perLine = types.length > 1 ? 1 : (PER_LINE[types[0] ?? ''] ?? 1);
  const lines: string[] = [];
  for (let i = 0; i < texts.length; i += perLine) lines.push(texts.slice(i, i + perLine).join(', '));
  return lines.join(BETWEEN);
}

export function listChain({ name, base, comment, rules }: ListedChain, family: IPFamily): string {
  let text = `\tchain ${name} {\n`;
  if (comment !== undefined) text += `\t\tcomment "${comment}"\n`;
  if (base !== undefined) {
    const priority = priorityText(base.hook, base.priority);
    text += `\t\ttype ${base.type} hook ${base.hook} priority ${priority}; policy ${base.policy ?? 'accept'};\n`;
  }
  for (const rule of rules) text += `\t\t${rule.text ?? saveRule(rule, family)}\n`;
  return `${text}\t}\n`;
}

/** A table around what {@link listSet} and {@link listChain} made. */
export function listTable(head: string, comment: string | undefined, objects: readonly string[]): string {
  const note = comment === undefined ? '' : `\tcomment "${comment}"\n`;
  return `table ${head} {\n${note}${objects.join('\n')}}\n`;
}
