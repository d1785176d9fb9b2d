/** Nodes that nothing tells apart for packets which come to their pods from elsewhere. */
import { remember } from '../base/remember.js';
import type { Fabric } from './fabric.js';
import type { AddressBook } from './network.js';

const numbers = new WeakMap<object, number>();
let count = 0;

/** A number that stands for an object. */
export function numberOf(object: object): number {
  return remember(numbers, object, () => ++count);
}

const known = new WeakMap<AddressBook, Map<string, string | undefined>>();

/**
 * Equal for nodes that treat packets to their pods alike, as far as these come from none of their own addresses or
 * pods; undefined for a node that may be like no other, as one that is down.
 */
export function nodeLikeness(fabric: Fabric, node: string): string | undefined {
  const byNode = remember(known, fabric.book, () => new Map<string, string | undefined>());
  if (!byNode.has(node)) byNode.set(node, likenessOfNode(fabric, node));
  return byNode.get(node);
}

function likenessOfNode(fabric: Fabric, node: string): string | undefined {
  if (!fabric.cluster.nodes.has(node) || fabric.isDown(node)) return undefined;
  const { own, bridge, podCidrs } = fabric.book.addressesOf(node);
  const has = [own.length > 0, bridge !== undefined, podCidrs.length];
  return [numberOf(fabric.settings.proxyOf(node)), ...has].join(' ');
}
