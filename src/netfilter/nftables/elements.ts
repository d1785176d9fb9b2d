import { addressOf, addressWidth, formatAddress, networkOf } from '../../base/address.js';
import { protocolNumber } from '../protocols.js';
import { savedValue } from './expressions/value.js';
import type { Element, Verdict } from './types.js';
import { isInterval, numberOf, rangeOf, unquoted, type ValueType } from './values.js';

/** A verdict as it is written. */
export function verdictText(verdict: Verdict): string {
  return 'chain' in verdict ? `${verdict.kind} ${verdict.chain}` : verdict.kind;
}

/** Several values as they are written: one to five, for which `join` takes longer. */
function joined(values: readonly string[]): string {
  let text = values[0] ?? '';
  for (let i = 1; i < values.length; i++) text += ` . ${values[i]}`;
  return text;
}

/** An element's key as it is written. */
export function keyText({ key }: Element): string {
  return joined(key);
}

/** An element in kube-proxy's spelling: `10.0.0.1 . tcp . 80 comment "x" : goto chain`. */
export function writeElement({ key, comment, verdict, data }: Element): string {
  let text = joined(key);
  if (comment !== undefined) text += ` comment "${comment}"`;
  if (verdict !== undefined) return `${text} : ${verdictText(verdict)}`;
  return data === undefined ? text : `${text} : ${joined(data)}`;
}

/** An element as `nft list` prints it. */
export function saveElement({ key, comment, verdict, data, notes }: Element, types: readonly ValueType[]): string {
  let text = key.map((part, i) => savedValue(part, types[i] ?? 'name')).join(' . ');
  if (notes !== undefined) text += ` ${notes}`;
  if (comment !== undefined) text += ` comment "${comment}"`;
  if (verdict !== undefined) return `${text} : ${verdictText(verdict)}`;
  return data === undefined ? text : `${text} : ${data.join(' . ')}`;
}

function padded(bytes: number[]): number[] {
  while (bytes.length % 4 !== 0) bytes.push(0);
  return bytes;
}

function addressBytes(text: string): number[] {
  const address = addressOf(text) ?? networkOf(text);
  if (address === undefined) return [0, 0, 0, 0];
  const bytes: number[] = [];
  for (let shift = addressWidth(address.family) - 8; shift >= 0; shift -= 8) {
    bytes.push(Number((address.bits >> BigInt(shift)) & 0xffn));
  }
  return bytes;
}

/** A value as the kernel keeps it in a key, padded to a register. */
function bytesOf(text: string, type: ValueType): number[] {
  switch (type) {
    case 'ipv4_addr':
    case 'ipv6_addr':
      return addressBytes(text);
    case 'inet_proto':
      return padded([protocolNumber(text) ?? 0]);
    case 'inet_service': {
      const port = numberOf(rangeOf(text)?.[0] ?? text) ?? 0;
      return padded([port >> 8, port & 255]);
    }
    case 'mark':
    case 'number': {
      const number = numberOf(text) ?? 0;
      return [number & 255, (number >> 8) & 255, (number >> 16) & 255, number >>> 24];
    }
    default:
      return padded([...unquoted(text)].map((character) => character.charCodeAt(0)));
  }
}

/**
 * How nft orders an element: single values by number, concatenated keys as one number of the host, whose last byte
 * counts most.
 */
function orderOf(key: readonly string[], types: readonly ValueType[]): bigint {
  const bytes = key.flatMap((part, i) => bytesOf(part, types[i] ?? 'name'));
  const bigEndian =
    key.length === 1 && (types[0] === 'ipv4_addr' || types[0] === 'ipv6_addr' || types[0] === 'inet_service');
  let value = 0n;
  for (const byte of bigEndian ? bytes : bytes.reverse()) value = (value << 8n) | BigInt(byte);
  return value;
}

/** Elements in the order in which nft prints them. */
export function sortElements(elements: readonly Element[], types: readonly ValueType[]): readonly Element[] {
  // Names are ordered by numbers that a listing does not show: they keep the order of the text.
  if (elements.length < 2 || types.some((type) => type === 'name' || type === 'ifname')) return elements;
  const known = elements.map((element) => ({ element, order: orderOf(element.key, types) }));
  known.sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0));
  return known.map(({ element }) => element);
}

interface Interval {
  from: bigint;
  to: bigint;
  text: string;
}

function intervalOf(text: string): Interval | undefined {
  const range = rangeOf(text);
  if (range !== undefined) {
    const [from, to] = [addressOf(range[0]), addressOf(range[1])];
    return from && to && { from: from.bits, to: to.bits, text };
  }
  const network = networkOf(text);
  if (network === undefined) return undefined;
  const size = 1n << BigInt(addressWidth(network.family) - network.length);
  return { from: network.bits, to: network.bits + size - 1n, text };
}

/** The one text of the addresses from `from` to `to`: an address, a prefix where it is one, or a range. */
function spanText(from: bigint, to: bigint, family: 'IPv4' | 'IPv6'): string {
  if (from === to) return formatAddress(family, from);
  const size = to - from + 1n;
  const isPrefix = (size & (size - 1n)) === 0n && from % size === 0n;
  if (!isPrefix) return `${formatAddress(family, from)}-${formatAddress(family, to)}`;
  return `${formatAddress(family, from)}/${addressWidth(family) - (size.toString(2).length - 1)}`;
}

/** Addresses and prefixes of a set of intervals as the kernel has them: what overlaps or touches is one. */
function merged(elements: readonly Element[], type: ValueType): readonly Element[] {
  const intervals: Interval[] = [];
  for (const { key } of elements) {
    const interval = intervalOf(key[0] ?? '');
    if (interval === undefined) return elements;
    intervals.push(interval);
  }
  intervals.sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : a.to > b.to ? -1 : 1));
  const kept: Interval[] = [];
  for (const interval of intervals) {
    const last = kept.at(-1);
    if (last !== undefined && interval.from <= last.to + 1n) {
      if (interval.to > last.to) last.to = interval.to;
      last.text = '';
    } else kept.push(interval);
  }
  const family = type === 'ipv4_addr' ? 'IPv4' : 'IPv6';
  return kept.map(({ from, to }) => ({ key: [spanText(from, to, family)] }));
}

/**
 * The elements of a set as `nft list` prints them; those of an anonymous set of addresses are merged where they touch.
 */
export function saveElements(
  elements: readonly Element[],
  types: readonly ValueType[],
  anonymous = false,
): readonly string[] {
  const [type = 'name'] = types;
  const mergeable =
    anonymous &&
    types.length === 1 &&
    (type === 'ipv4_addr' || type === 'ipv6_addr') &&
    elements.some(({ key }) => isInterval(key[0] ?? '', type)) &&
    elements.every(({ verdict, data }) => verdict === undefined && data === undefined);
  const shown = mergeable ? merged(elements, type) : sortElements(elements, types);
  return shown.map((element) => saveElement(element, types));
}
