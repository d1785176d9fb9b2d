import type { IPFamily } from '../base/address.js';
import { divide, type Fraction, isZero, sum } from '../base/fraction.js';
import { remember } from '../base/remember.js';
import { nodeZone } from '../cluster/addresses.js';
import type { Cluster } from '../cluster/cluster.js';
import { namespacedName, type Service } from '../cluster/objects.js';
import type { Assumption, Settings } from '../cluster/settings.js';
import type { Phase } from '../contract/requests.js';
import { chosenCheck } from './checks.js';
import { chooseImplementation } from './choose.js';
import { passServiceHealth, probe, readyEndpointsBy, secondsToConverge } from './health.js';
import type {
  Affinity,
  Allocation,
  Backend,
  Backends,
  Balanced,
  BalancedClient,
  BalancedHeader,
  BalancedPort,
  Drain,
  Firewall,
  Forwarded,
  HealthCheck,
  Implementation,
  ProbeResult,
  WalkProbe,
} from './implementation.js';
import { ownAddress } from './own-address.js';
import { noteAnnotations } from './read-annotations.js';
import { sourceRanges } from './source-ranges.js';

export type { Phase };

/** One backend's part of the new connections. */
export interface BackendShare {
  readonly backend: Backend;
  readonly share: Fraction;
}

export interface Distribution {
  /**
   * Those with a share above 0, in the order of the backends; their shares sum to 1. Empty: nobody takes connections.
   */
  readonly shares: readonly BackendShare[];
  /** All backends failed their checks, and the load balancer sends to all of them. */
  readonly failedOpen: boolean;
}

/** A port of a Service, as a connection names it. */
export interface AskedPort {
  readonly port: number | undefined;
  readonly protocol: string;
}

/** How backends are checked for one port of the Service. */
export interface PortCheck {
  readonly port: number;
  readonly protocol: string;
  readonly check: HealthCheck;
}

/** Of so many clients it is kept how their connections are spread. */
const MOST_SPREADS = 64;

function podKey({ pod, address }: Backend): string {
  return `${pod ?? ''} ${address ?? ''}`;
}

/** The load balancer of one Service in one family. What is asked of it is made once. */
export class Balancer {
  readonly implementation: Implementation;
  readonly service: Service;
  readonly key: string;
  /** Whether the request names the implementation, else what showed it. */
  readonly given: boolean;
  readonly why: string;
  readonly #balanced: Balanced;
  readonly #assumptions = new Map<string, Assumption>();
  readonly #probes = new Map<HealthCheck, Map<Backend, ProbeResult>>();
  readonly #walk: WalkProbe | undefined;
  /** How connections are spread, beside which load balancer before the changes: a client is followed many times. */
  readonly #spreads = new Map<string, Distribution>();
  #earlier: Balancer | undefined;
  #backends: Backends | undefined;
  #byNode: ReadonlyMap<string, Backend> | undefined;
  #byPod: ReadonlyMap<string, Backend> | undefined;
  #checks: readonly PortCheck[] | undefined;

  /**
   * @param kept the backends that it had before the changes, which a load balancer that remembers them starts from
   * @param walk walks probes of nodes through their rules; absent: they are decided by the endpoints that a node's
   * rules use
   */
  constructor(
    cluster: Cluster,
    settings: Settings,
    family: IPFamily,
    service: Service,
    kept?: readonly string[],
    walk?: WalkProbe,
  ) {
    this.#walk = walk;
    const { implementation, options, given, why } = chooseImplementation(cluster, settings, service);
    const remembered = kept !== undefined && implementation.options.includes('previousSubset');
    this.implementation = implementation;
    this.service = service;
    this.key = namespacedName(service);
    this.given = given;
    this.why = why;
    this.#balanced = {
      cluster,
      settings,
      service,
      key: this.key,
      family,
      options: remembered ? { ...options, previousSubset: kept } : options,
      assume: (field, value, reason) => {
        if (!this.#assumptions.has(field)) this.#assumptions.set(field, { field, value, why: reason });
      },
    };
    if (!given) {
      this.#balanced.assume(`loadBalancer.implementation ${this.key}`, implementation.name, why);
    }
  }

