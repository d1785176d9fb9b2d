import { remember } from '../base/remember.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Service } from '../cluster/objects.js';

/** The API server's default for --service-node-port-range. */
export const FIRST_NODE_PORT = 30000;
export const LAST_NODE_PORT = 32767;

const read = new WeakMap<Service, readonly number[]>();

function readPorts(service: Service): readonly number[] {
  if (service.spec?.type === 'ExternalName') return [];
  const ports = (service.spec?.ports ?? []).flatMap(({ nodePort }) => nodePort || []);
  return service.spec?.healthCheckNodePort ? [...ports, service.spec.healthCheckNodePort] : ports;
}

/** The node ports of a Service. Every new Service asks for those of all others. */
function portsOf(service: Service): readonly number[] {
  return remember(read, service, () => readPorts(service));
}

const shared = new WeakMap<ReadonlyMap<string, Service>, ReadonlyMap<number, string>>();

function ownersIn(services: ReadonlyMap<string, Service>): ReadonlyMap<number, string> {
  const owners = new Map<number, string>();
  for (const [key, service] of services) for (const port of portsOf(service)) owners.set(port, key);
  return owners;
}

/**
 * The node ports of a cluster, as the API server's allocator keeps them: one pool for every protocol, from which health
 * check node ports come too. Source: Kubernetes 1.36 pkg/registry/core/service/portallocator.
 */
export class NodePorts {
  readonly #shared: ReadonlyMap<number, string>;
  /** What differs from the ports that changed clusters share: undefined for one that is free here. */
  readonly #owners = new Map<number, string | undefined>();

  /** The ports that all Services but one (`namespace/name`) have. */
  constructor(cluster: Cluster, except: string) {
    const { base, replacements } = cluster.services;
    this.#shared = remember(shared, base, () => ownersIn(base));
    for (const key of [except, ...replacements.keys()]) {
      const former = base.get(key);
      if (former === undefined) continue;
      for (const port of portsOf(former)) if (this.#shared.get(port) === key) this.#owners.set(port, undefined);
    }
    for (const [key, service] of replacements) {
      if (key === except || service === undefined) continue;
      for (const port of portsOf(service)) this.#owners.set(port, key);
    }
  }

  /** The Service that has the port, `namespace/name`. */
  ownerOf(port: number): string | undefined {
    return this.#owners.has(port) ? this.#owners.get(port) : this.#shared.get(port);
  }

  claim(port: number, service: string): void {
    this.#owners.set(port, service);
  }

  /** Claims the lowest free port; undefined when none is free. */
  take(service: string): number | undefined {
    for (let port = FIRST_NODE_PORT; port <= LAST_NODE_PORT; port++) {
      if (this.ownerOf(port) !== undefined) continue;
      this.#owners.set(port, service);
      return port;
    }
    return undefined;
  }
}
