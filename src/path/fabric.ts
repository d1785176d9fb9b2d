import type { IPFamily } from '../base/address.js';
import { QuestionError } from '../base/errors.js';
import { remember } from '../base/remember.js';
import type { Cluster } from '../cluster/cluster.js';
import { namespacedName, type Service } from '../cluster/objects.js';
import type { Settings } from '../cluster/settings.js';
import { Balancer, type Phase } from '../load-balancers/balancer.js';
import {
  freeBalancerAddress,
  isBalanced,
  publishedAs,
  serviceOfAddress,
  type WantedPort,
} from '../load-balancers/balancer-addresses.js';
import type { Backend, Balanced, HealthCheck, WalkedProbe, WalkProbe } from '../load-balancers/implementation.js';
import type { IpSets } from '../netfilter/ipset.js';
import type { Packet } from '../netfilter/packet.js';
import type { Ruleset } from '../netfilter/ruleset.js';
import { isSample } from '../proxy/endpoint-sample.js';
import type { NodeProgram, ProxierInput } from '../proxy/node-program.js';
import { programNode } from '../proxy/program.js';
import type { ServiceMap, ServicePort } from '../proxy/service-port.js';
import type { Common } from './alike-endpoints.js';
import { AssumptionList } from './assumption-list.js';
import { assumeOfGiven } from './given-node.js';
import { Host, isLoopback } from './host.js';
import { type InterfaceNames, interfaceNames } from './interface-names.js';
import { type KnownEndpoint, KnownEndpoints } from './known-endpoints.js';
import { AddressBook, nodeIsDown, Places } from './network.js';
import { walkingOnce } from './probes.js';
import type { Journey, WaysByLikeness } from './trail.js';

/** The port that a packet is for. */
export const wantedOf = ({ protocol, destinationPort: port }: Packet): WantedPort => ({ protocol, port });

/** What a question adds to the cluster and its settings. */
export interface FabricOptions {
  /** Rules to walk instead of those kube-proxy would write, by node: parsed from a real `iptables-save`. */
  readonly rulesets?: ReadonlyMap<string, Ruleset>;
  /** Nodes whose text says that other rules are beside it, of the other flavour of iptables. */
  readonly partial?: ReadonlySet<string>;
  /** Nodes of which a listing of nftables is given and nothing beside it. */
  readonly listed?: ReadonlySet<string>;
  /** The ipsets of nodes whose rules are given. */
  readonly ipsets?: ReadonlyMap<string, IpSets>;
  /** The addresses on kube-ipvs0 of nodes whose rules are given. */
  readonly bound?: ReadonlyMap<string, ReadonlySet<string>>;
  /** xt_recent list → addresses it holds, on every node. */
  readonly recent?: ReadonlyMap<string, ReadonlySet<string>>;
  /** How far the health checks of load balancers are. Default AFTER. */
  readonly phase?: Phase;
  /** Walks the probes of load balancers; absent: the endpoints that a node's rules use decide. */
  readonly walkProbe?: (fabric: Fabric, balanced: Balanced, check: HealthCheck, backend: Backend) => WalkedProbe;
  /** The cluster before the changes: what health checks still say BEFORE they have converged. */
  readonly earlier?: { readonly cluster: Cluster; readonly settings: Settings };
  /** The state that given rules are of, where this is another one that is compared with it. */
  readonly rulesFrom?: { readonly cluster: Cluster; readonly settings: Settings };
  /** Whether trails only record where policies act, so that one walk serves many clients. */
  readonly recordsPolicies?: boolean;
  /**
   * Ways that are known from another fabric of the very same cluster, settings, family and options; this one adds to
   * them.
   */
  readonly ways?: WaysByLikeness;
  /** What is followed of the endpoints that a node uses for a Service port; absent: all of them. */
  readonly follow?: ProxierInput['follow'];
  /** Longer lists of endpoints do not become known as such: what is asked of this fabric is about clients alone. */
  readonly expectsUpTo?: number;
  /** Places that another fabric of the very same cluster, settings and family has learned; this one adds to them. */
  readonly places?: Places;
  /** Whether each packet is walked by itself, also where another one is known to go the same way. For comparison. */
  readonly walksEach?: boolean;
}

