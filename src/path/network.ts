import {
  type Address,
  addressOf,
  addressWidth,
  type Cidr,
  firstHost,
  type IPFamily,
  makeAddress,
  networkOf,
  plainIPv4,
} from '../base/address.js';
import { AddressMap } from '../base/address-map.js';
import { hasEnded, ownsAddress } from '../cluster/addresses.js';
import { type Cluster, podAddresses } from '../cluster/cluster.js';
import { type Node, namespacedName, type Pod } from '../cluster/objects.js';
import { podCIDRsOf } from '../cluster/pod-cidrs.js';
import type { Settings } from '../cluster/settings.js';

/** Where an address is, seen from the whole cluster. */
export type Place =
  /** An address of a node's own: of its interfaces, or of its pod bridge. */
  | { readonly kind: 'NODE'; readonly node: string }
  /** A pod, or an endpoint that a slice puts on this node. `pod` is absent when the snapshot holds no such Pod. */
  | { readonly kind: 'POD'; readonly node: string; readonly pod?: string }
  /** Inside a node's pod CIDR, or where a slice puts a pod, but no pod of the snapshot has it. */
  | { readonly kind: 'NO_POD'; readonly node: string; readonly listed?: Unlisted }
  | { readonly kind: 'UNREACHABLE' }
  | { readonly kind: 'OUTSIDE' };

/** Why nobody has the address of a pod that a slice lists. */
export interface Unlisted {
  readonly why: string;
  /** Slices and pods of the snapshot contradict each other: one of the two is older, and which is not known. */
  readonly isDoubtful: boolean;
}

const OUTSIDE: Place = { kind: 'OUTSIDE' };

/** CIDRs by prefix length, so that finding the longest one that holds an address costs one look-up per length. */
class CidrTable<V> {
  /** By the bits before the prefix length: numbers of IPv4. */
  readonly #byLength = new Map<number, Map<bigint | number, V>>();
  #lengths: number[] = [];

  /** All of one family. */
  add(cidr: Cidr, value: V): void {
    let table = this.#byLength.get(cidr.length);
    if (table === undefined) {
      table = new Map();
      this.#byLength.set(cidr.length, table);
      this.#lengths = [...this.#byLength.keys()].sort((a, b) => b - a);
    }
    const prefix = cidr.bits >> BigInt(addressWidth(cidr.family) - cidr.length);
    const key = cidr.family === 'IPv4' ? Number(prefix) : prefix;
    if (!table.has(key)) table.set(key, value);
  }

  /** The value of the longest CIDR that holds an address of the family. */
  find(address: Address | number): V | undefined {
    for (const length of this.#lengths) {
      const value = this.#byLength.get(length)?.get(prefixOf(address, length));
      if (value !== undefined) return value;
    }
    return undefined;
  }
}

/** The first bits of an address; of IPv4, which may be given as its 32 bits, as a number. */
function prefixOf(address: Address | number, length: number): bigint | number {
  if (typeof address === 'number') return length === 0 ? 0 : address >>> (32 - length);
  const prefix = address.bits >> BigInt(addressWidth(address.family) - length);
  return address.family === 'IPv4' ? Number(prefix) : prefix;
}

/** What one node has of one family. */
export interface NodeAddresses {
  /** On its own interfaces: InternalIP first; ExternalIP only where the node has no InternalIP. */
  readonly own: readonly string[];
  /** ExternalIPs that the provider translates to the InternalIP before the node sees them. */
  readonly translated: readonly string[];
  readonly podCidrs: readonly Cidr[];
  /** The pod bridge's address; undefined for routed pods or a node without pod CIDR. */
  readonly bridge: string | undefined;
}

function nodeAddresses(node: Node, family: IPFamily, settings: Settings): NodeAddresses {
  const listed = (type: string) =>
    (node.status?.addresses ?? [])
      .filter((entry) => entry.type === type)
      .map((entry) => addressOf(entry.address))
      .filter((address) => address !== undefined && address.family === family)
      .map((address) => (address as Address).text);
  const internal = listed('InternalIP');
  const external = listed('ExternalIP').filter((address) => !internal.includes(address));
  const podCidrs = podCIDRsOf(node)
    .map(networkOf)
    .filter((cidr): cidr is Cidr => cidr !== undefined && cidr.family === family);
  const { network } = settings;
  const given = network.bridgeAddress === '' ? undefined : addressOf(network.bridgeAddress);
  const first = podCidrs[0];
  const bridge =
    network.podNetwork === 'ROUTED' || first === undefined
      ? undefined
      : given?.family === family &&
          podCidrs.some((cidr) => networkOf(`${given.text}/${cidr.length}`)?.bits === cidr.bits)
        ? given.text
        : firstHost(first);
  return {
    own: internal.length > 0 ? internal : external,
    translated: internal.length > 0 ? external : [],
    podCidrs,
    bridge,
  };
}

