import type { IPFamily } from '../../base/address.js';
import { joinHostPort } from '../../base/address.js';
import { QuestionError } from '../../base/errors.js';
import { ONE, sum, toNumber } from '../../base/fraction.js';
import { mapWithProgress } from '../../base/progress.js';
import { remember } from '../../base/remember.js';
import type { Cluster } from '../../cluster/cluster.js';
import type { Service } from '../../cluster/objects.js';
import { FAMILIES } from '../../cluster/settings.js';
import type { PathVerdict, ProbabilityResult, ServiceProbability } from '../../contract/answers.js';
import type { ProbabilityQuestion, ServiceDestination, TransportProtocol } from '../../contract/requests.js';
import { isBalanced, publishedAs } from '../../load-balancers/addresses.js';
import type { Client } from '../../path/client.js';
import { type Destination, resolveDestination } from '../../path/destinations.js';
import { Fabric } from '../../path/fabric.js';
import { checkServiceSpec, isHeadless, type ServiceTarget, serviceFamilies } from '../../path/service-target.js';
import { DEFAULT_OUTSIDE, type WeightedClient } from '../../path/sources.js';
import { type Journey, type KnownWay, weighted } from '../../path/trail.js';
import { type ClientGroups, clientGroups } from '../../probability/client-groups.js';
import { addShare, NO_SHARE, type Share, ShareSum, sharesBy } from '../../probability/distribution.js';
import { probability } from '../chances.js';
import { type Door, type DoorClient, outcomesOf } from '../findings/door.js';
import { givenRules } from '../given-rules/given-rules.js';
import { autoscalerLoads } from '../load/autoscaler-load.js';
import type { LoadFields } from '../load/fields.js';
import { lawOf, podKey } from '../load/law.js';
import { cpuRequest, loadOf, modelAnswers, modelled } from '../load/load-answer.js';
import { type Offered, readTraffic, withSources } from '../load/offered.js';
import { balancing, clientJourneysOf, journeysOrUnsupported } from '../path/answer-path.js';
import type { Outcome, Prepared } from '../prepare.js';
import { basisOfAll } from '../share-basis.js';
import { requireWalkable } from '../walk-limits.js';
import { describeAffinity } from './affinity-answer.js';
import { balancerAnswer } from './balancer-answer.js';
import { crossings, crossNodeShare } from './crossings.js';
import { reachedEndpoints } from './endpoint-shares.js';
import { verdictShares } from './verdict-shares.js';

/** A Service as a destination. */
export type ServiceTargeted = Extract<Destination, { kind: 'SERVICE' }>;

interface Asked {
  /** What names it on both sides of a change: what was asked, and which of several alike. */
  readonly place: string;
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
      // Of a headless Service's only port those are meant who know the endpoints' own.
      const number = isHeadless(service) && !port.name ? {} : { port: port.port };
      all.push({ service: { namespace, name, ...number, ...portName }, protocol });
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
      isBalanced(service, cluster) &&
      ((service.status?.loadBalancer?.ingress ?? []).length > 0 || publishedAs(service, cluster) !== undefined),
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
  const counts = new Map<string, number>();
  const placeOf = (target: ServiceTarget): string => {
    const { key, port, portNumber, protocol, via, node, address } = target;
    const name = JSON.stringify([key, port?.name ?? portNumber, protocol, via, node, address]);
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    return `${name} ${count}`;
  };
  return wanted.map(({ service, protocol }, index) => {
    const target = checkServiceSpec(cluster, service, protocol, `/probability/services/${index}`);
    return { place: placeOf(target), destination: { kind: 'SERVICE', target } };
  });
}

function mass(journeys: readonly Journey[], verdict: PathVerdict): Share {
  const sum = new ShareSum();
  for (const journey of journeys) if (journey.verdict === verdict) sum.add(journey.chance);
  return sum.share;
}

/** All journeys of one group of clients, weighted by its part of the clients. */
export interface GroupJourneys extends WeightedClient {
  readonly journeys: readonly Journey[];
}

function groupJourneys(
  fabric: Fabric,
  groups: readonly WeightedClient[],
  destination: Destination,
): readonly GroupJourneys[] {
  return groups.map((group) => ({
    ...group,
    journeys: weighted(clientJourneysOf(fabric, group.client, destination), group.weight),
  }));
}