// A book is of nodes and pods: clusters that differ in Services and EndpointSlices share it.
const books = new WeakMap<Cluster['nodes'], WeakMap<Cluster['pods'], WeakMap<Settings, Map<IPFamily, AddressBook>>>>();

function bookOf(cluster: Cluster, family: IPFamily, settings: Settings): AddressBook {
  const byPods = remember(
    books,
    cluster.nodes,
    () => new WeakMap<Cluster['pods'], WeakMap<Settings, Map<IPFamily, AddressBook>>>(),
  );
  const bySettings = remember(byPods, cluster.pods, () => new WeakMap<Settings, Map<IPFamily, AddressBook>>());
  const byFamily = remember(bySettings, settings, () => new Map<IPFamily, AddressBook>());
  return remember(byFamily, family, () => new AddressBook(cluster, family, settings));
}

/**
 * The cluster as packets of one family meet it: hosts with their rules, and who has which address. Hosts and rules are
 * made when a packet first comes by.
 */
export class Fabric {
  readonly cluster: Cluster;
  readonly settings: Settings;
  readonly family: IPFamily;
  readonly book: AddressBook;
  readonly places: Places;
  /** What became of packets of which others differ in nothing but the address of a pod, by what they have in common. */
  readonly ways: WaysByLikeness;
  /** What `likenessOf` said last: a node's first hook sends several packets that are alike. */
  lastCommon: Common | undefined;
  readonly assumptions = new AssumptionList();
  #taken: ReadonlyMap<string, Journey> | undefined;
  #isRecording = false;
  readonly #options: FabricOptions;
  readonly #hosts = new Map<string, Host>();
  readonly #rulesets = new Map<string, Ruleset>();
  readonly #programs = new Map<string, NodeProgram>();
  readonly #endpoints: KnownEndpoints;
  readonly #balancers = new Map<string, Balancer>();
  #prober: WalkProbe | undefined;
  #probing: Fabric | undefined;
  /** The cluster before the changes. */
  #earlier: Fabric | undefined;
  /** Services that are published by host name alone, by the address that stands for it. */
  readonly #standIns = new Map<string, Service>();

  constructor(cluster: Cluster, settings: Settings, family: IPFamily, options: FabricOptions = {}) {
    this.cluster = cluster;
    this.settings = settings;
    this.family = family;
    this.book = bookOf(cluster, family, settings);
    this.places = options.places ?? new Places(this.book);
    this.#endpoints = new KnownEndpoints(this.places);
    this.ways = options.ways ?? new Map();
    this.#options = options;
  }

