/** Ranges of addresses outside of the cluster that policies tell apart, each with an address that stands for it. */
import { addressOf, type Cidr, cidrContains, type IPFamily, networkOf } from '../../base/address.js';
import type { Cluster } from '../../cluster/cluster.js';
import type { Resource } from '../../cluster/resources.js';
import { FAMILIES } from '../../cluster/settings.js';
import { DEFAULT_OUTSIDE } from '../../path/sources.js';
import type { Direction } from '../../policies/flow.js';
import { fieldsOf, listOf } from '../../policies/rule.js';
import { outsideAddressOf } from '../findings/policy-ranges.js';

/** Addresses outside of the cluster that policies may treat alike. */
export interface Outside {
  /** As text; of those that stand for anywhere with their family. */
  readonly range: string;
  readonly address: string;
}

const anywhereOver = (family: IPFamily) => `anywhere over ${family}`;

/**
 * Ranges as messages name them for pods with addresses of these families: `anywhere` where it is anywhere over each of
 * the families.
 */
export function rangeNames(ranges: Iterable<string>, families: ReadonlySet<IPFamily>): readonly string[] {
  const [found, all] = [[...ranges], [...families].map(anywhereOver)];
  if (!all.every((one) => found.includes(one))) return found;
  return ['anywhere', ...found.filter((one) => !all.includes(one))];
}

/** Addresses that may stand for anywhere, the usual ones first. */
const ANYWHERE: Readonly<Record<IPFamily, readonly string[]>> = {
  IPv4: [DEFAULT_OUTSIDE.IPv4, ...Array.from({ length: 223 }, (_, index) => `${223 - index}.113.7.9`)],
  IPv6: [DEFAULT_OUTSIDE.IPv6, ...Array.from({ length: 64 }, (_, index) => `${(0x2a00 + index).toString(16)}:113::9`)],
};

/** Addresses that are nobody's outside: private, shared, loopback, of links and groups. */
const NOT_OUTSIDE = ['10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16']
  .concat(['224.0.0.0/3'])
  .flatMap((text) => networkOf(text) ?? []);

/**
 * An address that no block of a policy has but those of all addresses; undefined where they leave none of the tried.
 */
function anywhere(family: IPFamily, blocks: readonly Cidr[]): string | undefined {
  const taken = [...NOT_OUTSIDE, ...blocks.filter(({ length }) => length > 0)];
  return ANYWHERE[family].find((text) => {
    const address = addressOf(text);
    return address !== undefined && !taken.some((one) => cidrContains(one, address));
  });
}

/** The blocks that a peer of a rule names, each with its exceptions. */
function blocksOf(peer: unknown): readonly (readonly [Cidr, readonly Cidr[]])[] {
  const read = (text: unknown): readonly Cidr[] => (typeof text === 'string' ? [networkOf(text) ?? []].flat() : []);
  const { ipBlock, networks } = fieldsOf(peer);
  const { cidr, except } = fieldsOf(ipBlock);
  const without = listOf(except).flatMap(read);
  return [
    ...read(cidr).map((one) => [one, without] as const),
    ...[...without, ...listOf(networks).flatMap(read)].map((one) => [one, []] as const),
  ];
}

/**
 * An address, nobody's in the cluster, for each block that rules of one direction name in some of these policies, and
 * one that stands for anywhere.
 */
export function outsideRanges(
  cluster: Cluster,
  policies: readonly Resource[],
  direction: Direction,
): readonly Outside[] {
  const [rules, peers] = direction === 'INGRESS' ? (['ingress', 'from'] as const) : (['egress', 'to'] as const);
  const found = new Map<string, Outside>();
  const blocks: Cidr[] = [];
  for (const { spec } of policies) {
    const named = listOf(fieldsOf(spec)[rules]).flatMap((rule) => listOf(fieldsOf(rule)[peers]));
    for (const [block, holes] of named.flatMap(blocksOf)) {
      blocks.push(block);
      if (found.has(block.text) || block.length === 0) continue;
      const address = outsideAddressOf(cluster, block, holes);
      if (address !== undefined) found.set(block.text, { range: block.text, address });
    }
  }
  const all = FAMILIES.flatMap((family): Outside[] => {
    const address = anywhere(family, blocks);
    return address === undefined ? [] : [{ range: anywhereOver(family), address }];
  });
  return [...all, ...found.values()];
}
