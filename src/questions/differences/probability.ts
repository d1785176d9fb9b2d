import type {
  EndpointShare,
  EstablishedShares,
  Probability,
  ProbabilityDifference,
  ProbabilityResult,
  ServiceDifference,
  ServiceProbability,
  ShiftedShare,
} from '../../contract/answers.js';
import { holdsUnknownShare, isShifted, pairs, shifted, shiftedVerdicts } from './shifted-shares.js';

function serviceKey({ service, via, family }: ServiceProbability): string {
  const { namespace, name, portName, port, protocol } = service;
  return JSON.stringify([namespace, name, portName, port, protocol, via, family]);
}

/**
 * A Service port that was asked about twice, for example through two node ports, is distinguished by its place among
 * those of its key.
 */
function keyed(services: readonly ServiceProbability[]): readonly { key: string; of: ServiceProbability }[] {
  const counts = new Map<string, number>();
  return services.map((of) => {
    const key = serviceKey(of);
    const count = counts.get(key) ?? 0;
    counts.set(key, count + 1);
    return { key: `${key} ${count}`, of };
  });
}

/** Names with their shares on both sides. */
function byName<N extends 'node' | 'zone'>(
  name: N,
  before: readonly (Record<N, string> & { readonly share: Probability })[],
  after: readonly (Record<N, string> & { readonly share: Probability })[],
): readonly ({ readonly name: string } & ShiftedShare)[] {
  return pairs(before, after, (item) => item[name]).map((pair) => ({
    name: (pair.before ?? pair.after)?.[name] ?? '',
    ...shifted(pair.before?.share, pair.after?.share),
  }));
}

function endpointDifference(pair: {
  readonly before?: EndpointShare;
  readonly after?: EndpointShare;
}): ServiceDifference['endpoints'][number] {
  const { share: _, ...ref } = (pair.after ?? pair.before) as EndpointShare;
  return { ...ref, ...shifted(pair.before?.share, pair.after?.share) };
}

function compareServices(
  before: ServiceProbability | undefined,
  after: ServiceProbability | undefined,
  established: EstablishedShares,
): ServiceDifference {
  const { service, via, family } = (after ?? before) as ServiceProbability;
  const imbalance = {
    ...(before?.imbalance === undefined ? {} : { before: before.imbalance }),
    ...(after?.imbalance === undefined ? {} : { after: after.imbalance }),
  };
  return {
    service,
    via,
    family,
    change: before === undefined ? 'ADDED' : after === undefined ? 'REMOVED' : 'CHANGED',
    endpoints: pairs(before?.endpoints ?? [], after?.endpoints ?? [], ({ address, port, pod }) =>
      JSON.stringify([address, port, pod]),
    ).map(endpointDifference),
    verdicts: shiftedVerdicts(before?.verdicts ?? [], after?.verdicts ?? []),
    nodes: byName('node', before?.nodes ?? [], after?.nodes ?? []).map(({ name, ...rest }) => ({
      node: name,
      ...rest,
    })),
    zones: byName('zone', before?.zones ?? [], after?.zones ?? []).map(({ name, ...rest }) => ({
      zone: name,
      ...rest,
    })),
    ...(Object.keys(imbalance).length === 0 ? {} : { imbalance }),
    established,
  };
}

function isDifferent({ change, endpoints, verdicts, nodes, zones, established }: ServiceDifference): boolean {
  if (change !== 'CHANGED' || established.lostEndpoints.length > 0) return true;
  return [...endpoints, ...verdicts, ...nodes, ...zones].some(isShifted);
}

/**
 * What is different between the shares of two clusters, Service port by Service port. `establishedOf` tells what
 * becomes of the connections that a Service port of before has.
 */
export function probabilityDifference(
  before: ProbabilityResult,
  after: ProbabilityResult,
  establishedOf: (service: ServiceProbability | undefined) => EstablishedShares,
): ProbabilityDifference {
  const compared = pairs(keyed(before.services), keyed(after.services), ({ key }) => key).map((pair) =>
    compareServices(pair.before?.of, pair.after?.of, establishedOf(pair.before?.of)),
  );
  const services = compared.flatMap((service): readonly ServiceDifference[] => {
    if (isDifferent(service)) return [service];
    return holdsUnknownShare(service.verdicts) ? [{ ...service, change: 'UNKNOWN' }] : [];
  });
  return { services, unchanged: compared.length - services.length };
}
