import type { IPFamily } from '../base/address.js';
import { canonicalAddress } from '../base/address.js';
import type { Cluster } from '../cluster/cluster.js';
import type { NodeProxySettings } from '../cluster/settings.js';
import { ClaimIndex } from './claim-index.js';
import { countEndpoints, endpointList, slicesFor, withLocalDuplicates } from './endpoint-list.js';
import type { Reading } from './reading.js';
import { readingOf } from './reading.js';
import type { ProxyEndpoint, ServiceMap, ServicePort } from './service-port.js';
import { compareServicePorts, portsOfService } from './service-ports.js';

const NO_PORTS: readonly ServicePort[] = [];

/** The addresses that a port lays claim to. They are compared as addresses, not as text. */
function claimedAddresses({ clusterIP, externalIPs, loadBalancerVIPs }: ServicePort): readonly string[] {
  if (externalIPs.length === 0 && loadBalancerVIPs.length === 0) return [clusterIP];
  return [clusterIP, ...[...externalIPs, ...loadBalancerVIPs].map(canonicalAddress)];
}

/** Those of the ports that have an address which are for this number and protocol: mostly all of them. */
function ofNumber(ports: readonly ServicePort[], protocol: string, number: number): readonly ServicePort[] {
  const isOf = (one: ServicePort) => one.port === number && one.protocol === protocol;
  for (const one of ports) if (!isOf(one)) return ports.filter(isOf);
  return ports;
}

const nodePortKeys = (port: ServicePort) => (port.nodePort === 0 ? [] : [`${port.protocol} ${port.nodePort}`]);
const healthCheckKeys = (port: ServicePort) => (port.healthCheckNodePort === 0 ? [] : [`${port.healthCheckNodePort}`]);

interface PortEndpoints {
  readonly endpoints: readonly ProxyEndpoint[];
  /** Endpoints that lost to another of the same identity, but would win on their own node. */
  readonly duplicates: readonly ProxyEndpoint[];
}

/** {@link ServiceMap} with what only kube-proxy's own node sees. */
export class ClusterServiceMap implements ServiceMap {
  readonly family: IPFamily;
  readonly reading: Reading;
  readonly #cluster: Cluster;
  /** The map of the snapshot that this one is an edit of; undefined for that one itself. */
  readonly #base: ClusterServiceMap | undefined;
  /** The Services that this map read itself: all, or those that the edit touched. */
  readonly #own: ReadonlyMap<string, readonly ServicePort[]>;
  readonly #endpoints = new Map<ServicePort, PortEndpoints>();
  #ports: readonly ServicePort[] | undefined;
  #total: number | undefined;
  #addresses: ClaimIndex | undefined;
  #nodePorts: ClaimIndex | undefined;
  #healthChecks: ClaimIndex | undefined;

  constructor(cluster: Cluster, family: IPFamily, reading: Reading, base?: ClusterServiceMap, touched?: Set<string>) {
    this.family = family;
    this.reading = reading;
    this.#cluster = cluster;
    this.#base = base;
    const services = new Map<string, readonly ServicePort[]>();
    if (base === undefined) {
      for (const [key, service] of cluster.services.entries()) {
        const ports = portsOfService(service, family, reading);
        if (ports.length > 0) services.set(key, ports);
      }
    } else {
      for (const key of touched ?? []) {
        const service = cluster.services.get(key);
        // Of a Service that is the same object only the endpoints may differ: they are looked up in this map.
        if (service === undefined) services.set(key, NO_PORTS);
        else if (service === base.#cluster.services.get(key)) services.set(key, base.portsOf(key));
        else services.set(key, portsOfService(service, family, reading));
      }
    }
    this.#own = services;
  }

  ports(): readonly ServicePort[] {
    if (this.#ports === undefined) {
      const base = this.#base;
      const own = this.#own;
      if (base !== undefined && own.size === 0) return base.ports();
      const kept = base?.ports().filter((port) => !own.has(port.service)) ?? [];
      this.#ports = [...kept, ...own.values()].flat().sort(compareServicePorts);
    }
    return this.#ports;
  }

  portsOf(service: string): readonly ServicePort[] {
    return this.#own.get(service) ?? this.#base?.portsOf(service) ?? NO_PORTS;
  }

  /** The map that read this port: this one, or the one it is an edit of. */
  #ownerOf(port: ServicePort): ClusterServiceMap {
    return this.#base === undefined || this.#own.has(port.service) ? this : this.#base;
  }

