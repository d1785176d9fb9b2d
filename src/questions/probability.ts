import type { IPFamily } from '../base/address.js';
import { joinHostPort } from '../base/address.js';
import { QuestionError } from '../base/errors.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Service } from '../cluster/objects.js';
import { FAMILIES } from '../cluster/settings.js';
import { isBalanced, publishedAs } from '../load-balancers/addresses.js';
import { divide, formatFraction, fraction, isZero, multiply, toNumber } from '../netfilter/fraction.js';
import type { Client } from '../path/client.js';
import { type Destination, resolveDestination } from '../path/destinations.js';
import { Fabric } from '../path/fabric.js';
import { checkServiceSpec, isHeadless, serviceFamilies } from '../path/service-target.js';
import { DEFAULT_OUTSIDE, type WeightedClient } from '../path/sources.js';
import { type Journey, weighted } from '../path/trail.js';
import { type ClientGroups, clientGroups } from '../probability/client-groups.js';
import {
  addShare,
  largest,
  NO_SHARE,
  type ReceiverShare,
  receiverShares,
  type Share,
  sharesBy,
} from '../probability/distribution.js';
import { describeAffinity } from './affinity-answer.js';
import type { PathVerdict, ProbabilityResult, ServiceProbability } from './answer.js';
import { balancerAnswer } from './balancer-answer.js';
import { probability } from './chances.js';
import { crossings } from './crossings.js';
import { balancing, journeysOrUnsupported, tripsOf } from './path.js';
import type { Outcome, Prepared } from './prepare.js';
import type { ProbabilityQuestion, ServiceDestination, TransportProtocol } from './request.js';
import { receiverRef } from './trace.js';
import type { Trip } from './trip.js';
import { verdictShares } from './verdict-shares.js';

/** A Service as a destination. */
export type ServiceTargeted = Extract<Destination, { kind: 'SERVICE' }>;

interface Asked {
  readonly destination: ServiceTargeted;
}

/** A Service destination before its names are checked; the protocol tells ports of one number apart. */
export interface Wanted {
  readonly service: ServiceDestination;
  readonly protocol: TransportProtocol | undefined;
}

/** Every port of these Services, only those of one protocol where it is given. */
export function everyPort(services: Iterable<Service>, asked: TransportProtocol | undefined): readonly Wanted[] {
  const all: Wanted[] = [];
  for (const service of services) {
    if (service.spec?.type === 'ExternalName') continue;
    if (!service.spec?.clusterIP && !isHeadless(service)) continue;
    const { name, namespace = 'default' } = service.metadata;
    for (const port of service.spec?.ports ?? []) {
      const protocol = (port.protocol ?? 'TCP') as TransportProtocol;
      if (asked !== undefined && protocol !== asked) continue;
      const portName = port.name === undefined ? {} : { portName: port.name };
      all.push({ service: { namespace, name, port: port.port, ...portName }, protocol });
    }
  }
  return all.sort(({ service: a }, { service: b }) => {
    const left = `${a.namespace}/${a.name}:${a.portName ?? ''}`;
    const right = `${b.namespace}/${b.name}:${b.portName ?? ''}`;
    return left < right ? -1 : left > right ? 1 : 0;
  });
}

/** The Services that a load balancer has an address or a name for. */
function balancedServices(cluster: Cluster): readonly Service[] {
  return [...cluster.services.values()].filter(
    (service) =>
      isBalanced(service) &&
      ((service.status?.loadBalancer?.ingress ?? []).length > 0 || publishedAs(service) !== undefined),
  );
}

function askedAbout(cluster: Cluster, question: ProbabilityQuestion): readonly Asked[] {
  const { services, protocol } = question;
  const balanced = question.clients?.loadBalancer !== undefined;
  const asked =
    services?.map((service) => ({ service, protocol })) ??
    everyPort(balanced ? balancedServices(cluster) : cluster.services.values(), protocol);
  const wanted = !balanced
    ? asked
    : asked.map(({ service, ...rest }) => ({ service: { via: 'LOAD_BALANCER' as const, ...service }, ...rest }));
  return wanted.map(({ service, protocol }, index) => ({
    destination: {
      kind: 'SERVICE',
      target: checkServiceSpec(cluster, service, protocol, `/probability/services/${index}`),
    },
  }));
}

