/**
 * Addresses of Cilium's LB-IPAM. Source: Cilium, "LoadBalancer IP Address Management"
 * (docs.cilium.io/en/stable/network/lb-ipam/): pools have blocks (`cidr`, or `start` and `stop`) and may select
 * Services; a pool that is disabled gives no new addresses.
 */

import { makeAddress } from '../../base/address.js';
import { fieldsOf } from '../../base/record.js';
import { matchesSelector } from '../../cluster/labels.js';
import type { Service } from '../../cluster/objects.js';
import { type Resource, resourceName } from '../../cluster/resources.js';
import { annotationOf } from '../annotations.js';
import { listOf, selectorOf, textOf } from '../fields.js';
import type { Allocation, Balanced } from '../implementation.js';
import { type AddressPool, type AddressRange, fromPools, rangeOf } from '../pools.js';

const ASKED = ['lbipam.cilium.io/ips', 'io.cilium/lb-ipam-ips'];

function serves({ spec }: Resource, { metadata: { labels, name, namespace = 'default' } }: Service): boolean {
  const { disabled, serviceSelector } = fieldsOf(spec);
  if (disabled === true) return false;
  if (serviceSelector === undefined || serviceSelector === null) return true;
  const own = { ...labels, 'io.kubernetes.service.name': name, 'io.kubernetes.service.namespace': namespace };
  return matchesSelector(own, selectorOf(serviceSelector));
}

/** A block as a range, without the first and the last address of a network where the pool does not allow them. */
function blockOf(block: unknown, withEnds: boolean): readonly AddressRange[] {
  const { cidr, start, stop } = fieldsOf(block);
  const [network, from] = [textOf(cidr), textOf(start)];
  const range = rangeOf(network ?? (from === undefined ? '' : `${from}-${textOf(stop) ?? from}`));
  if (range === undefined) return [];
  const { first, last } = range;
  if (withEnds || network === undefined || last.bits - first.bits < 2n) return [range];
  return [{ first: makeAddress(first.family, first.bits + 1n), last: makeAddress(last.family, last.bits - 1n) }];
}

function poolOf(resource: Resource): AddressPool {
  const { blocks, cidrs, allowFirstLastIPs } = fieldsOf(resource.spec);
  const withEnds = allowFirstLastIPs !== 'No';
  return {
    name: resourceName(resource),
    ranges: [...listOf(blocks), ...listOf(cidrs)].flatMap((block) => blockOf(block, withEnds)),
  };
}

/** What LB-IPAM gives a Service that asks for an address. */
export function allocatedByCilium(balanced: Balanced): Allocation {
  const { cluster, service } = balanced;
  const all = [...cluster.resources.values()].filter(({ kind }) => kind === 'CiliumLoadBalancerIPPool');
  if (all.length === 0) return fromPools(balanced, undefined, undefined, '');
  const named = ASKED.map((name) => annotationOf(service, name)).find((value) => value !== undefined);
  return fromPools(
    balanced,
    all.filter((one) => serves(one, service)).map(poolOf),
    named?.split(',')[0]?.trim() ?? service.spec?.loadBalancerIP,
    'No CiliumLoadBalancerIPPool serves the Service.',
  );
}
