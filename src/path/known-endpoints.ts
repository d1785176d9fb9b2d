/** The endpoints that a question is about, in the spelling of addresses that packets have. */
import { canonicalAddress, joinHostPort } from '../base/address.js';
import type { Places } from './network.js';

/** An endpoint that a question is about. ProxyEndpoint is one. */
export interface KnownEndpoint {
  /** `address:port`, IPv6 in brackets. */
  readonly id: string;
  readonly address: string;
  /** '' when not known. */
  readonly node: string;
  readonly zone: string;
  readonly pod?: string | undefined;
}

/** Packets have an address, however a slice spells it. */
export function canonicalEndpoint<E extends KnownEndpoint>(endpoint: E): E {
  const address = canonicalAddress(endpoint.address);
  if (address === endpoint.address) return endpoint;
  const port = endpoint.id.slice(endpoint.id.lastIndexOf(':') + 1);
  return { ...endpoint, address, id: joinHostPort(address, port) };
}

/** So many endpoints are looked through one by one. */
const MOST_LOOKED_THROUGH = 32;

/** Endpoints of the Service ports that were asked for, which lists of endpoints make known. */
export class KnownEndpoints {
  readonly #places: Places;
  /** Lists of endpoints that are known already: a Service port's is one list. */
  readonly #expected = new WeakSet<Iterable<KnownEndpoint>>();
  /** Those that are expected and that nothing has looked up yet. */
  readonly #unlisted: Iterable<KnownEndpoint>[] = [];
  readonly #byId = new Map<string, KnownEndpoint>();

  /** `places`: where the places that slices give are learned. */
  constructor(places: Places) {
    this.#places = places;
  }

  /** Makes endpoints known, with the places that slices give them. */
  expect(endpoints: Iterable<KnownEndpoint>): void {
    if (this.#expected.has(endpoints)) return;
    this.#expected.add(endpoints);
    this.#unlisted.push(endpoints);
    for (const given of endpoints) {
      if (given.node !== '') this.#places.learn(canonicalEndpoint(given).address, given.node, given.pod);
    }
  }

  /** The endpoint of an `address:port`; of several that which became known last. */
  get(id: string): KnownEndpoint | undefined {
    // Mostly one of the list that became known last is looked for: the others need not be indexed for it.
    const newest = this.#unlisted.at(-1);
    if (Array.isArray(newest) && newest.length <= MOST_LOOKED_THROUGH) {
      for (const given of newest as readonly KnownEndpoint[]) {
        const endpoint = canonicalEndpoint(given);
        if (endpoint.id === id) return endpoint;
      }
    }
    for (const endpoints of this.#unlisted.splice(0)) {
      for (const given of endpoints) {
        const endpoint = canonicalEndpoint(given);
        this.#byId.set(endpoint.id, endpoint);
      }
    }
    return this.#byId.get(id);
  }
}
