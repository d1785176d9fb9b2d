import { addressOf, addressWidth, type Cidr, type IPFamily, makeAddress, parseCidr } from '../base/address.js';
import { nodeAddresses, nodeOfAddress, ownsAddress, podOfAddress } from '../cluster/addresses.js';
import { type Cluster, podAddresses } from '../cluster/cluster.js';
import type { Node, Pod } from '../cluster/objects.js';
import { podCIDRsOf } from '../cluster/pod-cidrs.js';
import { type Assumption, FAMILIES } from '../cluster/settings.js';

/** Where addresses come from when neither nodes nor pods show any. */
const FALLBACK = '10.244.0.0/16';

/** A run of addresses that are tried one after the other. */
interface Range {
  readonly family: IPFamily;
  next: bigint;
  readonly last: bigint;
}

/** The addresses of a pod CIDR that pods get: not the network's, not the first (the gateway's), not IPv4 broadcast. */
function rangeOf(cidr: Cidr): Range {
  const size = 1n << BigInt(addressWidth(cidr.family) - cidr.length);
  if (size <= 4n) return { family: cidr.family, next: cidr.bits, last: cidr.bits + size - 1n };
  return { family: cidr.family, next: cidr.bits + 2n, last: cidr.bits + size - (cidr.family === 'IPv4' ? 2n : 1n) };
}

/** At most this many names in an assumption. */
const NAMED = 10;

/**
 * Gives new pods addresses, as a CNI with a range per node would: the lowest free ones of the node's pod CIDRs, one of
 * each family. Where the node has no pod CIDR, or its pods' addresses lie outside (the CNI uses ranges of its own), the
 * next free ones after the highest address of its pods are taken, and {@link PodAddresses.assumptions} says so. Pods in
 * the host's network have the node's addresses. Deterministic; no address is given twice.
 */
export class PodAddresses {
  readonly #cluster: Cluster;
  readonly #ranges = new Map<string, readonly Range[]>();
  readonly #given = new Set<string>();
  readonly #guessed: string[] = [];
  #allRanges: readonly Range[] | undefined;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** The addresses of one more pod on the node; undefined when no address is free (or a host has none). */
  allocate(node: Node, hostNetwork: boolean): readonly string[] | undefined {
    if (hostNetwork) {
      const own = nodeAddresses(node);
      const first = FAMILIES.flatMap((family) => own.find((text) => addressOf(text)?.family === family) ?? []);
      return first.length > 0 ? first : undefined;
    }
    const addresses: string[] = [];
    for (const range of this.#rangesOf(node)) {
      const address = this.#take(range);
      if (address === undefined) return undefined;
      addresses.push(address);
    }
    return addresses.length > 0 ? addresses : undefined;
  }

  /** What was taken on trust so far. */
  assumptions(): Assumption[] {
    if (this.#guessed.length === 0) return [];
    const value = this.#guessed.slice(0, NAMED);
    const more = this.#guessed.length > NAMED ? ` So for ${this.#guessed.length - NAMED} further nodes.` : '';
    const why =
      "These nodes have no pod CIDR that their pods' addresses lie in: new pods get the next free addresses " +
      `after the highest known ones.${more}`;
    return [{ field: 'podAddresses', value, why }];
  }

  #take(range: Range): string | undefined {
    while (range.next <= range.last) {
      const { text } = makeAddress(range.family, range.next++);
      if (this.#given.has(text) || podOfAddress(this.#cluster, text) !== undefined) continue;
      if (nodeOfAddress(this.#cluster, text) !== undefined) continue;
      this.#given.add(text);
      return text;
    }
    return undefined;
  }

  #rangesOf(node: Node): readonly Range[] {
    const { name } = node.metadata;
    let ranges = this.#ranges.get(name);
    if (ranges === undefined) {
      ranges = this.#findRanges(node);
      this.#ranges.set(name, ranges);
    }
    return ranges;
  }

  #findRanges(node: Node): readonly Range[] {
    const seen = ownAddresses(this.#cluster.podsOn(node.metadata.name));
    const cidrs = podCIDRsOf(node).flatMap((text) => parseCidr(text) ?? []);
    const inside = seen.length === 0 || seen.some((one) => cidrs.some((cidr) => holds(cidr, one)));
    if (cidrs.length > 0 && inside) return cidrs.map(rangeOf);
    this.#guessed.push(node.metadata.name);
    const after = rangesAfter(seen);
    if (after.length > 0) return after;
    // Shared by all nodes that show nothing, so that they do not all start at the same address.
    this.#allRanges ??= rangesAfter(ownAddresses([...this.#cluster.pods.values()]));
    if (this.#allRanges.length === 0) this.#allRanges = [rangeOf(parseCidr(FALLBACK) as Cidr)];
    return this.#allRanges;
  }
}

interface Seen {
  readonly family: IPFamily;
  readonly bits: bigint;
}

function ownAddresses(pods: readonly Pod[]): Seen[] {
  return pods.filter(ownsAddress).flatMap((pod) => podAddresses(pod).flatMap((text) => addressOf(text) ?? []));
}

function holds(cidr: Cidr, { family, bits }: Seen): boolean {
  const shift = BigInt(addressWidth(family) - cidr.length);
  return cidr.family === family && cidr.bits >> shift === bits >> shift;
}

function rangesAfter(seen: readonly Seen[]): Range[] {
  return FAMILIES.flatMap((family) => {
    const bits = seen.filter((one) => one.family === family).map((one) => one.bits);
    if (bits.length === 0) return [];
    const highest = bits.reduce((most, one) => (one > most ? one : most));
    return [{ family, next: highest + 1n, last: (1n << BigInt(addressWidth(family))) - 1n }];
  });
}