function mass(journeys: readonly Journey[], verdict: PathVerdict): Share {
  return journeys.reduce(
    (sum, journey) => (journey.verdict === verdict ? addShare(sum, journey.chance) : sum),
    NO_SHARE,
  );
}

function weightedTrips(fabric: Fabric, groups: readonly WeightedClient[], destination: Destination): readonly Trip[] {
  return groups.flatMap(({ client, weight }) =>
    weighted(tripsOf(fabric, client, destination), weight).map((journey) => ({ journey, client })),
  );
}

function byName(shares: ReadonlyMap<string, Share>): readonly [string, Share][] {
  return [...shares].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

function imbalance(receivers: readonly ReceiverShare[]): Pick<ServiceProbability, 'imbalance'> {
  const delivered = receivers.reduce((sum, entry) => addShare(sum, entry.share), NO_SHARE).nominal;
  if (isZero(delivered)) return {};
  const even = multiply(delivered, fraction(1, receivers.length));
  const factor = divide(largest(receivers.map((entry) => entry.share)), even);
  return { imbalance: { fraction: formatFraction(factor), value: toNumber(factor) } };
}

function destinationText(fabric: Fabric, destination: Asked['destination'], groups: readonly WeightedClient[]): string {
  const { target } = destination;
  if (target.via === 'NODE_PORT' && target.node === undefined)
    return `node port ${target.port?.nodePort ?? 0} of the node`;
  const client = groups[0]?.client;
  const targets = client === undefined ? [] : resolveDestination(fabric, destination, client).targets;
  return targets
    .map(({ target: { address, port } }) => (port === undefined ? address : joinHostPort(address, port)))
    .join(', ');
}

/** All ways that new connections to a Service go, and who they come from. */
export interface Walked {
  readonly journeys: readonly Journey[];
  /** The journeys with their clients; empty where the cluster's data plane is not modelled, as `groups` is. */
  readonly trips: readonly Trip[];
  readonly groups: readonly WeightedClient[];
  /** Who they are, in words. */
  readonly clients: string;
}

/** Walks every client of the question to the destination. Throws QuestionError for clients that are not there. */
export function walkClients(fabric: Fabric, question: ProbabilityQuestion, destination: ServiceTargeted): Walked {
  const anyone: Client = {
    kind: 'OUTSIDE',
    name: 'clients',
    address: DEFAULT_OUTSIDE[fabric.family],
    node: '',
    namespace: 'default',
  };
  let clients: ClientGroups | undefined;
  let trips: readonly Trip[] = [];
  const journeys = journeysOrUnsupported(fabric, anyone, () => {
    clients = clientGroups(fabric, question.clients, destination);
    trips = weightedTrips(fabric, clients.groups, destination);
    return trips.map((trip) => trip.journey);
  });
  return { journeys, trips, groups: clients?.groups ?? [], clients: clients?.description ?? 'not modelled' };
}

/** What is told of a Service port beside its shares. */
export type ServiceHead = Pick<ServiceProbability, 'service' | 'via' | 'family' | 'destination' | 'clients'>;

/** Names a destination and the clients that were walked to it. */
export function headOf(
  fabric: Fabric,
  destination: ServiceTargeted,
  { groups, clients }: Pick<Walked, 'groups' | 'clients'>,
): ServiceHead {
  const { target } = destination;
  const { name, namespace = 'default' } = target.service.metadata;
  return {
    service: {
      namespace,
      name,
      ...(target.port?.name ? { portName: target.port.name } : {}),
      ...(target.portNumber === 0 ? {} : { port: target.portNumber }),
      protocol: target.protocol,
    },
    via: target.via,
    family: fabric.family,
    destination: groups.length === 0 ? '' : destinationText(fabric, destination, groups),
    clients,
  };
}

function answerOne(
  prepared: Prepared,
  fabric: Fabric,
  question: ProbabilityQuestion,
  { destination }: Asked,
): ServiceProbability {
  const walked = walkClients(fabric, question, destination);
  const { journeys, trips, groups } = walked;
  const receivers = receiverShares(journeys);
  const endpoints = receivers.map(({ receiver, share }) => ({ ref: receiverRef(fabric, receiver), share }));
  const through = groups[0]?.client.through === undefined ? undefined : (groups[0] as WeightedClient).client;
  const lost = (['DROPPED', 'UNREACHABLE'] as const).reduce(
    (sum, verdict) => addShare(sum, mass(journeys, verdict)),
    NO_SHARE,
  );
  const masses = Object.fromEntries(
    (['DELIVERED', 'DROPPED', 'REJECTED', 'UNREACHABLE', 'UNKNOWN'] as const).map((verdict) => [
      verdict.toLowerCase(),
      probability(mass(journeys, verdict)),
    ]),
  ) as Record<'delivered' | 'dropped' | 'rejected' | 'unreachable' | 'unknown', ServiceProbability['delivered']>;
  const affinity =
    groups.length === 0
      ? undefined
      : describeAffinity(prepared, fabric, destination, groups[0] as WeightedClient, receivers);
  return {
    ...headOf(fabric, destination, walked),
    ...(through?.through === undefined
      ? {}
      : { loadBalancer: balancerAnswer(fabric, through.through.balancer, through, lost) }),
    endpoints: endpoints.map(({ ref, share }) => ({ ...ref, share: probability(share) })),
    nodes: byName(
      sharesBy(
        endpoints,
        (entry) => entry.ref.node ?? '',
        (entry) => entry.share,
      ),
    ).map(([node, share]) => ({ node, share: probability(share) })),
    zones: byName(
      sharesBy(
        endpoints,
        (entry) => entry.ref.zone ?? '',
        (entry) => entry.share,
      ),
    ).map(([zone, share]) => ({ zone, share: probability(share) })),
    ...masses,
    verdicts: verdictShares(journeys),
    ...crossings(fabric, trips),
    ...imbalance(receivers),
    ...(affinity === undefined ? {} : { affinity }),
  };
}

/** A Service port that is asked about, and the families of it. */
export interface AskedPort extends Asked {
  readonly families: readonly IPFamily[];
}

/** What a question is about, in the order in which it is answered. Throws QuestionError for names and values that are wrong. */
export function portsAsked(cluster: Cluster, question: ProbabilityQuestion): readonly AskedPort[] {
  return askedAbout(cluster, question).map(({ destination }) => {
    const has = serviceFamilies(cluster, destination.target);
    const families = FAMILIES.filter((family) => has.includes(family) && (question.families?.includes(family) ?? true));
    if (families.length === 0 && question.services !== undefined) {
      throw new QuestionError(
        'INVALID_REQUEST',
        `Service ${destination.target.key} has none of the families asked for.`,
        [{ pointer: '/probability/families', detail: `It has ${has.join(' and ') || 'no address'}.` }],
      );
    }
    return { destination, families };
  });
}

/** How likely is each pod hit? Throws QuestionError for names and values that are wrong. */
export function answerProbability(prepared: Prepared, question: ProbabilityQuestion): Outcome<ProbabilityResult> {
  const { cluster, settings } = prepared;
  const options = balancing(prepared, question.phase);
  const fabrics = new Map<IPFamily, Fabric>(
    FAMILIES.map((family) => [family, new Fabric(cluster, settings, family, options)]),
  );
  const services = portsAsked(cluster, question).flatMap(({ destination, families }) =>
    families.map((family) => answerOne(prepared, fabrics.get(family) as Fabric, question, { destination })),
  );
  return {
    result: { services },
    assumptions: [...fabrics.values()].flatMap((fabric) => fabric.assumptions.all()),
    findings: [],
  };
}