  /**
   * The same nodes, remembering clients by session affinity: xt_recent list → addresses it holds. Load balancers are
   * this fabric's own.
   */
  remembering(recent: ReadonlyMap<string, ReadonlySet<string>>): Fabric {
    const { ways: _, ...options } = this.#options;
    const fabric = new Fabric(this.cluster, this.settings, this.family, { ...options, recent });
    for (const [key, balancer] of this.#balancers) fabric.#balancers.set(key, balancer);
    fabric.#earlier = this.#earlier;
    return fabric;
  }

  /** Does some work while policies deny nothing: trails only record where they act. */
  recordingPolicies<T>(work: () => T): T {
    const before = this.#isRecording;
    this.#isRecording = true;
    try {
      return work();
    } finally {
      this.#isRecording = before;
    }
  }

  /**
   * Does some work while packets that are translated at their first node to one of these destinations take the journey
   * of another client of that node, from there on: whoever asks knows that nothing but the address tells the two apart.
   */
  taking<T>(journeys: ReadonlyMap<string, Journey>, work: () => T): T {
    this.#taken = journeys;
    try {
      return work();
    } finally {
      this.#taken = undefined;
    }
  }

  /** The journey that a packet takes that was translated at its first node; see {@link taking}. */
  takenBy({ destination, connection }: Packet): Journey | undefined {
    return connection.dnat ? this.#taken?.get(destination) : undefined;
  }

  /** Whether policies are recorded on the way and judged by who asks. */
  get recordsPolicies(): boolean {
    return this.#isRecording || this.#options.recordsPolicies === true;
  }

  /** Whether what is recorded now is beyond a denial: ways that are known are those of a fabric that judges. */
  get isBeyondDenial(): boolean {
    return this.#isRecording && this.#options.recordsPolicies !== true;
  }

  host(node: string): Host {
    let host = this.#hosts.get(node);
    if (host === undefined) {
      const program = this.#balancingProgram(node);
      const sets = this.#options.ipsets?.get(node) ?? program?.sets;
      const interfaces = this.#interfacesOf(node);
      host = new Host(node, this.places, this.settings, this.settings.proxyOf(node), {
        ...(this.#options.recent === undefined ? {} : { entries: this.#options.recent }),
        isBalancedHere: (address) => this.#isBalancedOn(node, address),
        ...(interfaces === undefined ? {} : { interfaces }),
        ...(sets === undefined ? {} : { sets }),
        isBound: this.#boundOn(node),
        assume: (field, value, why) => this.assumptions.add(field, value, why),
      });
      this.#hosts.set(node, host);
    }
    return host;
  }

  /** What kube-proxy programs on a node that is modelled and whose own rules are not given. */
  #balancingProgram(node: string): NodeProgram | undefined {
    if (this.isParsed(node) || this.settings.proxyOf(node).mode !== 'ipvs') return undefined;
    return this.unmodelled(node) === undefined ? this.program(node) : undefined;
  }

  /** Tells which addresses are on kube-ipvs0 of a node. */
  #boundOn(node: string): (address: string) => boolean {
    const given = this.#options.bound?.get(node);
    if (given !== undefined) return (address) => given.has(address);
    const program = this.#balancingProgram(node);
    return (address) => program?.isBound?.(address) ?? false;
  }