  /**
   * The members of its backends that it would start from were they chosen anew; undefined: it does not remember them.
   */
  get remembered(): readonly string[] | undefined {
    const { group, members } = this.backends;
    return group.includes('NEG') && this.implementation.options.includes('previousSubset')
      ? members.map(({ node }) => node)
      : undefined;
  }

  /** The previous subset that the request gives. */
  get givenSubset(): readonly string[] | undefined {
    return this.#balanced.options.previousSubset;
  }

  /** Whether anything says which kind it is: the request, or the snapshot. */
  get isKnown(): boolean {
    return this.given || this.implementation.name !== 'generic';
  }

  /** How answers call it: `default/web (gke-external-passthrough)`. */
  get name(): string {
    return `${this.key} (${this.implementation.name})`;
  }

  /** What answers rest on, as far as it has been asked for. */
  get assumptions(): readonly Assumption[] {
    return [...this.#assumptions.values()];
  }

  get backends(): Backends {
    this.#backends ??= this.#made();
    return this.#backends;
  }

  #made(): Backends {
    const { implementation } = this;
    const beside = implementation.annotatedBeside?.(this.#balanced) ?? [];
    noteAnnotations(this.#balanced, implementation.annotations ?? [], [this.service.metadata.annotations, ...beside]);
    return implementation.backends(this.#balanced);
  }

  /** The backend that is this node; undefined: it is not one, or the backends are pods. */
  backendOn(node: string): Backend | undefined {
    this.#byNode ??= new Map(
      this.backends.members.flatMap((backend) => (backend.kind === 'NODE' ? [[backend.node, backend]] : [])),
    );
    return this.#byNode.get(node);
  }

  /** How backends are checked, for each port of the Service. */
  get healthChecks(): readonly PortCheck[] {
    this.#checks ??= (this.service.spec?.ports ?? []).map((port) => ({
      port: port.port,
      protocol: port.protocol ?? 'TCP',
      check: this.#checkOf(port),
    }));
    return this.#checks;
  }

  /** The health check of the Service's first port. */
  get healthCheck(): HealthCheck {
    return this.healthCheckOf(undefined);
  }

  /**
   * The address that it probes from, where its provider publishes none. No client outside has it: a policy that lets
   * clients in does not let probes in by that.
   */
  probingAddress(): string {
    return ownAddress(this.#balanced, 'what its health checks come from');
  }

  /**
   * The health check that decides who gets connections to this port; that of the first port where there is no such
   * port.
   */
  healthCheckOf(asked: AskedPort | undefined): HealthCheck {
    const [first] = this.healthChecks;
    const own =
      asked === undefined
        ? undefined
        : this.healthChecks.find(({ port, protocol }) => port === asked.port && protocol === asked.protocol);
    return (own ?? first)?.check ?? this.#checkOf({ port: 0 });
  }

  #checkOf(port: BalancedPort): HealthCheck {
    const { healthCheck: said } = this.#balanced.options;
    // What the request says need not be assumed: the usual check gives its pace alone.
    const asked = said === undefined ? this.#balanced : { ...this.#balanced, assume: () => {} };
    const usual = this.implementation.healthCheck(asked, port);
    if (!this.implementation.options.includes('healthCheck')) return usual;
    // Pods have no node ports: of them it can be said that nobody checks them.
    const fits = usual.answeredBy !== 'POD' || said === 'NONE';
    return fits ? chosenCheck(this.#balanced, port, usual) : usual;
  }

  /** Seconds until the health checks of every port have found the present state. */
  get secondsToConverge(): number {
    return Math.max(...[this.healthCheck, ...this.healthChecks.map(({ check }) => check)].map(secondsToConverge));
  }

  /** What the health check of a port (default: the first) finds of a backend. */
  probe(backend: Backend, port?: AskedPort): ProbeResult {
    const check = this.healthCheckOf(port);
    const known = remember(this.#probes, check, () => new Map<Backend, ProbeResult>());
    return remember(known, backend, () => {
      if (this.#balanced.settings.unsupportedDataplane !== undefined) {
        this.#balanced.assume(
          'loadBalancer.healthCheck.answer',
          'as Services are documented',
          'What answers health checks on these nodes is not verified: it is taken to answer for the Service ' +
            'as documented.',
        );
      }
      const own = this.implementation.probe?.(this.#balanced, backend);
      return own ?? probe(this.#balanced, check, backend, this.#walk);
    });
  }

  /** What a Service gets that becomes one of this load balancer's. */
  get allocation(): Allocation {
    return this.implementation.allocates(this.#balanced);
  }

  get affinity(): Affinity {
    return this.implementation.affinity(this.#balanced);
  }

  get firewall(): Firewall {
    const own = this.implementation.firewall(this.#balanced);
    const { enforcesSourceRanges: said } = this.#balanced.options;
    const ranges = sourceRanges(this.service);
    if (said === undefined || ranges === undefined) return own;
    const allowed = said ? (own.allowed ?? ranges) : undefined;
    const rule = said
      ? `source ranges are enforced before the nodes, as the request says: ${ranges.join(', ')}`
      : 'source ranges are not enforced before the nodes, as the request says';
    return { allowed, rules: [...own.rules, rule] };
  }

  get drain(): Drain {
    return this.implementation.drain(this.#balanced);
  }

  get reply(): 'DIRECT' | 'THROUGH' {
    return this.implementation.reply(this.#balanced);
  }

  forward(sent: BalancedHeader, backend: Backend): Forwarded | { readonly refused: string } {
    return this.implementation.forward(this.#balanced, sent, backend);
  }

  /** Whether this node has the load balancer's address for its own. */
  isLocalOn(node: string): boolean {
    return this.backendOn(node) !== undefined && this.implementation.addressIsLocal(this.#balanced);
  }

  zoneOf(node: string): string {
    const object = this.#balanced.cluster.nodes.get(node);
    return (object && nodeZone(object)) ?? '';
  }

  /** Which backends pass the health check of a port: as {@link probe} finds. */
  #passing(port: AskedPort | undefined): (backend: Backend) => boolean {
    const probed = (backend: Backend) => this.probe(backend, port).healthy;
    const { answeredBy } = this.healthCheckOf(port);
    if (answeredBy !== 'SERVICE_HEALTH' || this.#balanced.settings.unsupportedDataplane !== undefined) return probed;
    const passes = passServiceHealth(this.#balanced);
    return (backend) => {
      if (backend.kind !== 'NODE') return probed(backend);
      return this.implementation.probe?.(this.#balanced, backend)?.healthy ?? passes(backend.node);
    };
  }

  /**
   * How new connections of a client to a port (default: the first) are spread over the backends. `earlier`: the same
   * load balancer before the changes, whose health still counts BEFORE convergence; a backend that it did not have
   * counts as healthy then.
   */
  distribution(phase: Phase, client: BalancedClient, earlier?: Balancer, port?: AskedPort): Distribution {
    const { address = '', zone, internet = '' } = client;
    const key = [phase, address, zone, internet, port?.port, port?.protocol].join(' ');
    const beside = phase === 'BEFORE' ? earlier : undefined;
    if (this.#earlier !== beside || this.#spreads.size >= MOST_SPREADS) this.#spreads.clear();
    this.#earlier = beside;
    return remember(this.#spreads, key, () => this.#distribution(phase, client, beside, port));
  }

  #distribution(phase: Phase, client: BalancedClient, earlier?: Balancer, port?: AskedPort): Distribution {
    const { members } = this.backends;
    const passes = this.#passing(port);
    const healthy = (backend: Backend) => {
      if (phase === 'AFTER') return passes(backend);
      const before = earlier?.sameBackend(backend);
      return before === undefined ? true : (earlier?.probe(before, port).healthy ?? true);
    };
    // Pods that have no endpoint for the port are in no group of it.
    const group = members.filter(({ ports }) => port?.port === undefined || (ports?.has(port.port) ?? true));
    const chosen = group.filter(healthy);
    const failedOpen = chosen.length === 0 && group.length > 0 && this.implementation.failsOpen(this.#balanced);
    const spread = this.#spread(failedOpen ? group : chosen, client, earlier);
    return { shares: spread, failedOpen };
  }

  /**
   * Whether its backends are pods: then no rule of a node is met, and neither traffic policies nor session affinity
   * apply.
   */
  get sendsToPods(): boolean {
    return this.backends.members.some(({ kind }) => kind === 'POD');
  }

  /**
   * Whether it sends connections, or probes, to the Service's node ports; true where it has no backend that could tell.
   */
  get usesNodePorts(): boolean {
    const ports = this.service.spec?.ports ?? [];
    const [first] = this.backends.members;
    if (first === undefined) return true;
    if (this.healthChecks.some(({ check }) => check.answeredBy === 'NODE_PORT')) return true;
    return ports.some(({ port, nodePort, protocol = 'TCP' }) => {
      const sent = {
        source: '',
        destination: '',
        destinationPort: port,
        protocol: protocol as BalancedHeader['protocol'],
      };
      const forwarded = this.forward(sent, first);
      return 'refused' in forwarded || (first.kind === 'NODE' && forwarded.destinationPort === nodePort);
    });
  }

  /** Why a client cannot reach it at all; undefined: it can. */
  outOfReach(client: BalancedClient): string | undefined {
    const { scheme, byDefault = false } = this.allocation;
    // A machine of the provider's network, whose zone is known, may have a public address too.
    if (scheme === 'INTERNAL' && client.zone === '' && client.internet !== undefined) {
      const sure = client.internet === 'PUBLIC' || !byDefault;
      if (sure) return `${client.address} is on the internet, and the load balancer of ${this.key} is internal`;
    }
    return this.implementation.reach?.(this.#balanced, client, this.backends.members);
  }

  /** Whether clients are refused, rather than left without an answer, when no backend is in use. */
  get refusesWithoutBackends(): boolean {
    return this.implementation.refusesWithoutBackends?.(this.#balanced) ?? false;
  }

  /** The backend of this load balancer that is the same node, or the same pod at the same address. */
  sameBackend(backend: Backend): Backend | undefined {
    if (backend.kind === 'NODE') return this.backendOn(backend.node);
    this.#byPod ??= new Map(this.backends.members.map((member) => [podKey(member), member]));
    return this.#byPod.get(podKey(backend));
  }

  #spread(
    backends: readonly Backend[],
    client: BalancedClient,
    earlier: Balancer | undefined,
  ): readonly BackendShare[] {
    const counted = (earlier ?? this).#balanced;
    const { nodes } = counted.cluster;
    const readyOn = readyEndpointsBy(counted);
    const candidates = backends.map((backend) => ({
      backend,
      endpoints: backend.kind === 'POD' ? 1 : nodes.has(backend.node) ? readyOn(backend.node) : 0,
    }));
    const weights = this.implementation.weights(this.#balanced, candidates, client);
    const all = sum(weights);
    if (isZero(all)) return [];
    // Mostly they weigh the same.
    const shares = new Map<Fraction, Fraction>();
    const found: BackendShare[] = [];
    for (const [index, backend] of backends.entries()) {
      const weight = weights[index] as Fraction;
      if (!isZero(weight)) found.push({ backend, share: remember(shares, weight, () => divide(weight, all)) });
    }
    return found;
  }
}

const balancers = new WeakMap<Cluster, WeakMap<Settings, Map<string, Balancer>>>();

/**
 * The load balancer of a Service, remembered per cluster, settings, family and Service. `kept`: as Balancer has it.
 * Throws as chooseImplementation does.
 */
export function balancerOf(
  cluster: Cluster,
  settings: Settings,
  family: IPFamily,
  service: Service,
  kept?: readonly string[],
): Balancer {
  const bySettings = remember(balancers, cluster, () => new WeakMap<Settings, Map<string, Balancer>>());
  const byKey = remember(bySettings, settings, () => new Map<string, Balancer>());
  return remember(
    byKey,
    `${family} ${namespacedName(service)} ${kept?.join(' ') ?? '-'}`,
    () => new Balancer(cluster, settings, family, service, kept),
  );
}
