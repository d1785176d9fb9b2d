import { addressOf } from '../base/address.js';
import { remember } from '../base/remember.js';
import type { NodeProxySettings, Settings } from '../cluster/settings.js';
import { interfaceHolds } from '../netfilter/interfaces.js';
import type { Packet } from '../netfilter/packet.js';
import type { AddressType, WalkEnvironment } from '../netfilter/walk/types.js';
import type { SetLookup } from '../proxy/node-program.js';
import { type InterfaceNames, nameHolds } from './interface-names.js';
import type { Place, Places, Unlisted } from './network.js';

/** The interface towards other nodes and the outside. Only names that rules match on matter. */
export const UPLINK = 'eth0';
/** The interface towards pods of other nodes, where rules of a real node are walked: a tunnel, or the uplink. */
export const TUNNEL = 'tunnel';
export const LOOPBACK = 'lo';

/** Whether an interface leads to other machines. */
export function isWire(name: string | undefined): boolean {
  return name === UPLINK || name === TUNNEL;
}

/** Where a node sends a packet. */
export type Route =
  | { readonly kind: 'LOCAL' }
  | { readonly kind: 'POD'; readonly pod?: string; readonly outInterface: string }
  | { readonly kind: 'NO_POD'; readonly outInterface: string; readonly listed?: Unlisted }
  | { readonly kind: 'NODE'; readonly node: string; readonly outInterface: string }
  | { readonly kind: 'OUTSIDE'; readonly outInterface: string }
  | { readonly kind: 'UNREACHABLE' };

const NO_ENTRIES: ReadonlyMap<string, ReadonlySet<string>> = new Map();

/** What a host has beside its own addresses. */
export interface HostOptions {
  /** xt_recent list name → addresses that it holds on this node. */
  readonly entries?: ReadonlyMap<string, ReadonlySet<string>>;
  /** Whether an address is a load balancer's that this host has for its own. */
  readonly isBalancedHere?: (address: string) => boolean;
  /** What the interfaces are called, where the rules are those of a real node; absent: as kube-proxy is configured. */
  readonly interfaces?: InterfaceNames;
  /** The members of the node's ipsets; absent: not known. */
  readonly sets?: SetLookup;
  /** Whether an address is on kube-ipvs0, the interface of ipvs mode. */
  readonly isBound?: (address: string) => boolean;
  /** Takes note of what the walk of the node's rules takes for granted. */
  readonly assume?: (field: string, value: unknown, why: string) => void;
}

/** Whether the address is one of 127.0.0.0/8 or ::1. */
export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

/** The name under which packets of this node's pods come in: what `-i` in a local-traffic detector compares. */
function podInterface(proxy: NodeProxySettings, settings: Settings): string {
  if (proxy.detectLocalMode === 'BridgeInterface') return proxy.bridgeInterface;
  if (proxy.detectLocalMode === 'InterfaceNamePrefix') return `${proxy.interfaceNamePrefix}0`;
  if (settings.network.podInterface !== undefined) return settings.network.podInterface.replace(/\+$/, '0');
  return settings.network.podNetwork === 'BRIDGE' ? 'cni0' : 'veth0';
}

/**
 * One node as a host: its addresses and routes, and what its rules ask of it. A thing without state of its own:
 * session-affinity entries are given.
 */
export class Host implements WalkEnvironment {
  readonly node: string;
  readonly podInterface: string;
  readonly #places: Places;
  readonly #primary: string | undefined;
  readonly #bridge: string | undefined;
  readonly #own: ReadonlySet<string>;
  readonly #entries: ReadonlyMap<string, ReadonlySet<string>>;
  readonly #isBalancedHere: (address: string) => boolean;
  readonly #balanced = new Map<string, boolean>();
  readonly #interfaces: InterfaceNames | undefined;
  readonly #sets: SetLookup | undefined;
  readonly #isBound: (address: string) => boolean;
  readonly #assume: HostOptions['assume'];

  constructor(
    node: string,
    places: Places,
    settings: Settings,
    proxy: NodeProxySettings,
    {
      entries = NO_ENTRIES,
      isBalancedHere = () => false,
      interfaces,
      sets,
      isBound = () => false,
      assume,
    }: HostOptions = {},
  ) {
    this.node = node;
    this.#places = places;
    const addresses = places.book.addressesOf(node);
    this.#primary = addresses.own[0];
    this.#bridge = addresses.bridge;
    this.#own = new Set(addresses.bridge === undefined ? addresses.own : [...addresses.own, addresses.bridge]);
    this.podInterface = podInterface(proxy, settings);
    this.#entries = entries;
    this.#isBalancedHere = isBalancedHere;
    this.#interfaces = interfaces;
    this.#sets = sets;
    this.#isBound = isBound;
    this.#assume = assume;
  }

  /** The node's first InternalIP of the family. */
  get primaryAddress(): string | undefined {
    return this.#primary;
  }

