import type { IPFamily } from '../../base/address.js';
import type { LeftOut } from '../left-out.js';
import type { WalkContext } from '../walk/walk-context.js';
import { saveElement, saveElements, writeElement } from './elements.js';
import type { NamedSet, NftTable } from './nft-table.js';
import type { AnonymousSet, Element, SetReference } from './types.js';
import { canonicalValue, holdsValue, isInterval, type ValueType } from './values.js';

/** The set of the rule's own table that a reference names. */
export function namedSet(reference: SetReference, { table }: WalkContext): NamedSet | undefined {
  const own = table as NftTable | undefined;
  return own?.set?.(reference.name);
}

/** Whether nothing is known of what the set holds. */
export function isIncomplete(set: SetReference | AnonymousSet, context: WalkContext): boolean {
  return set.kind === 'reference' && namedSet(set, context) === undefined;
}

/** Finds keys among elements: single values by their text, prefixes and ranges one by one. */
export class ElementIndex {
  readonly #single = new Map<string, Element>();
  readonly #intervals: Element[] = [];
  readonly #types: readonly ValueType[];
  #any: Element | undefined;

  constructor(elements: Iterable<Element>, types: readonly ValueType[]) {
    this.#types = types;
    for (const element of elements) {
      const { key } = element;
      if (key.length === 1 && key[0] === '*') this.#any = element;
      else if (key.some((part, i) => isInterval(part, types[i] ?? 'name'))) this.#intervals.push(element);
      else this.#single.set(key.map((part, i) => canonicalValue(part, types[i] ?? 'name')).join(' . '), element);
    }
  }

  find(key: readonly string[]): Element | undefined {
    const single = this.#single.get(key.join(' . '));
    if (single !== undefined) return single;
    const types = this.#types;
    const holds = (element: Element) =>
      element.key.length === key.length &&
      element.key.every((part, i) => holdsValue(part, key[i] as string, types[i] ?? 'name'));
    return this.#intervals.find(holds) ?? this.#any;
  }
}

const indexes = new WeakMap<AnonymousSet, ElementIndex>();

function indexOf(set: AnonymousSet, types: readonly ValueType[]): ElementIndex {
  let index = indexes.get(set);
  if (index === undefined) {
    index = new ElementIndex(set.elements, types);
    indexes.set(set, index);
  }
  return index;
}

/** The element of the set that holds the key. */
export function findIn(
  set: SetReference | AnonymousSet,
  key: readonly string[] | undefined,
  types: readonly ValueType[],
  context: WalkContext,
): Element | undefined {
  if (key === undefined) return undefined;
  return set.kind === 'set' ? indexOf(set, types).find(key) : namedSet(set, context)?.find(key);
}

/** The types of a map's data, by what its first element holds. */
export function dataTypes(map: SetReference | AnonymousSet, family: IPFamily): readonly ValueType[] {
  const address = family === 'IPv4' ? 'ipv4_addr' : 'ipv6_addr';
  const data = map.kind === 'set' ? map.elements[0]?.data : undefined;
  return (data ?? ['']).map((_, i) => (i === 0 ? address : 'inet_service'));
}

/** So many elements of a very long map are shown. */
const SHOWN = 5;

/** The beginning of a very long map, and how many more elements it has. */
function shortened(
  { elements }: AnonymousSet,
  leftOut: readonly LeftOut[],
  text: (element: Element) => string,
): string {
  const shown = elements.slice(0, SHOWN);
  const all = leftOut.reduce((sum, { count }) => sum + count, elements.length);
  return `{ ${shown.map(text).join(', ')}, … ${all - shown.length} more }`;
}

/** A set in kube-proxy's spelling. */
export function writeSet(set: SetReference | AnonymousSet): string {
  if (set.kind === 'reference') return `@${set.name}`;
  if (set.leftOut !== undefined) return shortened(set, set.leftOut, writeElement);
  let text = '{ ';
  for (const [i, element] of set.elements.entries())
    text += `${i === 0 ? '' : set.isCompact === true ? ',' : ' , '}${writeElement(element)}`;
  return `${text} }`;
}

/** A set as `nft list` prints it: elements in the order of their values. */
export function saveSet(set: SetReference | AnonymousSet, types: readonly ValueType[]): string {
  if (set.kind === 'reference') return `@${set.name}`;
  if (set.leftOut !== undefined) return shortened(set, set.leftOut, (element) => saveElement(element, types));
  const texts = set.isListed
    ? set.elements.map((element) => saveElement(element, types))
    : saveElements(set.elements, types, true);
  return `{ ${texts.join(', ')} }`;
}
