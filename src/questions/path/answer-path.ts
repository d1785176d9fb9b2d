import type { IPFamily } from '../../base/address.js';
import { addressOf, joinHostPort } from '../../base/address.js';
import { QuestionError } from '../../base/errors.js';
import { type Fraction, isOne } from '../../base/fraction.js';
import { whenRead } from '../../base/when-read.js';
import { podAddresses } from '../../cluster/cluster.js';
import { namespacedName } from '../../cluster/objects.js';
import type { PathResult, ServiceRef } from '../../contract/answers.js';
import type { PathQuestion } from '../../contract/requests.js';
import type { Chance } from '../../netfilter/walk/types.js';
import type { Client } from '../../path/client.js';
import {
  checkDestination,
  type Destination,
  defaultEntry,
  describeDestination,
  destinationFamilies,
  resolveDestination,
} from '../../path/destinations.js';
import { Fabric, type FabricOptions } from '../../path/fabric.js';
import { travel } from '../../path/journey.js';
import { type HealthCheckSource, resolveSource, type WeightedClient } from '../../path/sources.js';
import { both, CERTAIN, hop, hostStep, type Journey, rescaled, weighted } from '../../path/trail.js';
import { walkProbe } from '../../path/walk-probe.js';
import type { ServicePort } from '../../proxy/service-port.js';
import { probability } from '../chances.js';
import { type Door, type DoorClient, outcomesOf } from '../findings/door.js';
import { refOf } from '../findings/service-facts.js';
import { givenRules } from '../given-rules/given-rules.js';
import { waysOf } from '../known-ways.js';
import { type LargeLimits, LargePort } from '../large-ports/large-port.js';
import type { Outcome, Prepared } from '../prepare.js';
import { verdictShares } from '../probability/verdict-shares.js';
import { endpointCount, requireWalkable } from '../walk-limits.js';
import type { ClientJourney } from './client-journey.js';
import { probedService, probeJourneys } from './health-check-result.js';
import { type Journeys, journeysTo } from './path-law.js';
import { DEFAULT_TRACES, withTraces } from './path-limits.js';
import { type PathTotals, summedUp, totalsBySums, zoneSharesBySums } from './path-totals.js';
import { recentEntries } from './returning-client.js';

function chooseFamily(prepared: Prepared, question: PathQuestion, destination: Destination): IPFamily {
  const { cluster, settings } = prepared;
  const namespace = question.source.pod?.split('/')[0] ?? question.source.workload?.namespace ?? 'default';
  const reachable = destinationFamilies(cluster, settings, destination, namespace);
  if (question.family !== undefined) {
    if (!reachable.includes(question.family)) {
      throw new QuestionError('INVALID_REQUEST', `The destination has no ${question.family} address.`, [
        {
          pointer: '/path/family',
          detail: `${describeDestination(destination)} has ${reachable.join(' and ') || 'no address'}.`,
        },
      ]);
    }
    return question.family;
  }
  // A client outside has an address of one family: its own, where the destination has that.
  const outside = addressOf(question.source.external?.address ?? '')?.family;
  if (outside !== undefined && reachable.includes(outside)) return outside;
  const pod = question.source.pod === undefined ? undefined : cluster.pods.get(question.source.pod);
  const own = pod === undefined ? undefined : new Set(podAddresses(pod).map((text) => addressOf(text)?.family));
  return reachable.find((family) => own?.has(family) ?? true) ?? reachable[0] ?? 'IPv4';
}

/** What a question's fabric knows of load balancers: where their health checks are, and what they said before. */
export function balancing({ earlier }: Prepared, phase: PathQuestion['phase']): FabricOptions {
  return { walkProbe, ...(phase === undefined ? {} : { phase }), ...(earlier === undefined ? {} : { earlier }) };
}

