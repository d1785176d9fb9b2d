/**
 * Service ports with so many endpoints that a walk does not follow each: it follows some of each kind, and what the
 * others get is counted (`settle.ts`). Anything that may make an endpoint different beside its place is refused.
 */
import { addressOf } from '../../base/address.js';
import { QuestionError } from '../../base/errors.js';
import { policiesOf } from '../../cluster/network-policies.js';
import type { Target } from '../../path/client.js';
import { Fabric, type FabricOptions } from '../../path/fabric.js';
import type { WeightedClient } from '../../path/sources.js';
import type { Journey } from '../../path/trail.js';
import { sampledSelection } from '../../proxy/endpoint-sample.js';
import type { NodeProgram } from '../../proxy/node-program.js';
import type { ProxyEndpoint, ServicePort } from '../../proxy/service-port.js';
import { endpointCount } from '../walk-limits.js';
import { classify, type EndpointClasses } from './endpoint-classes.js';
import { followedPlaces, type Shown } from './followed-places.js';
import { settle } from './settle.js';

/** What is done of a Service port with very many endpoints. */
export interface LargeLimits {
  /** So many endpoints are walked one by one. */
  readonly walked: number;
  /** So many are listed of more. */
  readonly listed: number;
}

export const LARGE_LIMITS: LargeLimits = { walked: 50_000, listed: 1000 };

/** So many are followed of a port with more. */
const MOST_FOLLOWED = 20_000;

/** What is asked of a port. */
interface Asked {
  /** What the fabric is made with. */
  readonly options: FabricOptions;
  readonly clients: readonly WeightedClient[];
  readonly target: Target;
  readonly shown: Shown;
  /** Where the question is in the request. */
  readonly pointer: string;
  /** So many endpoints are walked one by one. */
  readonly walked: number;
}

function refuse({ service, port }: ServicePort, count: number, walked: number, why: string, pointer: string): never {
  const detail =
    `Service ${service} has ${count} endpoints behind port ${port}. More than ${walked} are answered for where only ` +
    `their places among the rules tell them apart: ${why}.`;
  throw new QuestionError('ANSWER_TOO_LARGE', detail, [{ pointer, in: 'request', detail }]);
}

function sameEndpoints(a: readonly ProxyEndpoint[], b: readonly ProxyEndpoint[]): boolean {
  return a === b || (a.length === b.length && a.every((endpoint, place) => endpoint === b[place]));
}

/** What a node's kube-proxy programs; undefined where that is not modelled. */
function programOf(plain: Fabric, node: string): NodeProgram | undefined {
  try {
    return plain.program(node);
  } catch (error) {
    if (error instanceof QuestionError && error.code === 'UNSUPPORTED') return undefined;
    throw error;
  }
}

/** What makes endpoints differ in more than their places; undefined where nothing does. */
function whatDiffers(plain: Fabric, port: ServicePort, clients: readonly WeightedClient[]): string | undefined {
  if (plain.hasGivenRules) return 'the rules of a node are given';
  if (policiesOf(plain.cluster).length > 0) return 'the cluster has network policies';
  if (plain.settings.beside.length > 0 || plain.settings.unsupportedDataplane !== undefined)
    return 'something beside kube-proxy takes packets';
  if (port.stickyMaxAge > 0) return 'it has session affinity';
  if (port.internalPolicyLocal) return 'its internal traffic policy is Local';
  const others = [...port.externalIPs, ...port.loadBalancerVIPs];
  if (others.some((text) => addressOf(text)?.text === port.clusterIP)) return 'its cluster IP is an external IP too';
  if (clients.some(({ client }) => client.through !== undefined)) return 'the client comes through a load balancer';
  for (const { client } of clients) {
    const { mode, ipvsScheduler } = plain.settings.proxyOf(client.node);
    if (mode === 'ipvs' && ipvsScheduler !== 'rr' && ipvsScheduler !== '')
      return `the scheduler ${ipvsScheduler} looks at addresses and connections`;
  }
  return undefined;
}