  /**
   * What the interfaces of a node are called whose own rules are given, with what that rests on; undefined for others.
   */
  #interfacesOf(node: string): InterfaceNames | undefined {
    const rulesets = this.#options.rulesets;
    const ruleset = rulesets?.get(node);
    if (rulesets === undefined || ruleset === undefined) return undefined;
    const names = interfaceNames(this.cluster, this.settings, this.settings.proxyOf(node), node, ruleset);
    const suffix = rulesets.size > 1 ? ` (${node})` : '';
    for (const { field, value, why } of names.assumed) this.assumptions.add(`${field}${suffix}`, value, why);
    assumeOfGiven(this.assumptions, {
      ...{ node, ruleset },
      isChanged: this.#options.earlier !== undefined && this.rulesFrom === undefined,
      isPartial: this.#options.partial?.has(node) ?? false,
      isListed: this.#options.listed?.has(node) ?? false,
    });
    return names;
  }

  /** Throws QuestionError UNSUPPORTED where the node's mode or version is not modelled. */
  program(node: string): NodeProgram {
    return remember(this.#programs, node, () =>
      programNode(this.cluster, node, this.family, this.settings.proxyOf(node), this.#options.follow),
    );
  }

  ruleset(node: string): Ruleset {
    let ruleset = this.#rulesets.get(node) ?? this.#options.rulesets?.get(node);
    if (ruleset === undefined) {
      const { kubelet, network } = this.settings;
      const { bridge } = this.book.addressesOf(node);
      const program = this.program(node);
      ruleset = program.ruleset({
        kubelet,
        forwardPolicy: network.forwardPolicy,
        ipMasq: network.ipMasq,
        ...(program.mode === 'ipvs' ? { ...this.settings.connections } : {}),
        ...(program.mode === 'ipvs' && bridge !== undefined ? { furtherAddresses: [bridge] } : {}),
      });
      this.#rulesets.set(node, ruleset);
    }
    return ruleset;
  }

  /** Why the node's rules cannot be walked, in a sentence; undefined where they can. */
  unmodelled(node: string): string | undefined {
    // Rules that a node really has are walked whatever else its snapshot tells.
    if (!this.isParsed(node) && this.settings.unsupportedDataplane !== undefined)
      return this.settings.unsupportedDataplane;
    try {
      this.ruleset(node);
      return undefined;
    } catch (error) {
      if (error instanceof QuestionError && error.code === 'UNSUPPORTED') return error.message;
      throw error;
    }
  }

  get rulesFrom(): FabricOptions['rulesFrom'] {
    return this.#options.rulesFrom;
  }

  get walksEach(): boolean {
    return this.#options.walksEach === true;
  }

  /** Whether nodes remember clients (session affinity). */
  get remembersClients(): boolean {
    return this.#options.recent !== undefined;
  }

  /** Whether the rules of some node are given. */
  get hasGivenRules(): boolean {
    return (this.#options.rulesets?.size ?? 0) > 0;
  }

  /** Whether the node's rules are given, and not those that kube-proxy would write. */
  isParsed(node: string): boolean {
    return this.#options.rulesets?.has(node) ?? false;
  }

  /** How far health checks are. Without a change they have found the present state: then BEFORE and AFTER are one. */
  get phase(): Phase {
    return this.#options.earlier === undefined ? 'AFTER' : (this.#options.phase ?? 'AFTER');
  }

  /**
   * The load balancer of a Service of type LoadBalancer. Its assumptions become the answer's by {@link
   * noteAssumptions}: it is this fabric's own, so that no other question's are among them.
   */
  balancerOf(service: Service): Balancer {
    const { cluster, settings, family } = this;
    return remember(this.#balancers, namespacedName(service), () => {
      const plain = new Balancer(cluster, settings, family, service, undefined, this.prober);
      const before = this.earlierThan(plain);
      const kept = before?.remembered;
      // What a change gives as the previous subset counts; else what the load balancer had before the changes.
      const given = JSON.stringify(plain.givenSubset) !== JSON.stringify(before?.givenSubset);
      return kept === undefined || given ? plain : new Balancer(cluster, settings, family, service, kept, this.prober);
    });
  }

  /**
   * Walks probes through the rules of this fabric's nodes. What the walks rest on is not the answer's.
   */
  get prober(): WalkProbe | undefined {
    const { walkProbe, phase: _, earlier: __, ...rules } = this.#options;
    if (walkProbe === undefined) return undefined;
    this.#prober ??= walkingOnce(this, (balanced, check, backend) => {
      this.#probing ??= new Fabric(this.cluster, this.settings, this.family, rules);
      return walkProbe(this.#probing, balanced, check, backend);
    });
    return this.#prober;
  }

  /**
   * Whether a node chooses by a hash of the address that a packet is sent to: behind a load balancer that is mostly the
   * node's own, so that nodes which are alike choose otherwise.
   */
  hashesDestinations(node: string): boolean {
    const { mode, ipvsScheduler } = this.settings.proxyOf(node);
    return mode === 'ipvs' && ipvsScheduler === 'dh';
  }

  /** The load balancer that has this address (canonical text), of several the one that has the port. */
  balancerAt(address: string, wanted?: WantedPort): Balancer | undefined {
    const service = serviceOfAddress(this.cluster, address, wanted) ?? this.#standIns.get(address);
    return service === undefined ? undefined : this.balancerOf(service);
  }

  /** Whether a node has a load balancer's address for its own. */
  #isBalancedOn(node: string, address: string): boolean {
    const balancer = this.isStandIn(address) ? undefined : this.balancerAt(address);
    if (balancer === undefined || !balancer.isLocalOn(node)) return false;
    this.noteAssumptions(balancer);
    return true;
  }

  /** Makes what a load balancer's part rests on the answer's. */
  noteAssumptions(balancer: Balancer): void {
    for (const { field, value, why } of balancer.assumptions) this.assumptions.add(field, value, why);
  }

  /** The load balancer as it was before the changes, where the Service had one of the same kind then. */
  earlierThan(balancer: Balancer): Balancer | undefined {
    const { earlier } = this.#options;
    const service = earlier?.cluster.services.get(balancer.key);
    if (earlier === undefined || service === undefined || !isBalanced(service, earlier.cluster)) return undefined;
    const { walkProbe } = this.#options;
    this.#earlier ??= new Fabric(earlier.cluster, earlier.settings, this.family, walkProbe ? { walkProbe } : {});
    const before = this.#earlier.balancerOf(service);
    return before.implementation === balancer.implementation ? before : undefined;
  }

  /**
   * The address that stands for the name that a Service is published by; undefined where it has an address of its own.
   */
  standInFor(service: Service): string | undefined {
    const name = publishedAs(service, this.cluster);
    if (name === undefined) return undefined;
    const key = namespacedName(service);
    for (const [address, known] of this.#standIns) if (namespacedName(known) === key) return address;
    const address = freeBalancerAddress(this.cluster, this.family, key, new Set(this.#standIns.keys()));
    this.#standIns.set(address, service);
    this.assumptions.add(
      `loadBalancer.address ${key}`,
      address,
      `Service ${key} is published as ${name}, not by an address of its own: one for documentation stands ` +
        'for those behind it.',
    );
    return address;
  }

  /** Whether the address only stands for those behind a host name. */
  isStandIn(address: string): boolean {
    return this.#standIns.has(address);
  }

  isDown(node: string): boolean {
    const object = this.cluster.nodes.get(node);
    return object !== undefined && nodeIsDown(object);
  }

  /** Makes the endpoints of a Service port known as such, with the places that slices give them. */
  expect(endpoints: Iterable<KnownEndpoint>): void {
    this.#endpoints.expect(endpoints);
  }

  /** An endpoint of the Service that was asked for, by `address:port`. */
  endpoint(id: string): KnownEndpoint | undefined {
    return this.#endpoints.get(id);
  }

  /**
   * The Service ports that a connection to this address and port is for, as `node` has them: by cluster, external or
   * load balancer address, or by node port where the address is a node's (a loopback address is that of `node`). Their
   * endpoints become known as such.
   */
  expectFor(node: string, protocol: string, address: string, port: number): readonly ServicePort[] {
    const program = this.program(node);
    const { services } = program;
    const ports = this.#portsFor(services, protocol, address, port);
    const { follow, expectsUpTo = Number.POSITIVE_INFINITY } = this.#options;
    for (const servicePort of ports) {
      const followed = follow === undefined ? undefined : program.selection(servicePort).cluster;
      const endpoints = followed !== undefined && isSample(followed) ? followed : services.endpointsOf(servicePort);
      if (endpoints.length <= expectsUpTo) this.expect(endpoints);
    }
    return ports;
  }

  #portsFor(services: ServiceMap, protocol: string, address: string, port: number): readonly ServicePort[] {
    const claimed = services.claims(protocol, address, port);
    if (claimed.length > 0) return claimed;
    const balancer = this.balancerAt(address, { protocol, port });
    // No rule is for the address (ipMode Proxy, a host name): who is behind the load balancer counts all the same.
    if (balancer !== undefined)
      return services.portsOf(balancer.key).filter((one) => one.port === port && one.protocol === protocol);
    const isOfNode = isLoopback(address) || this.places.locate(address).kind === 'NODE';
    return isOfNode ? services.nodePortClaims(protocol, port) : claimed;
  }
}
