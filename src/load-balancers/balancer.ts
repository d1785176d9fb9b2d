import type { IPFamily } from '../base/address.js';
import { divide, type Fraction, isZero, sum } from '../base/fraction.js';
import { remember } from '../base/remember.js';
import { nodeZone } from '../cluster/addresses.js';
import type { Cluster } from '../cluster/cluster.js';
import { namespacedName, type Service } from '../cluster/objects.js';
import type { Assumption, Settings } from '../cluster/settings.js';
import type { Phase } from '../contract/requests.js';
import { chooseImplementation } from './choose.js';
import { probe, readyEndpointsOn, secondsToConverge } from './health.js';
import type {
  Affinity,
  Allocation,
  Backend,
  Backends,
  Balanced,
  BalancedClient,
  BalancedHeader,
  Drain,
  Firewall,
  Forwarded,
  HealthCheck,
  Implementation,
  ProbeResult,
} from './implementation.js';

export type { Phase };

/** One backend's part of the new connections. */
export interface BackendShare {
  readonly backend: Backend;
  readonly share: Fraction;
}

export interface Distribution {
  /** Those with a share above 0, in the order of the backends; their shares sum to 1. Empty: nobody takes connections. */
  readonly shares: readonly BackendShare[];
  /** All backends failed their checks, and the load balancer sends to all of them. */
  readonly failedOpen: boolean;
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
  readonly #probes = new Map<Backend, ProbeResult>();
  #backends: Backends | undefined;
  #byNode: ReadonlyMap<string, Backend> | undefined;
  #check: HealthCheck | undefined;

  /** `kept`: the backends that it had before the changes, which a load balancer that remembers them starts from. */
  constructor(cluster: Cluster, settings: Settings, family: IPFamily, service: Service, kept?: readonly string[]) {
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

  /** The members of its backends that it would start from were they chosen anew; undefined: it does not remember them. */
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

  /** Whether anything tells which kind it is: the request, or the snapshot. */
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
    this.#backends ??= this.implementation.backends(this.#balanced);
    return this.#backends;
  }

  /** The backend that is this node; undefined: it is none, or the backends are pods. */
  backendOn(node: string): Backend | undefined {
    this.#byNode ??= new Map(
      this.backends.members.flatMap((backend) => (backend.kind === 'NODE' ? [[backend.node, backend]] : [])),
    );
    return this.#byNode.get(node);
  }

  get healthCheck(): HealthCheck {
    this.#check ??= this.implementation.healthCheck(this.#balanced);
    return this.#check;
  }

  /** Seconds until the health checks tell the present state. */
  get secondsToConverge(): number {
    return secondsToConverge(this.healthCheck);
  }

  probe(backend: Backend): ProbeResult {
    return remember(this.#probes, backend, () => {
      if (this.#balanced.settings.unsupportedDataplane !== undefined) {
        this.#balanced.assume(
          'loadBalancer.healthCheck.answer',
          'as Services are documented',
          'What answers health checks on these nodes is not verified: it is taken to answer for the Service as documented.',
        );
      }
      const own = this.implementation.probe?.(this.#balanced, backend);
      return own ?? probe(this.#balanced, this.healthCheck, backend);
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
    return this.implementation.firewall(this.#balanced);
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

  /**
   * How new connections of a client are spread over the backends. `earlier`: the same load balancer before the changes,
   * whose health still counts BEFORE convergence; a backend that it did not have counts as healthy then.
   */
  distribution(phase: Phase, client: BalancedClient, earlier?: Balancer): Distribution {
    const { members } = this.backends;
    const healthy = (backend: Backend) => {
      if (phase === 'AFTER') return this.probe(backend).healthy;
      const before = backend.kind === 'NODE' ? earlier?.backendOn(backend.node) : undefined;
      return before === undefined ? true : (earlier?.probe(before).healthy ?? true);
    };
    const chosen = members.filter(healthy);
    const failedOpen = chosen.length === 0 && members.length > 0 && this.implementation.failsOpen(this.#balanced);
    const spread = this.#spread(failedOpen ? members : chosen, client, phase === 'BEFORE' ? earlier : undefined);
    return { shares: spread, failedOpen };
  }

  #spread(
    backends: readonly Backend[],
    client: BalancedClient,
    earlier: Balancer | undefined,
  ): readonly BackendShare[] {
    const counted = (earlier ?? this).#balanced;
    const candidates = backends.map((backend) => ({
      backend,
      endpoints:
        backend.kind === 'POD'
          ? 1
          : counted.cluster.nodes.has(backend.node)
            ? readyEndpointsOn(counted, backend.node)
            : 0,
    }));
    const weights = this.implementation.weights(this.#balanced, candidates, client);
    const all = sum(weights);
    if (isZero(all)) return [];
    return backends.flatMap((backend, index) => {
      const weight = weights[index] as Fraction;
      return isZero(weight) ? [] : [{ backend, share: divide(weight, all) }];
    });
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
