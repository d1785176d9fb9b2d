/** How much is sent, read from a request: what goes together, what follows from it, and what contradicts itself. */
import { QuestionError } from '../../base/errors.js';
import { nodeZone } from '../../cluster/addresses.js';
import type { Cluster } from '../../cluster/cluster.js';
import type { ProbabilityQuestion, Source } from '../../contract/requests.js';

export type Traffic = NonNullable<ProbabilityQuestion['traffic']>;

/** The chance of a pod over its capacity that is put up with, unless the request says otherwise. */
const DEFAULT_MAX_CHANCE = 0.01;

/**
 * Traffic that has been checked. Where `connections` or `open` is there, loads are connections; else requests per
 * second.
 */
export interface Offered {
  /** So many connections are open. */
  readonly connections?: number;
  /** Connections come and go; so many are open in the mean. */
  readonly open?: number;
  readonly requestsPerSecond?: number;
  /** Requests per second of one connection. */
  readonly perConnection?: number;
  readonly clients?: number;
  /** So many of them share one address. */
  readonly behindOneAddress?: number;
  /** What one pod takes, in connections. */
  readonly capacity?: number;
  /** What one pod takes, in requests per second. */
  readonly maxRequestsPerSecond?: number;
  readonly cpuMillisecondsPerRequest?: number;
  readonly maxChance: number;
  readonly bytesPerRequest?: number;
  readonly pricePerGigabyte?: number;
  /** JSON Pointer of the traffic. */
  readonly at: string;
}

export function wrongTraffic(at: string, detail: string): QuestionError {
  return new QuestionError('INVALID_REQUEST', detail, [{ pointer: at, detail }]);
}

/** The rates of the sources together. Throws INVALID_REQUEST where they say something else than the totals. */
function totals(traffic: Traffic, at: string): Pick<Traffic, 'connections' | 'requestsPerSecond'> {
  const { sources, connections, requestsPerSecond } = traffic;
  if (sources === undefined) {
    return {
      ...(connections === undefined ? {} : { connections }),
      ...(requestsPerSecond === undefined ? {} : { requestsPerSecond }),
    };
  }
  const unit = sources[0]?.requestsPerSecond === undefined ? 'connections' : 'requestsPerSecond';
  for (const [index, one] of sources.entries()) {
    const place = `${at}/sources/${index}`;
    if ((one.source === undefined) === (one.zone === undefined)) {
      throw wrongTraffic(place, 'Give one of "source" and "zone".');
    }
    if ((one.requestsPerSecond === undefined) === (one.connections === undefined)) {
      throw wrongTraffic(place, 'Give one of "requestsPerSecond" and "connections".');
    }
    if (one[unit] === undefined) {
      throw wrongTraffic(place, `The first source gives ${unit}: give the same of every source.`);
    }
  }
  if (traffic[unit] !== undefined) {
    throw wrongTraffic(`${at}/${unit}`, `The sources say it already: leave ${unit} out.`);
  }
  const sum = sources.reduce((all, one) => all + (one[unit] ?? 0), 0);
  if (sum === 0) throw wrongTraffic(`${at}/sources`, 'At least one source must send something.');
  return {
    ...(unit === 'connections' ? { connections: sum } : connections === undefined ? {} : { connections }),
    ...(unit === 'requestsPerSecond'
      ? { requestsPerSecond: sum }
      : requestsPerSecond === undefined
        ? {}
        : { requestsPerSecond }),
  };
}

const near = (a: number, b: number) => Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b), 1);

/**
 * The traffic of a request, checked. `at` is its JSON Pointer. Throws INVALID_REQUEST with the place of what
 * contradicts the rest or of what is missing.
 */
