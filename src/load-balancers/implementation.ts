import type { IPFamily } from '../base/address.js';
import type { Fraction } from '../base/fraction.js';
import type { Cluster } from '../cluster/cluster.js';
import type { LoadBalancerName, LoadBalancerOption, LoadBalancerOptions } from '../cluster/load-balancer-settings.js';
import type { Service } from '../cluster/objects.js';
import type { Platform, Settings } from '../cluster/settings.js';
import type { Protocol } from '../netfilter/packet.js';
import type { AnnotationList } from './annotation-list.js';

/** A port of a Service, as its object has it. */
export type BalancedPort = NonNullable<NonNullable<Service['spec']>['ports']>[number];

/** One Service behind one load balancer, in one family: what every question to an implementation is about. */
export interface Balanced {
  readonly cluster: Cluster;
  readonly settings: Settings;
  readonly service: Service;
  /** `namespace/name` */
  readonly key: string;
  readonly family: IPFamily;
  readonly options: LoadBalancerOptions;
  /** Tells what the answer rests on without the snapshot or the request saying it. Once per field. */
  assume(field: string, value: unknown, why: string): void;
}

/** Somebody that new connections can be sent to. */
export interface Backend {
  /** A node, whose rules take over, or a pod, which gets the packet as it is. */
  readonly kind: 'NODE' | 'POD';
  /** The node, or the pod's node. */
  readonly node: string;
  /** The node's primary address, or the pod's own; undefined where the snapshot shows none of the family. */
  readonly address: string | undefined;
  /** '' when not known. */
  readonly zone: string;
  /** POD: the port that it listens at, by Service port number, and who it is. */
  readonly ports?: ReadonlyMap<number, number>;
  readonly pod?: string;
  /** POD: whether its readiness lets the health checks pass. */
  readonly ready?: boolean;
}

/** Somebody that could have been a backend, and why not. */
export interface Excluded {
  readonly name: string;
  readonly why: string;
}

export interface Backends {
  readonly members: readonly Backend[];
  readonly excluded: readonly Excluded[];
  /** What the backends are to the provider: `target pool`, `GCE_VM_IP NEG` …. */
  readonly group: string;
}

/** How the load balancer finds out which backends to use. */
export interface HealthCheck {
  /**
   * NONE: nobody probes. Who announces the address decides, see {@link Implementation.probe}, or every backend is used.
   */
  readonly protocol: 'HTTP' | 'HTTPS' | 'TCP' | 'NONE';
  /** 0 where nobody probes. */
  readonly port: number;
  readonly path?: string;
  readonly intervalSeconds: number;
  readonly timeoutSeconds?: number;
  /** Probes in a row that must fail (succeed) before a backend is taken out (in). */
  readonly unhealthyAfter: number;
  readonly healthyAfter: number;
  /** CIDRs that probes come from; empty: not known. */
  readonly sources: readonly string[];
  /**
   * Who answers: kube-proxy's healthz, kube-proxy's server for the Service, the pod itself, or whoever has the port.
   * NOBODY: there is no health check, so that every backend is in use.
   */
  readonly answeredBy: 'KUBE_PROXY' | 'SERVICE_HEALTH' | 'POD' | 'NODE_PORT' | 'ANNOUNCEMENT' | 'NOBODY';
}

/** What becomes of a probe's connection to a port of a node, by the node's own rules. */
export interface WalkedProbe {
  /** UNKNOWN: what the node does is not modelled. */
  readonly answered: 'YES' | 'NO' | 'UNKNOWN';
  /** What decides, in a sentence without a full stop. */
  readonly detail: string;
}

/** Walks a TCP probe from the load balancer to a port of a node. */
export type WalkProbe = (balanced: Balanced, check: HealthCheck, backend: Backend) => WalkedProbe;

/** What a probe of one backend gets. */
export interface ProbeResult {
  readonly healthy: boolean;
  /** HTTP status; undefined: no HTTP, or no answer at all. */
  readonly status: number | undefined;
  readonly detail: string;
  /** The result is taken to be so: it depends on what a snapshot does not show. */
  readonly assumed?: true;
  /** The weight that kube-proxy reports to the load balancer in a header, where its version does. */
  readonly weight?: number;
}

/** The header of a packet, as far as load balancers look at it or rewrite it. */
export interface BalancedHeader {
  readonly source: string;
  readonly destination: string;
  readonly destinationPort: number | undefined;
  readonly protocol: Protocol;
}

/** What the packet looks like when it arrives at a backend. */
export interface Forwarded extends BalancedHeader {
  /** What was done to it, as a sentence. */
  readonly detail: string;
  /** The client itself sent it so: there is no hop that rewrites, clients choose among addresses. */
  readonly byClient?: boolean;
}

