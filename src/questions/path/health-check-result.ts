import { canonicalAddress } from '../../base/address.js';
import { QuestionError } from '../../base/errors.js';
import { fraction } from '../../base/fraction.js';
import type { Cluster } from '../../cluster/cluster.js';
import { requireNode, requireService } from '../../cluster/lookup.js';
import type { Service } from '../../cluster/objects.js';
import type { PathQuestion } from '../../contract/requests.js';
import type { AskedPort, Balancer } from '../../load-balancers/balancer.js';
import { isBalanced } from '../../load-balancers/balancer-addresses.js';
import type { Backend, HealthCheck } from '../../load-balancers/implementation.js';
import type { Client, Target } from '../../path/client.js';
import type { Fabric } from '../../path/fabric.js';
import { travel } from '../../path/journey.js';
import type { HealthCheckSource } from '../../path/sources.js';
import { outsideClient } from '../../path/sources.js';
import { CERTAIN, type Ending, hop, hostStep, type Journey, weighted } from '../../path/trail.js';
import { outcomeOf, probeSource } from '../../path/walk-probe.js';
import type { ClientJourney } from './client-journey.js';

const POINTER = '/path/source/healthCheck';

/**
 * The Service whose load balancer probes: named by the source, or by the destination. Throws NOT_FOUND,
 * INVALID_REQUEST.
 */
export function probedService(cluster: Cluster, source: HealthCheckSource, question: PathQuestion): Service {
  const named = source.service ?? question.destination?.service;
  if (named === undefined) {
    throw new QuestionError('INVALID_REQUEST', 'Whose health check?', [
      {
        pointer: `${POINTER}/service`,
        detail: 'Name the Service: {"healthCheck": {"service": {"namespace": …, "name": …}}}.',
      },
    ]);
  }
  const pointer = source.service === undefined ? '/path/destination/service' : `${POINTER}/service`;
  const service = requireService(cluster, named.namespace, named.name, `${pointer}/name`);
  const wrong = (detail: string, at: string) => new QuestionError('INVALID_REQUEST', detail, [{ pointer: at, detail }]);
  if (!isBalanced(service, cluster)) {
    const type = service.spec?.type ?? 'ClusterIP';
    throw wrong(`Service ${named.namespace}/${named.name} is of type ${type}: no load balancer probes it.`, pointer);
  }
  const { destination } = question;
  if (source.service === undefined || destination === undefined) return service;
  const same = destination.service?.namespace === named.namespace && destination.service.name === named.name;
  if (same) return service;
  throw wrong(
    'A health check goes to the backends of its Service: leave the destination out, or name the same Service.',
    '/path/destination',
  );
}

function probedBackends(fabric: Fabric, balancer: Balancer, source: HealthCheckSource): readonly Backend[] {
  const { members, excluded } = balancer.backends;
  if (source.node === undefined) return members;
  requireNode(fabric.cluster, source.node, `${POINTER}/node`);
  const own = members.filter(({ node }) => node === source.node);
  if (own.length > 0) return own;
  const why = excluded.find(({ name }) => name === source.node)?.why ?? 'no pod of the Service is on it';
  const detail = `${source.node} is no backend of the load balancer of ${balancer.key}: ${why}.`;
  throw new QuestionError('INVALID_REQUEST', detail, [{ pointer: `${POINTER}/node`, detail }]);
}

/** What a health check is about: ports of the Service that are checked in the same way. */
interface CheckedPorts {
  readonly check: HealthCheck;
  /** The port of the Service that stands for them. */
  readonly port: AskedPort | undefined;
}

/** The different health checks of a load balancer: of the port that is named, or of all ports. */
function checksOf(balancer: Balancer, question: PathQuestion, source: HealthCheckSource): readonly CheckedPorts[] {
  const { port, portName } = question.destination?.service ?? {};
  const named = balancer.service.spec?.ports?.filter(
    (one) => (port === undefined || one.port === port) && (portName === undefined || one.name === portName),
  );
  const wanted = source.service?.port ?? undefined;
  const found = new Map<string, CheckedPorts>();
  for (const one of balancer.healthChecks) {
    if (wanted !== undefined && one.port !== wanted) continue;
    if (!named?.some((other) => other.port === one.port && (other.protocol ?? 'TCP') === one.protocol)) continue;
    const key = JSON.stringify(one.check);
    if (!found.has(key)) found.set(key, { check: one.check, port: { port: one.port, protocol: one.protocol } });
  }
  return found.size > 0 ? [...found.values()] : [{ check: balancer.healthCheck, port: undefined }];
}

