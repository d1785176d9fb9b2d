/**
 * Elements of a set of intervals that overlap: the kernel takes none, so a text that has some is not what nft prints.
 */
import { addressOf, addressWidth, networkOf } from '../../base/address.js';
import type { Element } from './types.js';
import { isInterval, numberOf, rangeOf, type ValueType } from './values.js';

interface Span {
  readonly from: bigint | number;
  readonly to: bigint | number;
  readonly text: string;
}

function addressSpan(text: string): Span | undefined {
  const [from, to] = (rangeOf(text) ?? []).map(addressOf);
  if (from !== undefined && to !== undefined) return { from: from.bits, to: to.bits, text };
  const network = networkOf(text);
  if (network === undefined) return undefined;
  const size = 1n << BigInt(addressWidth(network.family) - network.length);
  return { from: network.bits, to: network.bits + size - 1n, text };
}

function numberSpan(text: string): Span | undefined {
  const [first = text, last = text] = rangeOf(text) ?? [];
  const [from, to] = [numberOf(first), numberOf(last)];
  return from === undefined || to === undefined ? undefined : { from, to, text };
}

/**
 * Two elements of a set with keys of one part that hold the same value; undefined where none do, or where it cannot be
 * seen.
 */
export function overlapOf(
  elements: readonly Element[],
  types: readonly ValueType[],
): readonly [string, string] | undefined {
  const [type = 'name'] = types;
  if (types.length !== 1 || type === 'name' || type === 'ifname' || type === 'inet_proto') return undefined;
  const texts = elements.flatMap(({ key: [text] }) => (text === undefined || text === '*' ? [] : [text]));
  if (!texts.some((text) => isInterval(text, type))) return undefined;
  const spanOf = type === 'ipv4_addr' || type === 'ipv6_addr' ? addressSpan : numberSpan;
  const spans = texts
    .flatMap((text) => spanOf(text) ?? [])
    .sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0));
  let last: Span | undefined;
  for (const span of spans) {
    if (last !== undefined && span.from <= last.to) return [last.text, span.text];
    last = span;
  }
  return undefined;
}
