/** Load: what the shares of a Service port make of so much traffic. */
import { pointer, QuestionError } from '../../base/errors.js';
import { GivenFault } from '../../capacity/given.js';
import { answerModel } from '../../capacity/models.js';
import type { EndpointShare, ServiceProbability } from '../../contract/answers.js';
import type { ProbabilityQuestion } from '../../contract/requests.js';

export type Traffic = NonNullable<ProbabilityQuestion['traffic']>;
type Load = NonNullable<ServiceProbability['load']>;
type Fields = Readonly<Record<string, unknown>>;

/** The joint law of all pods is worked out for so many connections at most. */
const MOST_JOINT = 1_000_000;
/** The most pods that are listed one by one. */
const MAX_PODS = 500;
const GIGABYTE = 1e9;

function wrong(at: string, detail: string): QuestionError {
  return new QuestionError('INVALID_REQUEST', detail, [{ pointer: at, detail }]);
}

/** Runs a model; what is wrong with what is given is told by its place in the request. */
export function modelled(name: string, given: unknown, at: string): Fields {
  try {
    return answerModel(name, given, at);
  } catch (error) {
    if (error instanceof GivenFault) throw wrong(error.pointer, error.message);
    throw error;
  }
}

/** The models that the request gives in full, each answered by itself. Throws INVALID_REQUEST with the place of what is wrong. */
export function modelAnswers({ models = [] }: Traffic): readonly { readonly model: string; readonly answer: Fields }[] {
  return models.map(({ model, given }, index) => ({
    model,
    answer: modelled(model, given, pointer('probability', 'traffic', 'models', index, 'given')),
  }));
}

interface PodShare {
  readonly name: string;
  readonly node: string;
  readonly zone: string;
  readonly share: number;
}

function podsOf(endpoints: readonly EndpointShare[], delivered: number): readonly PodShare[] {
  return endpoints.map(({ address, port, pod, node, zone, share }) => ({
    name: pod ?? `${address}:${port}`,
    node: node ?? '',
    zone: zone ?? '',
    share: share.value / delivered,
  }));
}

/** Equal shares as one group: pods of a share are alike. */
function groupsOf(pods: readonly PodShare[], capacity: number | undefined) {
  const counts = new Map<number, number>();
  for (const { share } of pods) counts.set(share, (counts.get(share) ?? 0) + 1);
  const total = [...counts].reduce((sum, [share, count]) => sum + share * count, 0);
  return [...counts].map(([share, count]) => ({
    count,
    share: share / total,
    ...(capacity === undefined ? {} : { capacity }),
  }));
}

function sumBy(pods: readonly PodShare[], key: 'node' | 'zone', rate: number) {
  const sums = new Map<string, number>();
  for (const pod of pods) sums.set(pod[key], (sums.get(pod[key]) ?? 0) + pod.share * rate);
  return [...sums]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, requestsPerSecond]) => ({ [key]: name, requestsPerSecond }));
}

/** Requests per second of each pod, node and zone, and what crosses zones. */
function rates(traffic: Traffic, pods: readonly PodShare[], delivered: number, result: ServiceProbability): Fields {
  const { requestsPerSecond: offered, capacity, bytesPerRequest, pricePerGigabyte } = traffic;
  if (offered === undefined) return {};
  const rate = offered * delivered;
  const crossing = result.crossZone === undefined ? undefined : result.crossZone.value * offered;
  const bytes = crossing === undefined || bytesPerRequest === undefined ? undefined : crossing * bytesPerRequest;
  const loads = pods.map(({ share }) => share * rate);
  return {
    requestsPerSecond: {
      offered,
      delivered: rate,
      most: Math.max(0, ...loads),
      least: Math.min(...(loads.length === 0 ? [0] : loads)),
      mean: pods.length === 0 ? 0 : rate / pods.length,
      ...(capacity === undefined || traffic.connections !== undefined
        ? {}
        : {
            podsOverInTheMean: loads.filter((load) => load > capacity).length,
            idleCapacity: pods.length * capacity - rate,
          }),
    },
    nodes: sumBy(pods, 'node', rate),
    zones: sumBy(pods, 'zone', rate),
    ...(crossing === undefined ? {} : { crossZoneRequestsPerSecond: crossing }),
    ...(bytes === undefined ? {} : { crossZoneBytesPerSecond: bytes }),
    ...(bytes === undefined || pricePerGigabyte === undefined
      ? {}
      : { crossZonePricePerHour: ((bytes * 3600) / GIGABYTE) * pricePerGigabyte }),
  };
}

/** How uneven so many connections (or clients that stay) are: percentiles, chances, idle pods. */
function unevenness(traffic: Traffic, pods: readonly PodShare[], affinity: boolean): Fields {
  const { connections, clients, requestsPerSecond, capacity } = traffic;
  const at = '/probability/traffic';
  if (affinity && clients !== undefined) {
    if (requestsPerSecond === undefined || requestsPerSecond === 0 || clients === 0) return {};
    const rate = Math.round((requestsPerSecond / clients) * 1e6) / 1e6;
    if (rate === 0) return {};
    const given = { clients: [{ count: clients, rate }], pods: groupsOf(pods, capacity) };
    return { law: 'CLIENTS', ...modelled('affinity', given, `${at}/clients`) };
  }
  if (connections === undefined) return {};
  // Without affinity each connection is thrown by itself; with it, connections of one client go together.
  const law = affinity ? 'CONNECTIONS_OF_DIFFERENT_CLIENTS' : 'CONNECTIONS';
  const groups = groupsOf(pods, capacity);
  const base = { connections, pods: groups };
  const single = modelled('pod-load', base, at);
  if (connections > MOST_JOINT) {
    return {
      law,
      ...single,
      explanation: `The joint law of all pods is worked out for up to ${MOST_JOINT} connections.`,
    };
  }
  const { anyIdle, expectedIdle } = modelled('idle', base, at);
  return {
    law,
    ...single,
    ...modelled('extremes', base, at),
    anyIdle,
    expectedIdle,
    ...(capacity === undefined ? {} : { anyOver: modelled('over-capacity', base, at).anyOver }),
  };
}

/**
 * The load of a Service port's pods under the question's traffic. Connections are those that are delivered: what is dropped or
 * refused reaches no pod. Undefined where nothing is delivered. Throws INVALID_REQUEST for traffic that no model takes.
 */
export function loadOf(traffic: Traffic, result: ServiceProbability): Load | undefined {
  const delivered = result.delivered.value;
  if (result.endpoints.length === 0 || delivered === 0) return undefined;
  const pods = podsOf(result.endpoints, delivered);
  const { requestsPerSecond } = traffic;
  const uneven = unevenness(traffic, pods, result.affinity !== undefined);
  return {
    pods: pods.slice(0, MAX_PODS).map(({ name, node, share }) => ({
      pod: name,
      node,
      share,
      ...(requestsPerSecond === undefined ? {} : { requestsPerSecond: share * delivered * requestsPerSecond }),
      ...(traffic.connections === undefined ? {} : { connections: share * traffic.connections }),
    })),
    ...rates(traffic, pods, delivered, result),
    ...uneven,
  };
}
