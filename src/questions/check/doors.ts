/** The doors that a Service has, and the usual clients that come through each. */

import type { IPFamily } from '../../base/address.js';
import { addressOf } from '../../base/address.js';
import { QuestionError } from '../../base/errors.js';
import type { Cluster } from '../../cluster/cluster.js';
import type { Service } from '../../cluster/objects.js';
import type { CheckClients, ServiceProbability } from '../../contract/answers.js';
import { ENUMS } from '../../contract/gen/types.js';
import type { Clients, ProbabilityQuestion, ServiceDestination, Via } from '../../contract/requests.js';
import { publishedAs } from '../../load-balancers/balancer-addresses.js';
import { serviceFamiliesOf } from '../../load-balancers/service-families.js';
import { probedBalancer } from '../../path/probed-balancer.js';
import { isHeadless } from '../../path/service-target.js';
import type { Door } from '../findings/door.js';
import { hasCapacity, readTraffic, type Traffic } from '../load/offered.js';
import { risksOf } from '../load/risks.js';
import type { Outcome, Prepared } from '../prepare.js';
import { answerProbability } from '../probability/answer-probability.js';

/** One way in, with those who take it. */
export interface DoorQuestion {
  readonly clients: CheckClients;
  readonly destination: ServiceDestination;
}

const CLIENTS: Readonly<Record<CheckClients, Clients>> = {
  PODS: { nodes: { from: 'POD' } },
  HOSTS: { nodes: { from: 'HOST' } },
  OUTSIDE: { external: {} },
};

export interface Wanted {
  readonly clients: readonly CheckClients[];
  /** Undefined: all that somebody uses. */
  readonly vias: readonly Via[] | undefined;
  readonly families: readonly IPFamily[] | undefined;
  /** So much through each door by itself. */
  readonly load?: DoorLoad | undefined;
}

/** The traffic of a check, and what it needs beside. */
export interface DoorLoad {
  readonly traffic: Traffic;
  /** Where the traffic is in the request. */
  readonly at: string;
  /** The moment at which losses and roll-outs are tried, milliseconds since 1970. */
  readonly moment: number;
}

/** Throws INVALID_REQUEST for traffic that contradicts itself, or that does not go with doors. */
export function requireDoorTraffic(traffic: Traffic, at: string): void {
  for (const field of ['sources', 'models'] as const) {
    if (traffic[field] === undefined) continue;
    const detail = 'Each door has its own clients here: ask probability.';
    throw new QuestionError('INVALID_REQUEST', detail, [{ pointer: `${at}/${field}`, detail }]);
  }
  readTraffic(traffic, at);
}

/** The doors of an answer, with what losses and roll-outs leave too little of. */
function withRisks(
  prepared: Prepared,
  question: ProbabilityQuestion,
  { doors, result }: Outcome<{ readonly services: readonly ServiceProbability[] }>,
  { traffic, at, moment }: DoorLoad,
): readonly Door[] {
  const offered = readTraffic(traffic, at);
  if (!hasCapacity(offered)) return doors;
  return doors.map((door, index) => {
    const ask = (state: Prepared, asked: ProbabilityQuestion) => {
      try {
        return answerProbability(state, asked, at).result.services[index];
      } catch (error) {
        if (error instanceof QuestionError) return undefined;
        throw error;
      }
    };
    const own = result.services[index];
    const risks = own === undefined ? [] : risksOf(prepared, question, own, offered.maxChance, moment, ask);
    return risks.length === 0 ? door : { ...door, risks };
  });
}

/** The addresses, each once, as they are written. */
function addresses(texts: readonly (string | undefined)[]): readonly string[] {
  const found = new Map(texts.flatMap((text) => (text && addressOf(text) ? [[addressOf(text)?.text, text]] : [])));
  return [...found.values()] as string[];
}

/**
 * The doors of one port: cluster IP or name from within, node port, external and load balancer addresses from outside.
 */