function byName(shares: ReadonlyMap<string, Share>): readonly [string, Share][] {
  return [...shares].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
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
  /** The same by groups of clients; where the cluster's data plane is not modelled, one for all. */
  readonly clientJourneys: readonly GroupJourneys[];
  /** Empty where the data plane is not modelled. */
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
  let clientJourneys: readonly GroupJourneys[] | undefined;
  const journeys = journeysOrUnsupported(fabric, anyone, () => {
    clients = clientGroups(fabric, question.clients, destination);
    clientJourneys = groupJourneys(fabric, clients.groups, destination);
    return clientJourneys.flatMap((group) => group.journeys);
  });
  clientJourneys ??= [{ client: anyone, weight: ONE, journeys }];
  return { journeys, clientJourneys, groups: clients?.groups ?? [], clients: clients?.description ?? 'not modelled' };
}

/** What is reported of a Service port beside its shares. */
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

/** Who clients are to findings: those of a load balancer are one, whichever backends it sends them to. */
export function doorClients(clientJourneys: readonly GroupJourneys[]): readonly DoorClient[] {
  const balanced = clientJourneys.filter(({ client }) => client.through !== undefined);
  const others = clientJourneys.filter(({ client }) => client.through === undefined);
  const single = others.map(({ client, nodes, weight, journeys }) => ({
    ...{ client, nodes, weight },
    outcomes: outcomesOf(journeys, client),
  }));
  const byName = new Map<string, GroupJourneys[]>();
  for (const clientJourney of balanced)
    remember(byName, clientJourney.client.name, (): GroupJourneys[] => []).push(clientJourney);
  const merged = [...byName.values()].map((own) => ({
    client: (own[0] as GroupJourneys).client,
    nodes: undefined,
    weight: sum(own.map(({ weight }) => weight)),
    outcomes: own.flatMap(({ journeys, client }) => outcomesOf(journeys, client)),
  }));
  return [...single, ...merged];
}

/** What kind of numbers the shares of delivered connections are. */
function basisField(journeys: readonly Journey[]): Pick<ServiceProbability, 'basis'> {
  const basis = basisOfAll(journeys.map(({ chance }) => chance));
  return basis === undefined ? {} : { basis };
}

function answerOne(
  prepared: Prepared,
  fabric: Fabric,
  question: ProbabilityQuestion,
  { destination, place }: Asked,
  offered: Offered | undefined,
): { readonly result: ServiceProbability; readonly door: Door } {
  const walked = walkClients(fabric, question, destination);
  const { journeys, clientJourneys, groups } = walked;
  const from = doorClients(clientJourneys);
  const { receivers, endpoints, imbalance } = reachedEndpoints(fabric, journeys);
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
    groups.length === 0 ? undefined : describeAffinity(prepared, fabric, destination, clientJourneys, receivers);
  const result: ServiceProbability = {
    ...headOf(fabric, destination, walked),
    ...(through?.through === undefined
      ? {}
      : {
          loadBalancer: balancerAnswer(fabric, through.through.balancer, through, lost, {
            port: destination.target.portNumber,
            protocol: destination.target.protocol,
          }),
        }),
    ...basisField(journeys),
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
    ...crossings(prepared.cluster, from),
    ...(imbalance === undefined ? {} : { imbalance }),
    ...(affinity === undefined ? {} : { affinity }),
  };
  const loaded = offered === undefined ? undefined : loadBehind(prepared, result, from, offered);
  const { via, service } = destination.target;
  const named = via === 'LOAD_BALANCER' ? publishedAs(service, fabric.cluster) : undefined;
  return {
    result: loaded === undefined ? result : { ...result, load: loaded },
    door: {
      ...doorOf(result, `${place} ${fabric.family}`, from),
      publishedAs: named,
      ...(loaded === undefined ? {} : { load: loaded }),
    },
  };
}

const TRAFFIC_AT = '/probability/traffic';

/** The load of the pods behind a door. */
function loadBehind(
  prepared: Prepared,
  { endpoints, delivered, crossZone, affinity }: ServiceProbability,
  from: readonly DoorClient[],
  offered: Offered,
): ServiceProbability['load'] {
  if (delivered.value === 0) return undefined;
  const { cluster, settings } = prepared;
  const law = lawOf({ settings, from, stickySeconds: affinity?.timeoutSeconds ?? 0 });
  const pods = endpoints.map(({ address, port, pod, node = '', zone = '', share }) => ({
    count: 1,
    share: share.value / delivered.value,
    node,
    zone,
    pod: pod ?? joinHostPort(address, port),
    key: podKey({ address, port }),
    cpuMilli: offered.cpuMillisecondsPerRequest === undefined ? undefined : cpuRequest(cluster, pod),
  }));
  const crossNode = toNumber(crossNodeShare(from));
  const load = loadOf(
    { pods, delivered: delivered.value, crossZone: crossZone?.value, crossNode, law, listed: true },
    offered,
  );
  if (load === undefined) return undefined;
  const rate = (offered.requestsPerSecond ?? 0) * delivered.value;
  const rates = new Map(pods.map(({ pod, share }) => [pod, share * rate]));
  const autoscalers = autoscalerLoads(prepared, rates, load as LoadFields, offered);
  const sticky = affinity === undefined ? undefined : forgetting(affinity.timeoutSeconds, offered);
  return {
    ...load,
    ...(autoscalers.length === 0 ? {} : { autoscalers }),
    ...(sticky === undefined ? {} : { affinity: sticky }),
  };
}

