import type { ServicePort } from './service-port.js';
import { compareServicePorts } from './service-ports.js';

const NONE: readonly ServicePort[] = [];

/** So many claims of one key are compared with each other. */
const MOST_COMPARED = 16;

const isOfOnePort = (a: ServicePort, b: ServicePort) => a.port === b.port && a.protocol === b.protocol;

/**
 * Service ports by something they lay claim to (an address and port, a node port): nearly always one, two when Services
 * compete. An index over an edited cluster holds what the edit touched and asks its base for the rest.
 */
export class ClaimIndex {
  readonly #claims = new Map<string, ServicePort[]>();
  readonly #base: ClaimIndex | undefined;
  readonly #services: ReadonlyMap<string, readonly ServicePort[]>;
  /** The keys whose claims are not in order yet: sorting at each claim would take long where very many claim one. */
  readonly #unsorted = new Set<string>();
  /** Whether two ports of one number and protocol claim one key, or so many ports that they are not compared. */
  #hasRivals = false;

  constructor(
    services: ReadonlyMap<string, readonly ServicePort[]>,
    keysOf: (port: ServicePort) => readonly string[],
    base: ClaimIndex | undefined,
  ) {
    this.#services = services;
    this.#base = base;
    for (const ports of services.values()) {
      for (const port of ports) {
        for (const key of keysOf(port)) this.#add(key, port);
      }
    }
  }

  #add(key: string, port: ServicePort): void {
    const known = this.#claims.get(key);
    if (known === undefined) this.#claims.set(key, [port]);
    // A port that claims one key twice does so at once.
    else if (known.at(-1) !== port) {
      this.#hasRivals ||= known.length >= MOST_COMPARED || known.some((other) => isOfOnePort(other, port));
      known.push(port);
      this.#unsorted.add(key);
    }
  }

  #own(key: string): readonly ServicePort[] {
    const own = this.#claims.get(key);
    if (own === undefined) return NONE;
    if (this.#unsorted.size > 0 && this.#unsorted.delete(key)) own.sort(compareServicePorts);
    return own;
  }

  /**
   * Whether some key may be claimed by several ports of one number and protocol. An edited cluster's may always: a port
   * that the edit touched may claim what one of the base does.
   */
  get mayHaveRivals(): boolean {
    return this.#hasRivals || this.#base !== undefined;
  }

  /** Who claims the key, in the fixed order of Service ports. */
  get(key: string): readonly ServicePort[] {
    const own = this.#own(key);
    // Asked several times for every packet: mostly nobody claims the key, or one port of the cluster as it was read.
    if (this.#base === undefined) return own;
    const base = this.#base.get(key);
    if (base.length === 0) return own;
    const left = base.filter((port) => !this.#services.has(port.service));
    return own.length === 0 ? left : [...own, ...left].sort(compareServicePorts);
  }
}