/** A port of which some endpoints are followed. */
export class LargePort {
  /** Walks the endpoints that are followed, and leaves out the others. */
  readonly fabric: Fabric;
  readonly endpoints: readonly ProxyEndpoint[];
  /** Places of the endpoints that the answer lists, in its order. */
  readonly listed: readonly number[];
  readonly #port: ServicePort;
  readonly #classes: EndpointClasses;
  readonly #places: readonly number[];
  readonly #asked: Asked;

  private constructor(plain: Fabric, port: ServicePort, endpoints: readonly ProxyEndpoint[], asked: Asked) {
    this.#port = port;
    this.#asked = asked;
    this.endpoints = endpoints;
    this.#classes = classify(plain, port, endpoints, asked.clients);
    const { places, listed } = followedPlaces(endpoints, this.#classes, asked.shown);
    this.#places = places;
    this.listed = listed;
    if (places.length > MOST_FOLLOWED)
      this.#refuse(`${places.length} of them are like no other, and at most ${MOST_FOLLOWED} are followed`);
    const { cluster, settings, family } = plain;
    this.fabric = new Fabric(cluster, settings, family, {
      ...asked.options,
      // Clients that stand for others have addresses there.
      places: plain.places,
      follow: (one, selection) =>
        one.service === port.service && one.id === port.id && sameEndpoints(selection.cluster, endpoints)
          ? sampledSelection(selection, places)
          : selection,
    });
  }

  /**
   * The port that packets of these clients to a cluster IP are for, where it has too many endpoints to walk each;
   * undefined where it has not. Throws QuestionError ANSWER_TOO_LARGE where something tells the endpoints apart.
   */
  static find(plain: Fabric, asked: Asked): LargePort | undefined {
    const { target, clients, walked, pointer } = asked;
    if (target.port === undefined) return undefined;
    let [endpoints, found]: [readonly ProxyEndpoint[] | undefined, ServicePort | undefined] = [undefined, undefined];
    for (const { client } of clients) {
      if (plain.isDown(client.node) || !plain.cluster.nodes.has(client.node)) continue;
      const program = programOf(plain, client.node);
      if (program === undefined) continue;
      const claims = program.services.claims(target.protocol, target.address, target.port);
      for (const port of claims) {
        if (endpointCount(plain.cluster, port.service) <= walked) continue;
        const { cluster: all, local } = program.selection(port);
        const cluster = port.internalPolicyLocal ? local : all;
        if (cluster.length <= walked) continue;
        const differs =
          port.clusterIP !== target.address
            ? 'it is asked for by another address than its cluster IP'
            : claims.length > 1
              ? 'several Services claim its address'
              : whatDiffers(plain, port, clients);
        if (differs !== undefined) refuse(port, cluster.length, walked, differs, pointer);
        if (endpoints !== undefined && !sameEndpoints(endpoints, cluster))
          refuse(port, cluster.length, walked, 'its clients see different endpoints', pointer);
        [endpoints, found] = [endpoints ?? cluster, port];
      }
    }
    return found === undefined || endpoints === undefined ? undefined : new LargePort(plain, found, endpoints, asked);
  }

  #refuse(why: string): never {
    const { walked, pointer } = this.#asked;
    return refuse(this.#port, this.endpoints.length, walked, why, pointer);
  }

  /** Journeys of this fabric with what becomes of packets to the endpoints that it leaves out. */
  settle(journeys: readonly Journey[]): readonly Journey[] {
    const settled = settle(journeys, this.endpoints, this.#places, this.#classes);
    return settled ?? this.#refuse('packets to one of them have more ways than one');
  }
}

/** How many endpoints journeys reach that are taken together, each counted once. */
export function bundledEndpoints(journeys: readonly Journey[]): number {
  const counts = new Map<object, number>();
  for (const { bundle, verdict, receiver, count = 0 } of journeys)
    if (bundle !== undefined && verdict === 'DELIVERED' && receiver !== undefined) counts.set(bundle, count);
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}