function doorsOfPort(
  cluster: Cluster,
  service: Service,
  destination: ServiceDestination,
  nodePort: number | undefined,
): DoorQuestion[] {
  const { spec, status } = service;
  const ingress = status?.loadBalancer?.ingress ?? [];
  const door = (clients: CheckClients, via: Via, address?: string): DoorQuestion => ({
    clients,
    destination: { ...destination, via, ...(address === undefined ? {} : { address }) },
  });
  const inside: Via | undefined = isHeadless(service) ? 'DNS' : spec?.clusterIP ? 'CLUSTER_IP' : undefined;
  const balanced = addresses(ingress.map(({ ip }) => ip));
  return [
    ...(inside === undefined ? [] : [door('PODS', inside), door('HOSTS', inside)]),
    ...(nodePort ? [door('OUTSIDE', 'NODE_PORT')] : []),
    ...addresses(spec?.externalIPs ?? []).map((address) => door('OUTSIDE', 'EXTERNAL_IP', address)),
    ...balanced.map((address) => door('OUTSIDE', 'LOAD_BALANCER', address)),
    ...(balanced.length === 0 && publishedAs(service, cluster) !== undefined ? [door('OUTSIDE', 'LOAD_BALANCER')] : []),
  ];
}

const VIAS: readonly Via[] = ENUMS.Via;

/**
 * Whether somebody is meant to use the node ports of a Service: its load balancer does, or it has none that is known.
 */
function usesNodePorts(service: Service, { cluster, settings }: Prepared): boolean {
  if (service.spec?.type !== 'LoadBalancer') return true;
  const [family = 'IPv4'] = serviceFamiliesOf(service);
  const balancer = probedBalancer(cluster, settings, family, service);
  return !balancer.isKnown || balancer.usesNodePorts;
}

/** Every door of a Service that is wanted. An ExternalName has none: its name leads out of the cluster. */
export function doorsOf(service: Service, wanted: Wanted, prepared: Prepared): readonly DoorQuestion[] {
  const { name, namespace = 'default' } = service.metadata;
  if (service.spec?.type === 'ExternalName') return [];
  const ports = service.spec?.ports ?? [];
  // Node ports that the Service's load balancer never uses are asked about where the request names them.
  const unused = wanted.vias === undefined && !usesNodePorts(service, prepared);
  return ports
    .flatMap((port) => {
      // Of a headless Service's only port those are meant who know the endpoints' own.
      const number = isHeadless(service) ? {} : { port: port.port };
      const which = port.name ? { portName: port.name } : number;
      return doorsOfPort(prepared.cluster, service, { namespace, name, ...which }, port.nodePort);
    })
    .filter(({ clients, destination }) => {
      if (destination.via === 'NODE_PORT' && unused) return false;
      return wanted.clients.includes(clients) && (wanted.vias ?? VIAS).includes(destination.via as Via);
    });
}

/** What became of the question about one door, family by family; or why it cannot be asked. */
export interface AskedDoor {
  readonly question: DoorQuestion;
  readonly outcome?: Outcome<{ readonly services: readonly ServiceProbability[] }>;
  readonly why?: string;
  /** Whether it cannot be asked because something is not modelled: then nothing is known of it. */
  readonly unsupported?: boolean;
}

/**
 * Asks about one door. What is wrong with this door alone (no address in the family, no client there) is reported, not
 * thrown.
 */
export function askDoor(prepared: Prepared, question: DoorQuestion, wanted: Wanted): AskedDoor {
  try {
    const { load } = wanted;
    const asked: ProbabilityQuestion = {
      services: [question.destination],
      clients: CLIENTS[question.clients],
      ...(wanted.families === undefined ? {} : { families: wanted.families }),
      ...(load === undefined ? {} : { traffic: load.traffic }),
    };
    const outcome = answerProbability(prepared, asked, load?.at);
    const found = load === undefined ? outcome.doors : withRisks(prepared, asked, outcome, load);
    // The same way has the same name on both sides, whoever takes it.
    const doors = found.map((door): Door => ({ ...door, id: `${question.clients} ${door.id}` }));
    return { question, outcome: { ...outcome, doors } };
  } catch (error) {
    if (!(error instanceof QuestionError)) throw error;
    const [problem] = error.problems;
    const unsupported = error.code === 'UNSUPPORTED' ? { unsupported: true } : {};
    return { question, why: problem?.detail ?? error.message, ...unsupported };
  }
}
