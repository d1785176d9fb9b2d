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

/** What is known of nodes: their likenesses, and whether nodes of a kind are modelled. */
class Known {
  readonly likenesses = new Map<string, string | undefined>();
  readonly modelled = new Map<string, boolean>();
}

const known = new WeakMap<AddressBook, Known>();

/**
 * Equal for nodes that treat packets to their pods alike, as far as these come from none of their own addresses or
 * pods; undefined for a node that may be like no other, as one that is down or not modelled.
 */
export function nodeLikeness(fabric: Fabric, node: string): string | undefined {
  const { likenesses, modelled } = remember(known, fabric.book, () => new Known());
  if (!likenesses.has(node)) likenesses.set(node, likenessOfNode(fabric, node, modelled));
  return likenesses.get(node);
}

function likenessOfNode(fabric: Fabric, node: string, modelled: Map<string, boolean>): string | undefined {
  const object = fabric.cluster.nodes.get(node);
  if (object === undefined || fabric.isDown(node)) return undefined;
  // What is programmed depends on nothing else of a node. Not asked of each: that makes a program for it.
  const kind = `${numberOf(fabric.settings.proxyOf(node))} ${object.status?.nodeInfo?.operatingSystem}`;
  if (!remember(modelled, kind, () => fabric.unmodelled(node) === undefined)) return undefined;
  const { own, bridge, podCidrs } = fabric.book.addressesOf(node);
  return [kind, own.length > 0, bridge !== undefined, podCidrs.length].join(' ');
}
