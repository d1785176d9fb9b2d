import {
  addressOf,
  addressWidth,
  type Cidr,
  cidrContains,
  type IPFamily,
  makeAddress,
  makeCidr,
  parseCidr,
} from '../base/address.js';
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

function addressesOf(service: Service): readonly string[] {
  const { clusterIP = '', clusterIPs = [], type } = service.spec ?? {};
  if (type === 'ExternalName') return [];
  return (clusterIPs.length > 0 ? clusterIPs : [clusterIP]).filter((text) => text !== '' && text !== 'None');
}

function flagged(cluster: Cluster): readonly ServiceRange[] {
  for (const program of ['kube-apiserver', 'kube-controller-manager']) {
    for (const pod of cluster.podsIn('kube-system')) {
      if (!pod.metadata.name.startsWith(program) && pod.metadata.labels?.component !== program) continue;
      for (const container of pod.spec?.containers ?? []) {
        const cidrs = (flagsOf(container, program)?.get(FLAG) ?? '')
          .split(',')
          .flatMap((text) => parseCidr(text.trim()) ?? []);
        const why = `--${FLAG} of pod kube-system/${pod.metadata.name}.`;
        if (cidrs.length > 0) return cidrs.map((cidr) => ({ cidr, why, certain: true }));
      }
    }
  }
  return [];
}

/** The smallest network that holds all of these addresses and is not smaller than usual. */
function covering(family: IPFamily, addresses: readonly bigint[]): Cidr {
  const width = addressWidth(family);
  const [first = 0n] = addresses;
  let length = SMALLEST[family];
  while (length > 0 && addresses.some((one) => one >> BigInt(width - length) !== first >> BigInt(width - length)))
    length--;
  return makeCidr(family, first, length);
}

/**
 * The cluster IPs of a cluster and the ranges that they come from: as the API server's flag says; else the smallest
 * network around those in use; else kubeadm's default. Where the API server draws a free address at random, the lowest
 * of the part from which it draws is taken. Source: Kubernetes 1.36 pkg/registry/core/service/ipallocator (the first
 * addresses of a range are kept for Services that name theirs, KEP-3070).
 */
export class ClusterIPs {
  readonly #owners = new Map<string, string>();
  readonly #ranges = new Map<IPFamily, ServiceRange>();

  /** The addresses that all Services but one (`namespace/name`) have. */
  constructor(cluster: Cluster, except: string) {
    const used: Record<IPFamily, bigint[]> = { IPv4: [], IPv6: [] };
    for (const [key, service] of cluster.services.entries()) {
      for (const text of addressesOf(service)) {
        const address = addressOf(text);
        if (address === undefined) continue;
        used[address.family].push(address.bits);
        if (key !== except) this.#owners.set(address.text, key);
      }
    }
    for (const range of flagged(cluster))
      if (!this.#ranges.has(range.cidr.family)) this.#ranges.set(range.cidr.family, range);
    if (this.#ranges.size > 0) return;
    for (const family of FAMILIES) {
      if (used[family].length === 0) continue;
      const why = 'The smallest network around the cluster IPs of the snapshot: the API server’s range may be larger.';
      this.#ranges.set(family, { cidr: covering(family, used[family]), why, certain: false });
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
    return this.#owners.get(addressOf(address)?.text ?? address);
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
      for (let bits = from; bits <= to; bits++) {
        const { text } = makeAddress(family, bits);
        if (!this.#owners.has(text)) return text;
      }
    }
    return undefined;
  }
}