  isLocal(address: string): boolean {
    return this.#own.has(address) || isLoopback(address) || this.#isBound(address) || this.#hasBalanced(address);
  }

  #hasBalanced(address: string): boolean {
    return remember(this.#balanced, address, () => this.#isBalancedHere(address));
  }

  /** The routing decision for a destination: local table, own pods, other nodes and their pods, default route. */
  route(destination: string): Route {
    if (this.isLocal(destination)) return { kind: 'LOCAL' };
    const place: Place = this.#places.locate(destination);
    switch (place.kind) {
      case 'NODE':
        return { kind: 'NODE', node: place.node, outInterface: UPLINK };
      case 'POD':
        if (place.node !== this.node) return { kind: 'NODE', node: place.node, outInterface: this.#towardsPods };
        return { kind: 'POD', outInterface: this.podInterface, ...(place.pod === undefined ? {} : { pod: place.pod }) };
      case 'NO_POD':
        return place.node === this.node
          ? {
              kind: 'NO_POD',
              outInterface: this.podInterface,
              ...(place.listed === undefined ? {} : { listed: place.listed }),
            }
          : { kind: 'NODE', node: place.node, outInterface: this.#towardsPods };
      case 'UNREACHABLE':
        return { kind: 'UNREACHABLE' };
      case 'OUTSIDE':
        return { kind: 'OUTSIDE', outInterface: UPLINK };
    }
  }

  get #towardsPods(): string {
    return this.#interfaces === undefined ? UPLINK : TUNNEL;
  }

  /** The source address that a process of this host gets for a destination: the route's preferred one. */
  sourceFor(destination: string): string | undefined {
    if (isLoopback(destination)) return destination.includes(':') ? '::1' : '127.0.0.1';
    if (this.isLocal(destination)) return destination;
    const route = this.route(destination);
    if ((route.kind === 'POD' || route.kind === 'NO_POD') && this.#bridge !== undefined) return this.#bridge;
    return this.#primary;
  }

  addressType(text: string): AddressType {
    if (this.isLocal(text)) return 'LOCAL';
    const address = addressOf(text);
    if (address === undefined) return 'UNICAST';
    if (address.family === 'IPv4') {
      const first = Number(address.bits >> 24n);
      if (first >= 224 && first < 240) return 'MULTICAST';
      return address.text === '255.255.255.255' ? 'BROADCAST' : 'UNICAST';
    }
    return address.bits >> 120n === 0xffn ? 'MULTICAST' : 'UNICAST';
  }

  recentHolds(list: string, address: string): boolean {
    return this.#entries.get(list)?.has(address) ?? false;
  }

  /** The sets of ipvs mode are known; those of others a snapshot does not hold, an `ipset save` does. */
  setHolds(name: string, packet: Packet, directions: readonly ('src' | 'dst')[]): boolean | undefined {
    return this.#sets?.holds(name, packet, directions);
  }

  assume(field: string, value: unknown, why: string): void {
    this.#assume?.(field, value, why);
  }

  interfaceHolds(pattern: string, packet: Packet, way: 'in' | 'out'): boolean | undefined {
    const names = this.#interfaces;
    const name = way === 'in' ? packet.inInterface : packet.outInterface;
    if (names === undefined || name === undefined || name === LOOPBACK) return interfaceHolds(pattern, name);
    if (name === UPLINK) return nameHolds(pattern, names.uplink, 'UPLINK');
    if (name === TUNNEL) return nameHolds(pattern, names.otherPods, 'TUNNEL');
    const place = this.#places.locate(way === 'in' ? packet.source : packet.destination);
    const own = place.kind === 'POD' && place.pod !== undefined ? names.ofPod(place.pod) : undefined;
    if (own !== undefined) return interfaceHolds(pattern, own);
    return nameHolds(pattern, way === 'in' ? names.fromPods : names.toPods, 'POD');
  }

  addressOnInterface(address: string, name: string | undefined): boolean | undefined {
    if (isLoopback(address)) return name === LOOPBACK;
    if (address === this.#bridge) return name === this.podInterface;
    if (address === this.#primary) return name === UPLINK;
    // Further addresses may be on any card; one of a load balancer may be on none.
    return name === LOOPBACK || name === this.podInterface ? false : undefined;
  }

  reversePathHolds(
    { source, inInterface }: Packet,
    { loose, acceptLocal }: { readonly loose: boolean; readonly acceptLocal: boolean },
  ): boolean | undefined {
    if (inInterface === LOOPBACK) return true;
    const route = this.route(source);
    if (route.kind === 'LOCAL') return acceptLocal;
    if (route.kind === 'UNREACHABLE') return false;
    if (loose) return true;
    // A packet of another node's pod may come by the tunnel or, masqueraded or not, by the uplink.
    return isWire(route.outInterface) === isWire(inInterface);
  }

  masqueradeAddress(packet: Packet): string | undefined {
    return packet.outInterface === this.podInterface && this.#bridge !== undefined ? this.#bridge : this.#primary;
  }
}
