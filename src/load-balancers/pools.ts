/** Addresses that a controller in the cluster gives out of pools: of MetalLB, of Cilium's LB-IPAM. */
import { type Address, addressOf, type IPFamily, makeAddress, networkOf } from '../base/address.js';
import type { Cluster } from '../cluster/cluster.js';
import { serviceOfAddress } from './balancer-addresses.js';
import type { Allocation, Balanced } from './implementation.js';

/** The first and the last address of a range. */
export interface AddressRange {
  readonly first: Address;
  readonly last: Address;
}

/** A pool that a Service may get an address from. */
export interface AddressPool {
  /** How answers call it: `IPAddressPool metallb-system/main`. */
  readonly name: string;
  readonly ranges: readonly AddressRange[];
}

/** `A-B` or a network as a range; undefined for anything else. */
export function rangeOf(text: string): AddressRange | undefined {
  const [from, to, ...more] = text.split('-').map((one) => addressOf(one.trim()));
  if (from !== undefined && to !== undefined && more.length === 0) {
    return from.family === to.family && from.bits <= to.bits ? { first: from, last: to } : undefined;
  }
  const network = networkOf(text.trim());
  if (network === undefined) return undefined;
  const size = 1n << BigInt((network.family === 'IPv4' ? 32 : 128) - network.length);
  return {
    first: makeAddress(network.family, network.bits),
    last: makeAddress(network.family, network.bits + size - 1n),
  };
}

/** Whether one of a pool's ranges holds the address. */
export function poolHolds({ ranges }: AddressPool, { family, bits }: Address): boolean {
  return ranges.some(({ first, last }) => first.family === family && first.bits <= bits && bits <= last.bits);
}

/** So many addresses of a range are tried: pools are small, or mostly free. */
const MAX_TRIED = 65536n;

function freeIn(cluster: Cluster, family: IPFamily, { ranges }: AddressPool): string | undefined {
  for (const { first, last } of ranges) {
    if (first.family !== family) continue;
    const end = last.bits - first.bits < MAX_TRIED ? last.bits : first.bits + MAX_TRIED;
    for (let bits = first.bits; bits <= end; bits++) {
      const { text } = makeAddress(family, bits);
      if (serviceOfAddress(cluster, text) === undefined) return text;
    }
  }
  return undefined;
}

/**
 * What a Service gets of the pools that may serve it, in their order: the address that it asks for, else the lowest
 * that is free. Without any pool in the snapshot (`pools` undefined) nothing is known.
 *
 * @param asked an address that the Service asks for
 * @param none why no pool serves the Service, as a sentence
 */
export function fromPools(
  { cluster, family }: Balanced,
  pools: readonly AddressPool[] | undefined,
  asked: string | undefined,
  none: string,
): Allocation {
  const plain = { scheme: 'EXTERNAL', ipMode: 'VIP' } as const;
  if (pools === undefined) return plain;
  if (pools.length === 0) return { ...plain, pending: none };
  const wanted = addressOf(asked ?? '');
  if (wanted !== undefined) {
    const holds = pools.some((pool) => poolHolds(pool, wanted));
    return holds
      ? plain
      : { ...plain, pending: `No pool that serves the Service holds ${wanted.text}, which it asks for.` };
  }
  for (const pool of pools) {
    const address = freeIn(cluster, family, pool);
    if (address !== undefined) return { ...plain, fromPool: { name: pool.name, address } };
  }
  return { ...plain, pending: `No pool that serves the Service has a free ${family} address.` };
}