function targetOf({ check, port }: CheckedPorts, backend: Backend): Target | undefined {
  if (backend.address === undefined) return undefined;
  const own = port?.port === undefined ? undefined : backend.ports?.get(port.port);
  const first = backend.kind === 'POD' ? [...(backend.ports?.values() ?? [])][0] : undefined;
  return {
    address: canonicalAddress(backend.address),
    port: own ?? first ?? check.port,
    protocol: 'TCP',
  };
}

/**
 * The journeys of a load balancer's probes: for each health check one to each backend (or to those on one node), each
 * of equal weight. What a probe finds is what its way comes to, and what answers there. Throws INVALID_REQUEST where
 * nobody probes.
 */
export function probeJourneys(
  fabric: Fabric,
  balancer: Balancer,
  source: HealthCheckSource,
  question: PathQuestion,
): readonly ClientJourney[] {
  const checks = checksOf(balancer, question, source).filter(({ check }) => check.protocol !== 'NONE');
  if (checks.length === 0) {
    const detail = `The load balancer of ${balancer.key} (${balancer.implementation.name}) probes nobody: ${
      balancer.healthCheck.answeredBy === 'ANNOUNCEMENT'
        ? 'who announces the address gets its connections'
        : 'every backend gets its connections'
    }.`;
    throw new QuestionError('INVALID_REQUEST', detail, [{ pointer: POINTER, detail }]);
  }
  const backends = probedBackends(fabric, balancer, source);
  fabric.noteAssumptions(balancer);
  if (backends.length === 0) {
    const detail =
      `the load balancer of ${balancer.key} has no backends ` + `(${balancer.backends.group}): nobody is probed`;
    const client = probing(fabric, balancer, undefined, '');
    return [{ client, journey: notSent(fabric, client, { verdict: 'UNREACHABLE', cause: 'NO_BACKENDS', detail }) }];
  }
  const all = checks.flatMap((checked) => {
    const own = backends.filter(
      ({ ports }) => checked.port?.port === undefined || (ports?.has(checked.port.port) ?? true),
    );
    return own.map((backend) => ({ checked, backend }));
  });
  const clientJourneys = all.flatMap(({ checked, backend }) => {
    const from = probeSource(fabric, checked.check) ?? balancer.probingAddress();
    const client = probing(fabric, balancer, from, backend.node);
    const target = targetOf(checked, backend);
    const journeys = target === undefined ? [withoutAddress(fabric, client, backend)] : travel(fabric, client, target);
    const shown = balancer.probe(backend, checked.port);
    const walked = outcomeOf(journeys);
    // Where nobody is reached, nothing answers, whatever would.
    const probe =
      walked.answered === 'NO' && shown.healthy ? { ...shown, healthy: false, detail: walked.detail } : shown;
    return weighted(journeys, fraction(1, all.length)).map((journey) => ({ journey, client, probe }));
  });
  fabric.noteAssumptions(balancer);
  return clientJourneys;
}

function probing(fabric: Fabric, balancer: Balancer, from: string | undefined, node: string): Client {
  return {
    ...outsideClient(fabric, from, node, POINTER),
    name: `health check of the load balancer of ${balancer.key}`,
  };
}

function withoutAddress(fabric: Fabric, client: Client, backend: Backend): Journey {
  const detail = `${backend.node} has no ${fabric.family} address in the snapshot`;
  return notSent(fabric, client, { verdict: 'UNKNOWN', cause: 'MISSING_DATA', detail });
}

function notSent(fabric: Fabric, client: Client, ending: Ending): Journey {
  const connection = { state: 'NEW', dnat: false, snat: false } as const;
  const { family } = fabric;
  const source = client.address ?? '';
  const packet = { family, protocol: 'TCP', source, destination: '', mark: 0, connection } as const;
  const trail = hostStep(hop(undefined, 'OUTSIDE', client.name), { action: 'RESOLVE', detail: ending.detail });
  return { chance: CERTAIN, packet, trail, ...ending };
}
