import type { Cluster } from '../cluster/cluster.js';

/** The API server's default for --service-node-port-range. */
export const FIRST_NODE_PORT = 30000;
export const LAST_NODE_PORT = 32767;

/**
 * The node ports of a cluster, as the API server's allocator keeps them: one pool for every protocol, from which health
 * check node ports come too. Source: Kubernetes 1.36 pkg/registry/core/service/portallocator.
 */
export class NodePorts {
  readonly #owners = new Map<number, string>();

  /** The ports that all Services but one (`namespace/name`) have. */
  constructor(cluster: Cluster, except: string) {
    for (const [key, service] of cluster.services.entries()) {
      if (key === except || service.spec?.type === 'ExternalName') continue;
      for (const { nodePort } of service.spec?.ports ?? []) if (nodePort) this.#owners.set(nodePort, key);
      if (service.spec?.healthCheckNodePort) this.#owners.set(service.spec.healthCheckNodePort, key);
    }
  }

  /** The Service that has the port, `namespace/name`. */
  ownerOf(port: number): string | undefined {
    return this.#owners.get(port);
  }

  claim(port: number, service: string): void {
    this.#owners.set(port, service);
  }

  /** Claims the lowest free port; undefined when none is free. */
  take(service: string): number | undefined {
    for (let port = FIRST_NODE_PORT; port <= LAST_NODE_PORT; port++) {
      if (this.#owners.has(port)) continue;
      this.#owners.set(port, service);
      return port;
    }
    return undefined;
  }
}
