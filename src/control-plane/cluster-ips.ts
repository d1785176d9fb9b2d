import {
  type Address,
  addressOf,
  addressWidth,
  type Cidr,
  canonicalAddress,
  cidrContains,
  type IPFamily,
  makeAddress,
  makeCidr,
  parseCidr,
} from '../base/address.js';
import { remember } from '../base/remember.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Service } from '../cluster/objects.js';
import { flagsOf } from '../cluster/proxy-command.js';
import { FAMILIES } from '../cluster/settings.js';

/** A range that cluster IPs come from. */
export interface ServiceRange {
  readonly cidr: Cidr;
  /** Where it is known from, as a sentence. */
  readonly why: string;
  /** Whether the cluster says so itself; otherwise it was made up from addresses, and may be larger. */
  readonly certain: boolean;
}

const FLAG = 'service-cluster-ip-range';
/** kubeadm's default. There is none for IPv6. */
const DEFAULT = '10.96.0.0/12';
/** A range that was made up is not made larger than this. */
const LARGEST = 8;
/** What the range is taken to be at least, where addresses alone show it. */
const SMALLEST: Readonly<Record<IPFamily, number>> = { IPv4: 24, IPv6: 120 };

const read = new WeakMap<Service, readonly Address[]>();

function readAddresses({ spec = {} }: Service): readonly Address[] {
  const { clusterIP = '', clusterIPs = [], type } = spec;
  if (type === 'ExternalName') return [];
  return (clusterIPs.length > 0 ? clusterIPs : [clusterIP]).flatMap((text) => addressOf(text) ?? []);
}

/** The cluster IPs of a Service. Every new Service asks for those of all others. */
function addressesOf(service: Service): readonly Address[] {
  return remember(read, service, () => readAddresses(service));
}

function readFlags(cluster: Cluster): readonly ServiceRange[] {
  for (const program of ['kube-apiserver', 'kube-controller-manager']) {
    for (const pod of cluster.podsIn('kube-system')) {
      if (!pod.metadata.name.startsWith(program) && pod.metadata.labels?.component !== program) continue;
      for (const container of pod.spec?.containers ?? []) {
        const texts = (flagsOf(container, program)?.get(FLAG) ?? '').split(',');
        const cidrs = texts.flatMap((text) => parseCidr(text.trim()) ?? []);
        const why = `--${FLAG} of pod kube-system/${pod.metadata.name}.`;
        if (cidrs.length > 0) return cidrs.map((cidr) => ({ cidr, why, certain: true }));
      }
    }
  }
  return [];
}

const flags = new WeakMap<Cluster['pods'], readonly ServiceRange[]>();

function flagged(cluster: Cluster): readonly ServiceRange[] {
  return remember(flags, cluster.pods, () => readFlags(cluster));
}

/** The smallest network that holds two addresses, and all between them, and is not smaller than usual. */
function covering(family: IPFamily, { lowest, highest }: Bounds): Cidr {
  const width = addressWidth(family);
  let length = SMALLEST[family];
  while (length > 0 && lowest >> BigInt(width - length) !== highest >> BigInt(width - length)) length--;
  return makeCidr(family, lowest, length);
}

interface Bounds {
  readonly lowest: bigint;
  readonly highest: bigint;
}

function widened(bounds: Bounds | undefined, bits: bigint): Bounds {
  const { lowest, highest } = bounds ?? { lowest: bits, highest: bits };
  return { lowest: bits < lowest ? bits : lowest, highest: bits > highest ? bits : highest };
}

/** What the Services have that changed clusters share. */
interface SharedClaims {
  readonly owners: ReadonlyMap<string, string>;
  readonly bounds: Readonly<Partial<Record<IPFamily, Bounds>>>;
  /** The lowest address from one on that no Service of these has, by that one's text. */
  readonly firstFree: Map<string, bigint>;
}

const shared = new WeakMap<ReadonlyMap<string, Service>, SharedClaims>();

function claimsOf(services: ReadonlyMap<string, Service>): SharedClaims {
  const owners = new Map<string, string>();
  const bounds: Partial<Record<IPFamily, Bounds>> = {};
  for (const [key, service] of services) {
    for (const address of addressesOf(service)) {
      bounds[address.family] = widened(bounds[address.family], address.bits);
      owners.set(address.text, key);
    }
  }
  return { owners, bounds, firstFree: new Map() };
}

/**
 * The cluster IPs of a cluster and the ranges that they come from: as the API server's flag says; else the smallest
 * network around those in use; else kubeadm's default. Where the API server draws a free address at random, the lowest
 * of the part from which it draws is taken. Source: Kubernetes 1.36 pkg/registry/core/service/ipallocator (the first
 * addresses of a range are kept for Services that name theirs, KEP-3070).
 */
export class ClusterIPs {
  readonly #shared: SharedClaims;
  /** What differs from the shared claims: undefined for an address that is free here. */
  readonly #owners = new Map<string, string | undefined>();
  readonly #freed: bigint[] = [];
  readonly #ranges = new Map<IPFamily, ServiceRange>();