/**
 * How often a client that stays on a pod is forgotten and chooses again: its requests come at random, each refreshes
 * the entry.
 */
function forgetting(
  timeoutSeconds: number,
  { clients, requestsPerSecond }: Offered,
): Record<string, unknown> | undefined {
  if (clients === undefined || requestsPerSecond === undefined || requestsPerSecond === 0) return undefined;
  const rate = requestsPerSecond / clients;
  // Beyond this nobody is ever forgotten in a number that a double holds.
  if (rate * timeoutSeconds > 700)
    return { timeoutSeconds, requestsPerSecondOfClient: rate, chanceNextRequestIsLate: 0 };
  return {
    timeoutSeconds,
    requestsPerSecondOfClient: rate,
    ...modelled('affinity', { requestsPerSecond: rate, timeoutSeconds }, TRAFFIC_AT),
  };
}

/** What findings are made of. */
function doorOf(result: ServiceProbability, id: string, from: readonly DoorClient[]): Door {
  const { service, via, family, destination, clients, endpoints, verdicts, imbalance, affinity } = result;
  return {
    id,
    ...{ service, via, family, destination, clients, endpoints, verdicts, imbalance },
    affinity: affinity?.timeoutSeconds ?? 0,
    from,
  };
}

/** A Service port that is asked about, and the families of it. */
export interface AskedPort extends Asked {
  readonly families: readonly IPFamily[];
}

/**
 * What a question is about, in the order in which it is answered. Throws QuestionError for names and values that are
 * wrong.
 */
export function portsAsked(cluster: Cluster, question: ProbabilityQuestion): readonly AskedPort[] {
  return askedAbout(cluster, question).map((asked) => {
    const { destination } = asked;
    const has = serviceFamilies(cluster, destination.target);
    const families = FAMILIES.filter((family) => has.includes(family) && (question.families?.includes(family) ?? true));
    if (families.length === 0 && question.services !== undefined) {
      throw new QuestionError(
        'INVALID_REQUEST',
        `Service ${destination.target.key} has none of the families asked for.`,
        [{ pointer: '/probability/families', detail: `It has ${has.join(' and ') || 'no address'}.` }],
      );
    }
    return { ...asked, families };
  });
}

const knownWays = new WeakMap<Prepared, Map<string, Map<string, KnownWay>>>();

/** Ways that questions about one state share: `check` and `inspect` ask about every door of it. */
function waysOf(prepared: Prepared, name: string): Map<string, KnownWay> {
  const own = remember(knownWays, prepared, () => new Map<string, Map<string, KnownWay>>());
  return remember(own, name, () => new Map<string, KnownWay>());
}

/**
 * How likely is each pod hit? Throws QuestionError for names and values that are wrong. `at`: where the traffic stands
 * in the request.
 */
export function answerProbability(
  prepared: Prepared,
  given: ProbabilityQuestion,
  at = '/probability/traffic',
): Outcome<ProbabilityResult> {
  const { cluster, settings } = prepared;
  const offered = given.traffic === undefined ? undefined : readTraffic(given.traffic, at);
  const question = withSources(cluster, given, at);
  const options = balancing(prepared, question.phase);
  const fabrics = new Map<IPFamily, Fabric>(
    FAMILIES.map((family) => [
      family,
      new Fabric(cluster, settings, family, {
        ...givenRules(prepared, question, family, 'probability'),
        ...options,
        ways: waysOf(prepared, `${family} ${question.phase ?? ''}`),
      }),
    ]),
  );
  const ports = portsAsked(cluster, question);
  requireWalkable(
    cluster,
    ports.flatMap(({ destination, families }) => families.map(() => destination.target.key)),
    '/probability/services',
  );
  const answers = mapWithProgress(ports, 'Service port', ({ families, ...asked }) =>
    families.map((family) => answerOne(prepared, fabrics.get(family) as Fabric, question, asked, offered)),
  ).flat();
  return {
    result: {
      services: answers.map(({ result }) => result),
      ...(question.traffic?.models === undefined ? {} : { models: modelAnswers(question.traffic) }),
    },
    assumptions: [...fabrics.values()].flatMap((fabric) => fabric.assumptions.all()),
    services: [...new Set(answers.map(({ result: { service } }) => `${service.namespace}/${service.name}`))],
    doors: answers.map(({ door }) => door),
  };
}