export function readTraffic(traffic: Traffic, at: string): Offered {
  const { connectionsPerSecond, lifetimeSeconds, requestsPerConnection, clients, capacity } = traffic;
  const { maxRequestsPerSecond, cpuMillisecondsPerRequest, bytesPerRequest, pricePerGigabyte } = traffic;
  const { connections, requestsPerSecond } = totals(traffic, at);
  const wrong = (field: string, detail: string): never => {
    throw wrongTraffic(`${at}/${field}`, detail);
  };
  if (connections !== undefined && connectionsPerSecond !== undefined) {
    wrong(
      'connectionsPerSecond',
      'connections says how many are open: give that, or connectionsPerSecond with lifetimeSeconds.',
    );
  }
  if (requestsPerConnection !== undefined && requestsPerSecond === undefined && connectionsPerSecond === undefined) {
    wrong('requestsPerConnection', 'Give requestsPerSecond or connectionsPerSecond too: one follows from the other.');
  }
  const rate =
    requestsPerSecond ??
    (connectionsPerSecond !== undefined && requestsPerConnection !== undefined
      ? connectionsPerSecond * requestsPerConnection
      : undefined);
  const opening =
    connectionsPerSecond ??
    (rate !== undefined && requestsPerConnection !== undefined ? rate / requestsPerConnection : undefined);
  if (
    requestsPerSecond !== undefined &&
    connectionsPerSecond !== undefined &&
    requestsPerConnection !== undefined &&
    !near(requestsPerSecond, connectionsPerSecond * requestsPerConnection)
  ) {
    wrong(
      'requestsPerConnection',
      `${connectionsPerSecond} connections per second with ${requestsPerConnection} requests each are not ` +
        `${requestsPerSecond} requests per second: leave one of the three out.`,
    );
  }
  if (lifetimeSeconds !== undefined && opening === undefined) {
    wrong('lifetimeSeconds', 'A lifetime needs connectionsPerSecond, or requestsPerSecond with requestsPerConnection.');
  }
  const open =
    connections === undefined && opening !== undefined && lifetimeSeconds !== undefined
      ? opening * lifetimeSeconds
      : undefined;
  if (open !== undefined && open > 1e9)
    wrong('lifetimeSeconds', `${open} connections would be open in the mean; at most 1000000000 are worked out.`);
  const carrying = connections ?? open;
  const inConnections = carrying !== undefined;
  if (maxRequestsPerSecond !== undefined && rate === undefined) {
    wrong('maxRequestsPerSecond', 'What a pod takes is in requests per second: give requestsPerSecond too.');
  }
  if (cpuMillisecondsPerRequest !== undefined && rate === undefined) {
    wrong('cpuMillisecondsPerRequest', 'The CPU time of a request needs requestsPerSecond.');
  }
  if (
    !inConnections &&
    capacity !== undefined &&
    maxRequestsPerSecond !== undefined &&
    capacity !== maxRequestsPerSecond
  ) {
    wrong(
      'capacity',
      'Without connections it is in requests per second, and maxRequestsPerSecond says ' +
        `${maxRequestsPerSecond}: leave one of them out.`,
    );
  }
  if (clients !== undefined && connections !== undefined && clients > connections) {
    wrong('clients', `${clients} clients have at least as many connections, not ${connections}.`);
  }
  const together = traffic.clientsBehindOneAddress;
  if (together !== undefined && clients === undefined) {
    wrong('clientsBehindOneAddress', 'It is a part of clients: say how many there are.');
  }
  if (together !== undefined && clients !== undefined && together > clients) {
    wrong('clientsBehindOneAddress', `It is a part of the ${clients} clients, not ${together}.`);
  }
  if (bytesPerRequest !== undefined && rate === undefined)
    wrong('bytesPerRequest', 'Bytes of a request need requestsPerSecond.');
  if (pricePerGigabyte !== undefined && bytesPerRequest === undefined)
    wrong('pricePerGigabyte', 'A price needs bytesPerRequest.');
  const limit = inConnections ? maxRequestsPerSecond : (maxRequestsPerSecond ?? capacity);
  return {
    ...(connections === undefined ? {} : { connections }),
    ...(open === undefined ? {} : { open }),
    ...(rate === undefined ? {} : { requestsPerSecond: rate }),
    ...(rate === undefined || carrying === undefined || carrying === 0 ? {} : { perConnection: rate / carrying }),
    ...(clients === undefined ? {} : { clients }),
    ...(together === undefined ? {} : { behindOneAddress: together }),
    ...(inConnections && capacity !== undefined ? { capacity } : {}),
    ...(limit === undefined ? {} : { maxRequestsPerSecond: limit }),
    ...(cpuMillisecondsPerRequest === undefined ? {} : { cpuMillisecondsPerRequest }),
    maxChance: traffic.maxChance ?? DEFAULT_MAX_CHANCE,
    ...(bytesPerRequest === undefined ? {} : { bytesPerRequest }),
    ...(pricePerGigabyte === undefined ? {} : { pricePerGigabyte }),
    at,
  };
}