  #portEndpoints(port: ServicePort): PortEndpoints {
    const owner = this.#ownerOf(port);
    if (owner !== this) return owner.#portEndpoints(port);
    let known = this.#endpoints.get(port);
    if (known === undefined) {
      known = endpointList(slicesFor(this.#cluster, port.service, this.family, this.reading), port, this.reading);
      this.#endpoints.set(port, known);
    }
    return known;
  }

  endpointsOf(port: ServicePort): readonly ProxyEndpoint[] {
    return this.#portEndpoints(port).endpoints;
  }

  /** Whether nodes may see other endpoints of a port than each other: it has several of one identity. */
  hasDuplicates(port: ServicePort): boolean {
    return this.#portEndpoints(port).duplicates.length > 0;
  }

  /** {@link endpointsOf} as the kube-proxy of one node keeps them: duplicates on that node win up to 1.35. */
  endpointsSeenFrom(node: string, port: ServicePort): readonly ProxyEndpoint[] {
    const { endpoints, duplicates } = this.#portEndpoints(port);
    return duplicates.length === 0 ? endpoints : withLocalDuplicates(endpoints, duplicates, node, this.reading);
  }

  #count(service: string, ports: readonly ServicePort[]): number {
    if (ports.length === 0) return 0;
    const slices = slicesFor(this.#cluster, service, this.family, this.reading);
    let count = 0;
    for (const port of ports) count += this.#knownCount(port) ?? countEndpoints(slices, port, this.reading);
    return count;
  }

  /** How many endpoints a port has, where they have been listed. */
  #knownCount(port: ServicePort): number | undefined {
    const owner = this.#ownerOf(port);
    return owner === this ? this.#endpoints.get(port)?.endpoints.length : owner.#knownCount(port);
  }

  get endpointTotal(): number {
    if (this.#total === undefined) {
      const base = this.#base;
      let total = base?.endpointTotal ?? 0;
      for (const [service, ports] of this.#own) {
        total += this.#count(service, ports);
        if (base !== undefined) total -= base.#count(service, base.portsOf(service));
      }
      this.#total = total;
    }
    return this.#total;
  }

  hasMoreEndpointsThan(limit: number): boolean {
    if (this.#total !== undefined || this.#base !== undefined) return this.endpointTotal > limit;
    let count = 0;
    for (const [service, ports] of this.#own) {
      count += this.#count(service, ports);
      if (count > limit) return true;
    }
    this.#total = count;
    return false;
  }

  #index(keysOf: (port: ServicePort) => readonly string[], base: ClaimIndex | undefined): ClaimIndex {
    return new ClaimIndex(this.#own, keysOf, base);
  }

  get #addressIndex(): ClaimIndex {
    this.#addresses ??= this.#index(claimedAddresses, this.#base === undefined ? undefined : this.#base.#addressIndex);
    return this.#addresses;
  }

  get #nodePortIndex(): ClaimIndex {
    this.#nodePorts ??= this.#index(nodePortKeys, this.#base === undefined ? undefined : this.#base.#nodePortIndex);
    return this.#nodePorts;
  }

  get #healthCheckIndex(): ClaimIndex {
    this.#healthChecks ??= this.#index(
      healthCheckKeys,
      this.#base === undefined ? undefined : this.#base.#healthCheckIndex,
    );
    return this.#healthChecks;
  }

  claims(protocol: string, address: string, port: number): readonly ServicePort[] {
    return ofNumber(this.#addressIndex.get(canonicalAddress(address)), protocol, port);
  }

  get mayHaveRivals(): boolean {
    return this.#addressIndex.mayHaveRivals;
  }

  nodePortClaims(protocol: string, nodePort: number): readonly ServicePort[] {
    return this.#nodePortIndex.get(`${protocol} ${nodePort}`);
  }

  healthCheckClaims(nodePort: number): readonly ServicePort[] {
    return this.#healthCheckIndex.get(`${nodePort}`);
  }
}

const maps = new WeakMap<Cluster, Map<string, ClusterServiceMap>>();

/**
 * The Service ports of a cluster as the kube-proxy of one family and version reads them. Remembered per cluster; for an
 * edited cluster only the Services that the edit touched are read again.
 */
export function serviceMap(cluster: Cluster, family: IPFamily, settings: NodeProxySettings): ClusterServiceMap {
  return mapOf(cluster, family, readingOf(settings));
}

function mapOf(cluster: Cluster, family: IPFamily, reading: Reading): ClusterServiceMap {
  let byKey = maps.get(cluster);
  if (byKey === undefined) {
    byKey = new Map();
    maps.set(cluster, byKey);
  }
  const key = `${family} ${reading.key}`;
  let map = byKey.get(key);
  if (map === undefined) {
    const touched = new Set<string>();
    let root = cluster;
    for (; root.parent !== undefined; root = root.parent) {
      for (const service of root.touchedServices) touched.add(service);
    }
    map =
      root === cluster
        ? new ClusterServiceMap(cluster, family, reading)
        : new ClusterServiceMap(cluster, family, reading, mapOf(root, family, reading), touched);
    byKey.set(key, map);
  }
  return map;
}