/** Whether the node's kubelet reports nothing (Ready is Unknown): taken as a node that is down. */
export function nodeIsDown(node: Node): boolean {
  return (
    node.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'Unknown') ?? false
  );
}

function hasEverHadPods(cluster: Pick<Cluster, 'pods' | 'parent'>): boolean {
  for (let at: typeof cluster | undefined = cluster; at !== undefined; at = at.parent)
    if (at.pods.size > 0) return true;
  return false;
}

/**
 * Who has which address in one family of a cluster, from nodes, pods and settings. Made once per cluster and
 * settings; a look-up costs a few map accesses.
 */
export class AddressBook {
  readonly family: IPFamily;
  readonly #places = new AddressMap<Place>();
  readonly #podCidrs = new CidrTable<string>();
  readonly #routes = new CidrTable<Place>();
  readonly #nodes = new Map<string, NodeAddresses>();
  readonly #translated = new Map<string, string>();
  /** Whether the snapshot lists pods at all; when not, every address of a pod CIDR is taken as a pod. */
  readonly #podsKnown: boolean;
  readonly #cluster: Pick<Cluster, 'pods' | 'parent'>;
  /** Whether the snapshot, before changes or after them, lists any pod. */
  readonly #hasHadPods: boolean;
  /** Those of which the snapshot lists pods; made when a pod is looked for that it does not have. */
  #namespaces: ReadonlySet<string> | undefined;

  constructor(cluster: Pick<Cluster, 'nodes' | 'pods' | 'parent'>, family: IPFamily, settings: Settings) {
    this.family = family;
    for (const node of cluster.nodes.values()) {
      const name = node.metadata.name;
      const addresses = nodeAddresses(node, family, settings);
      this.#nodes.set(name, addresses);
      for (const address of addresses.own) this.#places.set(address, { kind: 'NODE', node: name });
      for (const address of addresses.translated) this.#translated.set(address, name);
      if (addresses.bridge !== undefined) this.#places.set(addresses.bridge, { kind: 'NODE', node: name });
      for (const cidr of addresses.podCidrs) this.#podCidrs.add(cidr, name);
    }
    this.#podsKnown = cluster.pods.size > 0;
    this.#cluster = cluster;
    this.#hasHadPods = hasEverHadPods(cluster);
    for (const pod of cluster.pods.values()) this.#addPod(pod, family);
    for (const route of settings.network.routes) {
      const cidr = networkOf(route.destination);
      if (cidr === undefined || cidr.family !== family) continue;
      if (route.via.startsWith('node/')) this.#routes.add(cidr, { kind: 'POD', node: route.via.slice('node/'.length) });
      else this.#routes.add(cidr, route.via === 'unreachable' ? { kind: 'UNREACHABLE' } : OUTSIDE);
    }
  }

  #addPod(pod: Pod, family: IPFamily): void {
    const node = pod.spec?.nodeName;
    if (!node || !ownsAddress(pod)) return;
    for (const text of podAddresses(pod)) {
      const address = addressOf(text);
      if (address?.family !== family || this.#places.has(address.text)) continue;
      this.#places.set(address.text, { kind: 'POD', node, pod: namespacedName(pod) });
    }
  }

  /** The place of an address that a node or a pod of the snapshot has. */
  known(text: string): Place | undefined {
    return this.#places.get(text);
  }

