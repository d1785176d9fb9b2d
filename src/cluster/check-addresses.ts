import { addressFamily } from '../base/address.js';
import type { EndpointSlice, Node } from './objects.js';
import { type Placed, placeOf } from './placed.js';
import type { SnapshotProblems } from './problems.js';

function checkNode(node: Node, placed: Placed, problems: SnapshotProblems): void {
  for (const [index, { type, address }] of (node.status?.addresses ?? []).entries()) {
    if ((type === 'InternalIP' || type === 'ExternalIP') && addressFamily(address) === undefined) {
      const detail = `address is ${JSON.stringify(address)}; an ${type} must be an IPv4 or IPv6 address.`;
      problems.add(`${placeOf(placed)}/status/addresses/${index}/address`, detail, placed.file);
    }
  }
}

function checkSlice(slice: EndpointSlice, placed: Placed, problems: SnapshotProblems): void {
  const { addressType, endpoints } = slice;
  if (addressType === 'FQDN') return;
  // Plain loops: snapshots hold hundreds of thousands of endpoints.
  for (let i = 0; i < endpoints.length; i++) {
    const addresses = endpoints[i]?.addresses ?? [];
    for (let j = 0; j < addresses.length; j++) {
      const address = addresses[j] as string;
      const family = addressFamily(address);
      if (family === addressType) continue;
      const is = family === undefined ? 'no IP address' : `of ${family}`;
      const detail = `addresses[${j}] is ${JSON.stringify(address)}, ${is}; the slice's addressType is ${addressType}.`;
      problems.add(`${placeOf(placed)}/endpoints/${i}/addresses/${j}`, detail, placed.file);
    }
  }
}

/**
 * Checks the addresses whose meaning depends on other fields of the object: node addresses by their type, endpoint
 * addresses by the slice's addressType. (The schemas check the others.)
 */
export function checkAddresses(placed: Placed, problems: SnapshotProblems): void {
  if (placed.object.kind === 'EndpointSlice') checkSlice(placed.object, placed, problems);
  else if (placed.object.kind === 'Node') checkNode(placed.object, placed, problems);
}