/** All journeys of one client to a destination, their chances summing to 1. */
export function clientJourneysOf(fabric: Fabric, client: Client, destination: Destination): readonly Journey[] {
  const resolution = resolveDestination(fabric, destination, client);
  if (resolution.ending !== undefined) {
    const trail = hostStep(hop(undefined, 'CLIENT', client.name), {
      action: 'RESOLVE',
      detail: resolution.ending.detail,
    });
    const packet = {
      family: fabric.family,
      protocol: 'TCP',
      source: client.address ?? '',
      destination: '',
      mark: 0,
      connection: { state: 'NEW', dnat: false, snat: false },
    } as const;
    return [{ chance: CERTAIN, packet, trail, ...resolution.ending }];
  }
  return resolution.targets.flatMap(({ target, weight }) => {
    if (target.port !== undefined) fabric.expectFor(client.node, target.protocol, target.address, target.port);
    const journeys = travel(fabric, client, target, resolution.step);
    if (isOne(weight)) return journeys;
    const chance: Chance = { nominal: weight, programmed: weight };
    return journeys.map((journey) => rescaled(journey, (own) => both(chance, own)));
  });
}

/** The one journey of a question that lies outside the model as a whole. */
function unsupportedJourney(family: IPFamily, client: Client, detail: string): Journey {
  return {
    chance: CERTAIN,
    packet: {
      family,
      protocol: 'TCP',
      source: client.address ?? '',
      destination: '',
      mark: 0,
      connection: { state: 'NEW', dnat: false, snat: false },
    },
    trail: hop(undefined, 'CLIENT', client.name),
    verdict: 'UNKNOWN',
    cause: 'UNSUPPORTED_DATAPLANE',
    detail,
  };
}

/** Journeys, or the one that says why the nodes that are asked have none; other errors go on. */
export function journeysOrUnsupported(
  fabric: Fabric,
  client: Client,
  make: () => readonly Journey[],
): readonly Journey[] {
  try {
    return make();
  } catch (error) {
    if (error instanceof QuestionError && error.code === 'UNSUPPORTED')
      return [unsupportedJourney(fabric.family, client, error.message)];
    throw error;
  }
}

/**
 * A client of the path as findings see it; what becomes of its connections is listed when somebody looks. `byLaw`:
 * whether its journeys follow from those to another Service port, which reach endpoints of its own alone.
 */
function doorClient(client: Client, weight: Fraction, journeys: readonly Journey[], byLaw: boolean): DoorClient {
  const own = { client, weight, ...(byLaw ? { reachesOwnAlone: true as const } : {}) };
  return whenRead(own, 'outcomes', () => outcomesOf(journeys, client));
}

/** The Service that is asked about: named, or the one that has the address. */
function serviceOf(destination: Destination, port: ServicePort | undefined): ServiceRef | undefined {
  if (destination.kind === 'SERVICE') {
    const { service, port: spec, portNumber, protocol } = destination.target;
    const { namespace = 'default', name } = service.metadata;
    const portName = spec?.name ? { portName: spec.name } : {};
    return { namespace, name, ...portName, ...(portNumber === 0 ? {} : { port: portNumber }), protocol };
  }
  return port === undefined ? undefined : refOf(port);
}

/** The Service port that the question is about where it has too many endpoints to walk each. */
function largePortTo(
  plain: Fabric,
  options: FabricOptions,
  destination: Destination,
  clients: readonly WeightedClient[],
  { maxTraces = DEFAULT_TRACES, groupBy }: PathQuestion,
  { walked }: LargeLimits,
): LargePort | undefined {
  const { cluster } = plain;
  const isSmall = (key: string) => endpointCount(cluster, key) <= walked;
  if (destination.kind === 'POD' || (destination.kind === 'SERVICE' && isSmall(destination.target.key)))
    return undefined;
  const [any] = clients;
  const [only, ...others] = any === undefined ? [] : resolveDestination(plain, destination, any.client).targets;
  if (only === undefined || others.length > 0) return undefined;
  const { target } = only;
  const shown = { walked: maxTraces, listed: 1, ofNodes: groupBy === 'NODE' };
  return LargePort.find(plain, { options, clients, target, shown, pointer: '/path/destination', walked });
}