/** Whether it says what a pod takes, so that a pod can be over it. */
export function hasCapacity({ capacity, maxRequestsPerSecond, cpuMillisecondsPerRequest }: Offered): boolean {
  return capacity !== undefined || maxRequestsPerSecond !== undefined || cpuMillisecondsPerRequest !== undefined;
}

/** A double as a weight that requests take: an integer, or a fraction of integers. */
function asWeight(value: number): number | string {
  if (Number.isSafeInteger(value)) return value;
  let denominator = 1;
  while (denominator < 1e9 && value * denominator < 1e8 && !Number.isInteger(value * denominator)) denominator *= 10;
  return `${Math.round(value * denominator)}/${denominator}`;
}

/**
 * The question with its traffic's sources as its clients: those of a zone are a pod on each of its nodes. Throws
 * INVALID_REQUEST where `clients` are given too, NOT_FOUND for a zone that no node is in.
 */
export function withSources(cluster: Cluster, question: ProbabilityQuestion, at: string): ProbabilityQuestion {
  const { sources } = question.traffic ?? {};
  if (sources === undefined) return question;
  if (question.clients !== undefined) {
    throw wrongTraffic(`${at}/sources`, 'The question says clients too: give the sources of traffic, or clients.');
  }
  totals(question.traffic as Traffic, at);
  const weights = sources.flatMap(({ source, zone, requestsPerSecond, connections }, index) => {
    const rate = requestsPerSecond ?? connections ?? 0;
    if (zone === undefined) return [{ source: source as Source, weight: asWeight(rate) }];
    const nodes = [...cluster.nodes.values()].filter((node) => nodeZone(node) === zone);
    if (nodes.length === 0) {
      const detail = `No node of the snapshot is in zone "${zone}".`;
      throw new QuestionError('NOT_FOUND', detail, [{ pointer: `${at}/sources/${index}/zone`, detail }]);
    }
    return nodes.map(({ metadata }) => ({
      source: { podOn: metadata.name } as Source,
      weight: asWeight(rate / nodes.length),
    }));
  });
  return { ...question, clients: { weights } };
}

/**
 * Runs what asks about the clients that sources became; errors get the places of the sources. `at`: the JSON Pointer of
 * the traffic.
 */
export function placedInSources<T>(cluster: Cluster, { traffic }: ProbabilityQuestion, at: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    const { sources } = traffic ?? {};
    if (!(error instanceof QuestionError) || sources === undefined) throw error;
    const nodes = [...cluster.nodes.values()];
    const places = sources.flatMap(({ zone }, index) =>
      zone === undefined ? [index] : nodes.filter((node) => nodeZone(node) === zone).map(() => index),
    );
    const moved = error.problems.map((problem) => {
      const [, number, rest = ''] = /^\/probability\/clients\/weights\/(\d+)(.*)$/.exec(problem.pointer) ?? [];
      return number === undefined
        ? problem
        : { ...problem, pointer: `${at}/sources/${places[Number(number)] ?? number}${rest}` };
    });
    throw new QuestionError(error.code, error.message, moved);
  }
}