  /**
   * Why nobody has an address where a slice puts this pod: a change has taken it away, or the snapshot's pods
   * contradict the slice. Undefined where somebody may have it, as where the snapshot lists no pod of the namespace.
   */
  unlisted(name: string, address: string): Unlisted | undefined {
    if (this.#places.has(address)) return undefined;
    const doubtful = (but: string): Unlisted => ({
      why: `a slice puts pod ${name} at ${address}, but ${but}: who has the address is not known`,
      isDoubtful: true,
    });
    if (!this.#hasHadPods) return undefined;
    const pod = this.#cluster.pods.get(name);
    if (pod !== undefined) {
      const { phase = '' } = pod.status ?? {};
      if (hasEnded(pod)) return doubtful(`that pod has ended (phase ${phase})`);
      const own = podAddresses(pod);
      const isElsewhere = own.length > 0 && own.every((text) => addressOf(text)?.text !== address);
      return isElsewhere ? doubtful(`that pod has ${own.join(' and ')}`) : undefined;
    }
    let first = this.#cluster;
    for (let { parent } = first; parent !== undefined; { parent } = parent) {
      first = parent;
      const was = parent.pods.get(name);
      if (was === undefined || !podAddresses(was).some((text) => addressOf(text)?.text === address)) continue;
      return { why: `pod ${name}, which had ${address}, is gone, and a slice still lists it`, isDoubtful: false };
    }
    this.#namespaces ??= new Set([...first.pods.values()].map(({ metadata }) => metadata.namespace ?? 'default'));
    const namespace = name.slice(0, name.indexOf('/'));
    return this.#namespaces.has(namespace)
      ? doubtful(`the snapshot has pods of namespace ${namespace}, and this one is not among them`)
      : undefined;
  }

  /** Where an address that nobody of the snapshot has would be, by routes and pod CIDRs. */
  derive(text: string): Place {
    const plain = this.family === 'IPv4' ? plainIPv4(text) : 0;
    const address = plain !== 0 ? plain : addressOf(text);
    if (address === undefined || (typeof address === 'object' && address.family !== this.family)) return OUTSIDE;
    const route = this.#routes.find(address);
    if (route !== undefined) return route;
    const node = this.#podCidrs.find(address);
    if (node !== undefined) return { kind: this.#podsKnown ? 'NO_POD' : 'POD', node };
    return OUTSIDE;
  }

  addressesOf(node: string): NodeAddresses {
    return this.#nodes.get(node) ?? { own: [], translated: [], podCidrs: [], bridge: undefined };
  }

  /** The node whose InternalIP the provider puts in place of this ExternalIP. */
  translatedTo(address: string): string | undefined {
    return this.#translated.get(address);
  }

  /** The last address of a network that nobody of the snapshot has; its very last is the broadcast address. */
  freeAddressIn(cidr: Cidr): string | undefined {
    const size = 1n << BigInt(addressWidth(cidr.family) - cidr.length);
    for (let offset = size - 2n; offset > 1n && offset > size - 5000n; offset--) {
      const address = makeAddress(cidr.family, cidr.bits + offset).text;
      if (!this.#places.has(address)) return address;
    }
    return undefined;
  }

  /** The next address after one that nobody of the snapshot has. */
  freeAddressAfter(address: Address): string | undefined {
    for (let step = 1n; step < 5000n; step++) {
      const next = makeAddress(address.family, address.bits + step).text;
      if (!this.#places.has(next)) return next;
    }
    return undefined;
  }
}

/** The address book as one question sees it: with the endpoints that slices place and the clients it stands in for. */
export class Places {
  readonly book: AddressBook;
  readonly #learned = new AddressMap<Place>();
  /** One for all addresses on a node: a cluster has many. */
  readonly #onNodes = new Map<string, Place>();

  constructor(book: AddressBook) {
    this.book = book;
  }

  /** Places an address that no Pod of the snapshot explains on a node: that of this pod, as a slice names it. */
  learn(address: string, node: string, pod?: string): void {
    this.#learned.setNew(address, this.listed(address, node, pod));
  }

  /** The place that a slice gives an address that nobody of the snapshot has. */
  listed(address: string, node: string, pod: string | undefined): Place {
    const listed = pod === undefined ? undefined : this.book.unlisted(pod, address);
    if (listed !== undefined) return { kind: 'NO_POD', node, listed };
    let place = this.#onNodes.get(node);
    if (place === undefined) {
      place = { kind: 'POD', node };
      this.#onNodes.set(node, place);
    }
    return place;
  }

  /** Where an address (canonical text) is. */
  locate(address: string): Place {
    return this.book.known(address) ?? this.#learned.get(address) ?? this.book.derive(address);
  }
}