/** Who connects, as far as the choice of a backend depends on it. */
export interface BalancedClient {
  readonly address: string | undefined;
  /** '' when not known or outside the provider's zones. */
  readonly zone: string;
  /**
   * Where its address says that it is on the internet: a public address, or one for documentation, as examples have it.
   * Absent: it is not, or the address only stands for one that is not known.
   */
  readonly internet?: 'PUBLIC' | 'DOCUMENTATION';
}

/** A backend with its ready endpoints: what weights are made of. */
export interface Candidate {
  readonly backend: Backend;
  /** Ready endpoints of the Service on the backend's node; 1 for a pod. */
  readonly endpoints: number;
}

export interface Affinity {
  /** How the load balancer spreads: the fields of the packet that it hashes. */
  readonly by: 'CONNECTION' | 'CLIENT_ADDRESS';
  readonly detail: string;
}

export interface Firewall {
  /**
   * CIDRs that the load balancer itself, or the provider's firewall before the nodes, lets in. Undefined: everybody.
   */
  readonly allowed: readonly string[] | undefined;
  /** Rules that the provider's controller creates, in words. */
  readonly rules: readonly string[];
}

export interface Drain {
  /** Seconds for which connections of a backend that is taken out go on; undefined: not known. */
  readonly seconds: number | undefined;
  readonly detail: string;
}

/** What a Service gets when it becomes one of type LoadBalancer. */
export interface Allocation {
  /** Where an address comes from, in words; the address itself is taken by the caller. */
  readonly scheme: 'EXTERNAL' | 'INTERNAL';
  /** Nothing asks for the scheme: it is the controller's default. */
  readonly byDefault?: boolean;
  readonly ipMode: 'VIP' | 'Proxy';
  /** Only a host name is published, no address. */
  readonly hostname?: string;
  /** The address that a pool in the snapshot gives, where the Service has none and asks for none. */
  readonly fromPool?: { readonly name: string; readonly address: string };
  /** Why the Service gets no address, as a sentence. */
  readonly pending?: string;
  /** Addresses of the cluster itself are published, whatever was before. */
  readonly addresses?: readonly string[];
}

/**
 * One kind of load balancer. Each is in a file of its own; index.ts lists them. All are pure functions of the
 * Service and its cluster.
 */
export interface Implementation {
  readonly name: LoadBalancerName;
  /** As its users call it. */
  readonly title: string;
  /** The options that it reads. */
  readonly options: readonly LoadBalancerOption[];
  /** The annotations of its provider: which are read, and which are not though they would change answers. */
  readonly annotations?: readonly AnnotationList[];
  /** Annotations of objects beside the Service that count too. */
  annotatedBeside?(balanced: Balanced): readonly (Readonly<Record<string, string>> | undefined)[];
  /** Why it takes this Service (a sentence), where class, annotations and platform tell; undefined: it does not. */
  takes(service: Service, platform: Platform, cluster: Cluster): string | undefined;
  allocates(balanced: Balanced): Allocation;
  backends(balanced: Balanced): Backends;
  /**
   * Why a client of the provider's network cannot reach the load balancer, in a sentence without a full stop; undefined
   * or absent: it can.
   */
  reach?(balanced: Balanced, client: BalancedClient, members: readonly Backend[]): string | undefined;
  /** How new connections are spread over candidates that are healthy: relative weights in their order. */
  weights(balanced: Balanced, candidates: readonly Candidate[], client: BalancedClient): readonly Fraction[];
  forward(balanced: Balanced, sent: BalancedHeader, backend: Backend): Forwarded | { readonly refused: string };
  /** How backends are checked for one port of the Service. */
  healthCheck(balanced: Balanced, port: BalancedPort): HealthCheck;
  /** Whether a backend is in use, where that is no matter of a health check; undefined: the health check says. */
  probe?(balanced: Balanced, backend: Backend): ProbeResult | undefined;
  /** Whether connections go to all backends when none is healthy. */
  failsOpen(balanced: Balanced): boolean;
  /** What a client sees when no backend is in use: nothing at all, or a refusal. Default: nothing (timeout). */
  refusesWithoutBackends?(balanced: Balanced): boolean;
  affinity(balanced: Balanced): Affinity;
  firewall(balanced: Balanced): Firewall;
  drain(balanced: Balanced): Drain;
  /** DIRECT: a node answers the client itself (direct server return). THROUGH: the reply passes the load balancer. */
  reply(balanced: Balanced): 'DIRECT' | 'THROUGH';
  /** Whether a node that is a backend has the load balancer's address as one of its own (fib type LOCAL). */
  addressIsLocal(balanced: Balanced): boolean;
}
