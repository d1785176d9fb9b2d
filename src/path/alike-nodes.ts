/**
 * Nodes that nothing tells apart but the endpoints on them: where two of them, each with one of the endpoints, pass
 * packets to every endpoint in the same way, all of them do.
 */
import { equals } from '../base/fraction.js';
import { remember } from '../base/remember.js';
import type { Fabric } from './fabric.js';
import type { Journey } from './trail.js';

/** Ways in of which each is as `of` is. */
export interface Alike<T> {
  readonly all: readonly T[];
  readonly of: T;
}

/** What is known of some ways in: where they come in, and where each leads. */
export interface WaysIn<T> {
  /** The address of its client. */
  sourceOf(item: T): string | undefined;
  entriesOf(item: T): readonly string[];
  /** Whether a node may have rules that keep packets to the endpoints on it. Default: it has none. */
  readonly keepsOwn?: boolean;
  /** The journeys of one, their chances summing to the same for each. */
  walk(item: T): readonly Journey[];
}

/**
 * Where journeys all reach pods that are endpoints: whether all of these see the client's address, or none does.
 * Undefined for other journeys.
 */
function reachPods(fabric: Fabric, journeys: readonly Journey[], source: string | undefined): boolean | undefined {
  const kept = journeys[0]?.packet.source === source;
  const fits = journeys.every(({ verdict, receiver, packet }) => {
    if (verdict !== 'DELIVERED' || receiver?.endpoint !== true || (packet.source === source) !== kept) return false;
    return fabric.places.locate(receiver.address).kind === 'POD';
  });
  return fits ? kept : undefined;
}

function sameWays(a: readonly Journey[], b: readonly Journey[]): boolean {
  if (a.length !== b.length) return false;
  return a.every(({ receiver, chance }, index) => {
    const other = b[index] as Journey;
    return (
      receiver?.address === other.receiver?.address &&
      receiver?.port === other.receiver?.port &&
      equals(chance.nominal, other.chance.nominal) &&
      equals(chance.programmed, other.chance.programmed) &&
      chance.roundRobin === other.chance.roundRobin &&
      JSON.stringify(chance.basis) === JSON.stringify(other.chance.basis)
    );
  });
}

/**
 * Ways in over nodes of one class, as few as they are alike; in the order of the first of each. Walks a few of them.
 */
export function alikeNodes<T>(
  fabric: Fabric,
  items: readonly T[],
  { sourceOf, entriesOf, walk, keepsOwn = false }: WaysIn<T>,
): readonly Alike<T>[] {
  const apart = (some: readonly T[]) => some.map((of) => ({ all: [of], of }));
  const [any] = items;
  if (any === undefined || items.length < 3 || fabric.walksEach) return apart(items);
  const known = new Map<T, readonly Journey[]>();
  const journeysOf = (item: T) => remember(known, item, () => walk(item));
  const holders = new Set(journeysOf(any).map(({ receiver }) => receiver?.node));
  const isHolder = (item: T) => entriesOf(item).some((node) => holders.has(node));
  const [holding, others] = [items.filter(isHolder), items.filter((item) => !isHolder(item))];
  const [first, second] = holding;
  const seenBy = (item: T) => reachPods(fabric, journeysOf(item), sourceOf(item));
  const alike = (a: T, b: T) => {
    const seen = seenBy(a);
    return seen !== undefined && seen === seenBy(b) && sameWays(journeysOf(a), journeysOf(b));
  };
  const fits = first !== undefined && second !== undefined && alike(first, second);
  const [other] = others;
  if (other === undefined) return fits ? [{ all: holding, of: first }] : apart(holding);
  // A node that keeps to its own endpoints has ways of its own, whatever the one that was walked has.
  if (keepsOwn && !(fits && alike(first, other))) return apart(items);
  return [
    ...(fits ? [{ all: holding, of: first }] : apart(holding)),
    // Nodes of which no endpoint is chosen are as nodes without endpoints.
    { all: others, of: other },
  ];
}
