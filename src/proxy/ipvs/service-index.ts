/** What every node's ipvs mode asks of all Services, worked out once for a map of Services and shared by nodes. */
import { canonicalAddress } from '../../base/address.js';
import { remember } from '../../base/remember.js';
import type { ClusterServiceMap } from '../service-map.js';
import type { ProxyEndpoint, ServicePort } from '../service-port.js';
import type { IpvsContext } from './context.js';
import type { SetName } from './sets.js';

const NO_PORTS: readonly ServicePort[] = [];

/** Which ports have endpoints where. */
interface PortsByNode {
  /** By node; each port once. */
  readonly byNode: ReadonlyMap<string, readonly ServicePort[]>;
  /** Ports of which a node may see other endpoints than the others do: they may be on any node. */
  readonly varying: readonly ServicePort[];
}

function portsByNode(services: ClusterServiceMap): PortsByNode {
  const byNode = new Map<string, ServicePort[]>();
  const varying: ServicePort[] = [];
  for (const port of services.ports()) {
    if (services.hasDuplicates(port)) {
      varying.push(port);
      continue;
    }
    for (const { node } of services.endpointsOf(port)) {
      if (node === '') continue;
      const ports = byNode.get(node);
      if (ports === undefined) byNode.set(node, [port]);
      else if (ports.at(-1) !== port) ports.push(port);
    }
  }
  return { byNode, varying };
}

/** Service ports by what ipvs mode looks them up by. Reads endpoints when it is asked about nodes. */
export class ServiceIndex {
  readonly #services: ClusterServiceMap;
  /** Ports with source ranges for load balancer addresses. */
  readonly ranged: readonly ServicePort[];
  readonly #sets = new Set<SetName>();
  readonly #nodePortSets = new Set<SetName>();
  #byAddress: ReadonlyMap<string, readonly ServicePort[]> | undefined;
  #byNode: PortsByNode | undefined;

  constructor(services: ClusterServiceMap) {
    this.#services = services;
    const ranged: ServicePort[] = [];
    for (const port of services.ports()) {
      this.#addSets(port);
      if (port.loadBalancerVIPs.length > 0 && port.sourceRanges.length > 0) ranged.push(port);
    }
    this.ranged = ranged;
  }

  #addSets(port: ServicePort): void {
    const sets = this.#sets;
    const local = port.externalPolicyLocal;
    sets.add('KUBE-CLUSTER-IP').add('KUBE-IPVS-IPS');
    if (port.externalIPs.length > 0) sets.add(local ? 'KUBE-EXTERNAL-IP-LOCAL' : 'KUBE-EXTERNAL-IP');
    if (port.loadBalancerVIPs.length > 0) {
      sets.add('KUBE-LOAD-BALANCER');
      if (local) sets.add('KUBE-LOAD-BALANCER-LOCAL');
    }
    if (port.healthCheckNodePort !== 0) sets.add('KUBE-HEALTH-CHECK-NODE-PORT');
    if (port.nodePort === 0) return;
    const hash = port.protocol === 'SCTP' ? '-HASH' : '';
    this.#nodePortSets.add(`KUBE-NODE-PORT-${port.protocol}${hash}` as SetName);
    if (local) this.#nodePortSets.add(`KUBE-NODE-PORT-LOCAL-${port.protocol}${hash}` as SetName);
  }

  /** The ports that have an address: cluster, external or load balancer. */
  portsAt(address: string): readonly ServicePort[] {
    if (this.#byAddress === undefined) {
      const byAddress = new Map<string, ServicePort[]>();
      for (const port of this.#services.ports()) {
        for (const text of [port.clusterIP, ...port.externalIPs, ...port.loadBalancerVIPs])
          remember(byAddress, canonicalAddress(text), (): ServicePort[] => []).push(port);
      }
      this.#byAddress = byAddress;
    }
    return this.#byAddress.get(address) ?? NO_PORTS;
  }

  /** The sets that have entries whatever a node's own address and endpoints are. */
  usedSets({ nodeAddresses }: IpvsContext): ReadonlySet<SetName> {
    return nodeAddresses.length === 0 ? this.#sets : new Set([...this.#sets, ...this.#nodePortSets]);
  }

  /** The ports that have endpoints on a node, and those that may. */
  #portsOn(node: string): readonly ServicePort[] {
    if (node === '') return NO_PORTS;
    this.#byNode ??= portsByNode(this.#services);
    const { byNode, varying } = this.#byNode;
    const own = byNode.get(node) ?? NO_PORTS;
    return varying.length === 0 ? own : [...own, ...varying];
  }

  #endpointsOn(node: string, port: ServicePort): readonly ProxyEndpoint[] {
    return this.#services.endpointsSeenFrom(node, port).filter((endpoint) => endpoint.node === node);
  }

  /** Whether any endpoint is on a node, as its kube-proxy sees them. */
  hasEndpointsOn(node: string): boolean {
    return this.#portsOn(node).some((port) => this.#endpointsOn(node, port).length > 0);
  }

  /** All endpoints on a node as its kube-proxy sees them, with the ports that they belong to. */
  endpointsOn(node: string): readonly (readonly [ServicePort, ProxyEndpoint])[] {
    return this.#portsOn(node).flatMap((port) =>
      this.#endpointsOn(node, port).map((endpoint) => [port, endpoint] as const),
    );
  }
}

const known = new WeakMap<ClusterServiceMap, ServiceIndex>();

/** The index of a map of Services. */
export function serviceIndex(services: ClusterServiceMap): ServiceIndex {
  return remember(known, services, () => new ServiceIndex(services));
}
