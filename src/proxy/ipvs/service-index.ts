/** What every node's ipvs mode asks of all Services, worked out once for a map of Services and shared by nodes. */
import { addressOf } from '../../base/address.js';
import { remember } from '../../base/remember.js';
import type { ClusterServiceMap } from '../service-map.js';
import type { ProxyEndpoint, ServicePort } from '../service-port.js';
import type { IpvsContext } from './context.js';
import type { SetName } from './sets.js';

const NONE: readonly (readonly [ServicePort, ProxyEndpoint])[] = [];
const NO_PORTS: readonly ServicePort[] = [];

/** Service ports by what ipvs mode looks them up by. */
export class ServiceIndex {
  readonly #services: ClusterServiceMap;
  readonly #byAddress = new Map<string, ServicePort[]>();
  readonly #byNode = new Map<string, (readonly [ServicePort, ProxyEndpoint])[]>();
  /** Ports of which a node may see other endpoints than the others do. */
  readonly #varying: ServicePort[] = [];
  /** Ports with source ranges for load balancer addresses. */
  readonly ranged: readonly ServicePort[];
  readonly #sets = new Set<SetName>();
  readonly #nodePortSets = new Set<SetName>();

  constructor(services: ClusterServiceMap) {
    this.#services = services;
    const ranged: ServicePort[] = [];
    for (const port of services.ports()) {
      for (const text of [port.clusterIP, ...port.externalIPs, ...port.loadBalancerVIPs])
        remember(this.#byAddress, addressOf(text)?.text ?? text, (): ServicePort[] => []).push(port);
      this.#addSets(port);
      if (port.loadBalancerVIPs.length > 0 && port.sourceRanges.length > 0) ranged.push(port);
      if (services.hasDuplicates(port)) this.#varying.push(port);
      else
        for (const endpoint of services.endpointsOf(port)) {
          if (endpoint.node !== '')
            remember(this.#byNode, endpoint.node, (): (readonly [ServicePort, ProxyEndpoint])[] => []).push([
              port,
              endpoint,
            ]);
        }
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
    return this.#byAddress.get(address) ?? NO_PORTS;
  }

  /** The sets that have entries whatever a node's own address and endpoints are. */
  usedSets({ nodeAddresses }: IpvsContext): ReadonlySet<SetName> {
    return nodeAddresses.length === 0 ? this.#sets : new Set([...this.#sets, ...this.#nodePortSets]);
  }

  /** All endpoints on a node as its kube-proxy sees them, with the ports that they belong to. */
  endpointsOn(node: string): readonly (readonly [ServicePort, ProxyEndpoint])[] {
    if (node === '') return NONE;
    const own = this.#byNode.get(node) ?? NONE;
    if (this.#varying.length === 0) return own;
    const varying = this.#varying.flatMap((port) =>
      this.#services
        .endpointsSeenFrom(node, port)
        .filter((endpoint) => endpoint.node === node)
        .map((endpoint) => [port, endpoint] as const),
    );
    return [...own, ...varying];
  }
}

const known = new WeakMap<ClusterServiceMap, ServiceIndex>();

/** The index of a map of Services. */
export function serviceIndex(services: ClusterServiceMap): ServiceIndex {
  return remember(known, services, () => new ServiceIndex(services));
}