/** The answer, and the ways that it is made of. */
export interface PathOutcome extends Outcome<PathResult> {
  /** Absent where not each way is followed by itself. */
  readonly ways?: PathWays;
}

/** Every way of a question's clients, and what is answered of such. */
export interface PathWays {
  readonly all: readonly ClientJourney[];
  resultOf(ways: readonly ClientJourney[]): PathResult;
}

const journeysOf = (ways: readonly ClientJourney[]) => ways.map(({ journey }) => journey);

/** What is asked, as answers say it. */
function questionOf(
  clients: readonly WeightedClient[],
  destination: Destination,
  family: IPFamily,
  { addresses, port }: { readonly addresses: ReadonlySet<string>; readonly port: number | undefined },
): PathResult['question'] {
  const protocol = destination.kind === 'SERVICE' ? destination.target.protocol : destination.protocol;
  return {
    source: clients.length === 1 ? (clients[0]?.client.name ?? '') : `${clients.length} clients of the source`,
    destination: describeDestination(destination),
    protocol: protocol as PathResult['question']['protocol'],
    family,
    addresses: [...addresses],
    ...(port === undefined ? {} : { port }),
  };
}

/**
 * Which way does a packet go? `limits`: how many endpoints are followed of a Service port with very many; absent where
 * the answer is compared with another. Throws QuestionError for names and values that are wrong.
 */