  /** The addresses that all Services but one (`namespace/name`) have. */
  constructor(cluster: Cluster, except: string) {
    const { base, replacements } = cluster.services;
    this.#shared = remember(shared, base, () => claimsOf(base));
    const bounds: Partial<Record<IPFamily, Bounds>> = { ...this.#shared.bounds };
    for (const key of [except, ...replacements.keys()]) {
      const former = base.get(key);
      if (former === undefined) continue;
      for (const address of addressesOf(former)) {
        if (this.#shared.owners.get(address.text) !== key) continue;
        this.#owners.set(address.text, undefined);
        this.#freed.push(address.bits);
      }
    }
    for (const [key, service] of replacements) {
      if (service === undefined) continue;
      for (const address of addressesOf(service)) {
        bounds[address.family] = widened(bounds[address.family], address.bits);
        if (key !== except) this.#owners.set(address.text, key);
      }
    }
    for (const range of flagged(cluster))
      if (!this.#ranges.has(range.cidr.family)) this.#ranges.set(range.cidr.family, range);
    if (this.#ranges.size > 0) return;
    for (const family of FAMILIES) {
      const own = bounds[family];
      if (own === undefined) continue;
      const why = 'The smallest network around the cluster IPs of the snapshot: the API server’s range may be larger.';
      this.#ranges.set(family, { cidr: covering(family, own), why, certain: false });
    }
    if (this.#ranges.size > 0) return;
    const why = 'The snapshot shows no cluster IP: the default range of kubeadm.';
    this.#ranges.set('IPv4', { cidr: parseCidr(DEFAULT) as Cidr, why, certain: false });
  }

  /** The families that Services can have, the cluster's own first. */
  families(primary: IPFamily | undefined): readonly IPFamily[] {
    const known = FAMILIES.filter((family) => this.#ranges.has(family));
    return primary === undefined ? known : [...known].sort((a, b) => Number(b === primary) - Number(a === primary));
  }

  rangeOf(family: IPFamily): ServiceRange | undefined {
    return this.#ranges.get(family);
  }

  /** The Service that has the address, `namespace/name`. */
  ownerOf(address: string): string | undefined {
    const text = canonicalAddress(address);
    return this.#owners.has(text) ? this.#owners.get(text) : this.#shared.owners.get(text);
  }

  /** Whether the address may be a cluster IP: inside the range, where that is certain. */
  allows(text: string): boolean {
    const address = addressOf(text);
    if (address === undefined) return false;
    const range = this.#ranges.get(address.family);
    return range === undefined
      ? ![...this.#ranges.values()].some((one) => one.certain)
      : !range.certain || cidrContains(range.cidr, address);
  }

  /** Gives the lowest free address of the family away; undefined when none is free or the cluster has no such range. */
  take(family: IPFamily, service: string): string | undefined {
    const range = this.#ranges.get(family);
    if (range === undefined) return undefined;
    let { cidr } = range;
    for (;;) {
      const text = this.#lowestFree(cidr);
      if (text !== undefined) {
        this.#owners.set(text, service);
        return text;
      }
      // A range that was made up from addresses is larger when all of it is taken.
      if (range.certain || cidr.length <= LARGEST) return undefined;
      cidr = makeCidr(family, cidr.bits, cidr.length - 1);
    }
  }

  #lowestFree({ family, bits: first, length }: Cidr): string | undefined {
    const size = 1n << BigInt(addressWidth(family) - length);
    // Neither the network's own address nor, of IPv4, the last one is given out.
    const last = first + size - (family === 'IPv4' ? 2n : 1n);
    const kept = size < 64n ? 0n : size < 256n ? 16n : size > 4096n ? 256n : size / 16n;
    for (const [from, to] of [
      [first + 1n + kept, last],
      [first + 1n, first + kept],
    ] as const) {
      const start = this.#firstFree(family, from, to);
      const lower = this.#freed.filter((bits) => bits >= from && bits < start && bits <= to);
      for (const bits of lower.sort((a, b) => (a < b ? -1 : 1))) {
        const { text } = makeAddress(family, bits);
        if (this.ownerOf(text) === undefined) return text;
      }
      for (let bits = start; bits <= to; bits++) {
        const { text } = makeAddress(family, bits);
        if (this.ownerOf(text) === undefined) return text;
      }
    }
    return undefined;
  }

  /** The lowest address that is free in what all changed clusters share: found once. */
  #firstFree(family: IPFamily, from: bigint, to: bigint): bigint {
    const key = `${family}/${from}`;
    let bits = this.#shared.firstFree.get(key);
    if (bits === undefined) {
      bits = from;
      while (bits <= to && this.#shared.owners.has(makeAddress(family, bits).text)) bits++;
      this.#shared.firstFree.set(key, bits);
    }
    return bits;
  }
}
