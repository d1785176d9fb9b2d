import type { IPFamily } from '../base/address.js';

/** What kube-proxy knows of one port of one Service in one family (`BaseServicePortInfo`). */
export interface ServicePort {
  /** `namespace/name` of the Service. */
  readonly service: string;
  readonly namespace: string;
  readonly name: string;
  readonly portName: string;
  /** `namespace/name` or `namespace/name:portName`: how rules and hashes call it. */
  readonly id: string;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly family: IPFamily;
  readonly type: string;
  readonly clusterIP: string;
  readonly port: number;
  /** 0: none. */
  readonly nodePort: number;
  readonly externalIPs: readonly string[];
  /**
   * There are external IPs, but the gate AllowServiceExternalIPs (1.36) is off: no rule is written for them, though the
   * Service still counts as reachable from outside.
   */
  readonly externalIPsRefused?: boolean;
  /** Load balancer addresses that rules are written for. */
  readonly loadBalancerVIPs: readonly string[];
  readonly sourceRanges: readonly string[];
  readonly externalPolicyLocal: boolean;
  readonly internalPolicyLocal: boolean;
  /** Seconds; 0: no session affinity. */
  readonly stickyMaxAge: number;
  /** 0: none. */
  readonly healthCheckNodePort: number;
  /** Value of the topology-aware-hints / topology-mode annotation, '' when there is none. */
  readonly hintsAnnotation: string;
}

/** One endpoint of a Service port as kube-proxy keeps it. */
export interface ProxyEndpoint {
  /** `address:port`, IPv6 in brackets. */
  readonly id: string;
  readonly address: string;
  readonly port: number;
  /** '' when not known. */
  readonly node: string;
  readonly zone: string;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly zoneHints: readonly string[];
  readonly nodeHints: readonly string[];
  /** `namespace/name` of the pod, from targetRef. */
  readonly pod: string | undefined;
}

/** What one node's kube-proxy uses of a Service port's endpoints (`CategorizeEndpoints`). */
export interface EndpointSelection {
  /** Endpoints for the Cluster policy on this node (hints applied). */
  readonly cluster: readonly ProxyEndpoint[];
  /** Endpoints for the Local policy on this node. */
  readonly local: readonly ProxyEndpoint[];
  /** Those of either that get a chain. */
  readonly reachable: readonly ProxyEndpoint[];
  /** Some endpoint usable by some policy exists anywhere. */
  readonly hasEndpoints: boolean;
}

/** Every Service port of one family of a cluster, as one version of kube-proxy reads them. */
export interface ServiceMap {
  readonly family: IPFamily;
  /** In the fixed order of this project: by bytes of `id`, then protocol. */
  ports(): readonly ServicePort[];
  /** The ports of one Service (`namespace/name`), in the same order; empty for a Service that kube-proxy skips. */
  portsOf(service: string): readonly ServicePort[];
  /** All known endpoints of a port, any condition, sorted and without duplicates. */
  endpointsOf(port: ServicePort): readonly ProxyEndpoint[];
  /** {@link endpointsOf} as the kube-proxy of one node keeps them: up to 1.35 duplicates on that node win. */
  endpointsSeenFrom(node: string, port: ServicePort): readonly ProxyEndpoint[];
  /** The sum over all ports of all known endpoints: more than 1000 switches large-cluster mode. */
  readonly endpointTotal: number;
  /** Whether {@link endpointTotal} is above a limit: it counts no further than that. */
  hasMoreEndpointsThan(limit: number): boolean;
  /** The ports that claim an address (cluster, external or load balancer) and port, in order. */
  claims(protocol: string, address: string, port: number): readonly ServicePort[];
  /** Whether {@link claims} may find several ports for one address, protocol and number. False: it never does. */
  readonly mayHaveRivals: boolean;
  /** The ports that claim a node port, in order. */
  nodePortClaims(protocol: string, nodePort: number): readonly ServicePort[];
  /** The ports of Services whose health check node port this is, in order. */
  healthCheckClaims(nodePort: number): readonly ServicePort[];
}