export function answerPath(prepared: Prepared, question: PathQuestion | undefined, limits?: LargeLimits): PathOutcome {
  if (question === undefined) {
    throw new QuestionError('INVALID_REQUEST', 'The question is missing.', [
      { pointer: '/path', detail: 'Give {"path": {"source": …, "destination": …}}.' },
    ]);
  }
  const { cluster, settings } = prepared;
  if (question.source.healthCheck !== undefined)
    return answerHealthCheck(prepared, question, question.source.healthCheck);
  if (question.destination === undefined) {
    throw new QuestionError('INVALID_REQUEST', 'The destination is missing.', [
      {
        pointer: '/path/destination',
        detail: 'Say where the connection goes, e.g. {"service": {"namespace": "default", "name": "web"}}.',
      },
    ]);
  }
  const destination = checkDestination(cluster, question.destination, question.protocol, '/path/destination');
  const family = chooseFamily(prepared, question, destination);
  const options = { ...givenRules(prepared, question, family, 'path'), ...balancing(prepared, question.phase) };
  const plain = new Fabric(cluster, settings, family, {
    ...options,
    ways: waysOf(prepared, family, question.phase),
  });
  const clients = resolveSource(plain, question.source, defaultEntry(plain, destination), '/path/source');
  const large = limits && largePortTo(plain, options, destination, clients, question, limits);
  if (destination.kind === 'SERVICE' && large === undefined) {
    const { key } = destination.target;
    requireWalkable(
      cluster,
      clients.map(() => key),
      '/path/destination',
    );
  }
  const clientJourneys: ClientJourney[] = [];
  let known: Journeys['known'];
  const from: DoorClient[] = [];
  const addresses = new Set<string>();
  let port: number | undefined;
  let servicePort: ServicePort | undefined;
  let fabric = large?.fabric ?? plain;
  for (const { client, weight } of clients) {
    const recent = recentEntries(plain, question, destination, client);
    if (recent !== undefined) fabric = new Fabric(cluster, settings, family, { ...options, recent });
    const journeys = journeysOrUnsupported(fabric, client, () => {
      for (const { target } of resolveDestination(fabric, destination, client).targets) {
        addresses.add(target.address);
        port ??= target.port;
        if (target.port === undefined) continue;
        servicePort ??= fabric.expectFor(client.node, target.protocol, target.address, target.port)[0];
      }
      if (servicePort !== undefined && large === undefined) {
        const { namespace, name } = refOf(servicePort);
        requireWalkable(cluster, [`${namespace}/${name}`], '/path/destination');
      }
      const walk = () => clientJourneysOf(fabric, client, destination);
      if (large !== undefined) return large.settle(walk());
      const found = journeysTo(fabric, client, destination, walk);
      // Of several clients each has a part only.
      if (clients.length === 1) known = found.known;
      return found.journeys;
    });
    const own = weighted(journeys, weight);
    for (const journey of own) clientJourneys.push({ journey, client });
    from.push(doorClient(client, weight, own, known !== undefined));
  }
  const all = journeysOf(clientJourneys);
  const zoneShares = known && zoneSharesBySums(cluster, from, known.sums, known.zones);
  const sums = known?.sums;
  const totals = sums === undefined ? summedUp(fabric, all) : totalsBySums(fabric, all, sums);
  const asked = questionOf(clients, destination, family, { addresses, port });
  const resultOf = (ways: readonly ClientJourney[], { verdicts, reached }: PathTotals): PathResult =>
    Object.assign(withTraces({ question: asked }, fabric, ways, question, ways === clientJourneys ? sums : undefined), {
      verdicts,
      ...(reached === undefined ? {} : { reached }),
    });
  const result = resultOf(clientJourneys, totals);
  const service = serviceOf(destination, servicePort);
  const plainDoor = {
    id: 'path',
    service,
    via: destination.kind === 'SERVICE' ? destination.target.via : destination.kind,
    family,
    destination: [...addresses]
      .map((address) => (port === undefined ? address : joinHostPort(address, port)))
      .join(', '),
    clients: result.question.source,
    imbalance: totals.imbalance,
    verdicts: result.verdicts,
    affinity: servicePort?.stickyMaxAge ?? 0,
    from,
    zoneShares,
  };
  // Most findings do not look at them.
  const door: Door = whenRead(plainDoor, 'endpoints', () =>
    totals.endpoints().map(({ ref, share }) => ({ ...ref, share: probability(share) })),
  );
  return {
    result,
    assumptions: [...plain.assumptions.all(), ...(fabric === plain ? [] : fabric.assumptions.all())],
    services: service === undefined ? [] : [`${service.namespace}/${service.name}`],
    doors: [door],
    ...(large === undefined && !fabric.hasGivenRules
      ? { ways: { all: clientJourneys, resultOf: (ways) => resultOf(ways, summedUp(fabric, journeysOf(ways))) } }
      : {}),
  };
}

/** What a load balancer's probes find on its backends, and the way they take. */
function answerHealthCheck(prepared: Prepared, question: PathQuestion, source: HealthCheckSource): Outcome<PathResult> {
  const { cluster, settings } = prepared;
  const service = probedService(cluster, source, question);
  const family = question.family ?? (service.spec?.ipFamilies?.[0] === 'IPv6' ? 'IPv6' : 'IPv4');
  const options = { ...givenRules(prepared, question, family, 'path'), ...balancing(prepared, question.phase) };
  const fabric = new Fabric(cluster, settings, family, options);
  const balancer = fabric.balancerOf(service);
  const clientJourneys = probeJourneys(fabric, balancer, source, question);
  const { port, path = '' } = balancer.healthCheck;
  const addresses = clientJourneys.map(({ journey }) => journey.packet.destination);
  return {
    result: {
      question: {
        source: `health check of the load balancer of ${balancer.key}`,
        destination: `port ${port}${path} of ${source.node ?? 'each backend'}`,
        protocol: 'TCP',
        family,
        addresses: [...new Set(addresses)].slice(0, question.maxTraces ?? DEFAULT_TRACES),
        port,
      },
      ...withTraces({}, fabric, clientJourneys, question),
      verdicts: verdictShares(clientJourneys.map((clientJourney) => clientJourney.journey)),
    },
    assumptions: fabric.assumptions.all(),
    services: [namespacedName(service)],
    doors: [],
  };
}
