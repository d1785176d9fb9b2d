import type { IPFamily } from '../../base/address.js';
import { mapWithProgress } from '../../base/progress.js';
import { FAMILIES } from '../../cluster/settings.js';
import type { ProbabilityResult, ServiceProbability } from '../../contract/answers.js';
import type { ProbabilityQuestion } from '../../contract/requests.js';
import { publishedAs } from '../../load-balancers/balancer-addresses.js';
import { Fabric, type FabricOptions } from '../../path/fabric.js';
import { addShare, NO_SHARE } from '../../probability/distribution.js';
import type { Door } from '../findings/door.js';
import { givenRules } from '../given-rules/given-rules.js';
import { waysOf } from '../known-ways.js';
import type { LargeLimits } from '../large-ports/large-port.js';
import { modelAnswers } from '../load/models.js';
import { type Offered, placedInSources, readTraffic, withSources } from '../load/offered.js';
import { balancing } from '../path/answer-path.js';
import type { Outcome, Prepared } from '../prepare.js';
import { endpointCount, requireWalkableCounts } from '../walk-limits.js';
import { type Asked, portsAsked, type ServiceTargeted } from './asked-ports.js';
import { balancerAnswer } from './balancer-answer.js';
import { isLargeTarget, largeOutcome, refuseLoad } from './large-outcome.js';
import { loadBehind } from './load-behind.js';
import { PortKinds } from './port-kind.js';
import { PortLaws } from './port-law.js';
import { mass, type PortOutcome, walkedOutcome } from './port-outcome.js';
import { headOf, type Walked, walkClients } from './walked-clients.js';

/** The fabric of one family and what is known of its Service ports. */
interface Side {
  readonly fabric: Fabric;
  /** What the fabric was made with. */
  readonly options: FabricOptions;
  /** How many endpoints are followed of a port with very many; absent: each. */
  readonly large: LargeLimits | undefined;
  readonly kinds: PortKinds;
  readonly laws: PortLaws;
}

/** What is asked, with how many endpoints its Service has. */
interface Counted extends Asked {
  readonly count: number;
}

const NO_JOURNEYS: Walked['journeys'] = [];

/** What clients of a destination come to, and who they are: by law where a port of the same kind was walked before. */
function outcomeOf(
  prepared: Prepared,
  { fabric, options, kinds, laws, large }: Side,
  question: ProbabilityQuestion,
  { destination, count }: Counted,
): PortOutcome & Pick<Walked, 'groups' | 'clients' | 'journeys'> & { readonly address?: string } {
  const isLarge = large !== undefined && isLargeTarget(destination, count, large);
  const ofMany = isLarge ? largeOutcome(fabric, options, question, destination, large) : undefined;
  if (ofMany !== undefined) return ofMany;
  const plain = kinds.plain(destination);
  const known = plain === undefined ? undefined : laws.outcome(destination, plain);
  if (plain !== undefined && known !== undefined) {
    const { shares, from, zoneShares } = known;
    const { groups, clients, address } = plain;
    return { shares, from, zoneShares, groups, clients, address, journeys: NO_JOURNEYS };
  }
  const { value, assumed } = fabric.assumptions.recording(() => {
    const walked = walkClients(fabric, question, destination);
    return { walked, outcome: walkedOutcome(prepared, fabric, destination, walked) };
  });
  const { walked, outcome } = value;
  if (plain !== undefined) laws.learn(plain, walked, outcome, assumed);
  return { ...outcome, ...walked };
}

/** The load balancer on the way of a destination's clients. */
function throughField(
  fabric: Fabric,
  { target }: ServiceTargeted,
  { groups, journeys }: Pick<Walked, 'groups' | 'journeys'>,
): Pick<ServiceProbability, 'loadBalancer'> {
  const client = groups[0]?.client;
  if (client?.through === undefined) return {};
  const lost = (['DROPPED', 'UNREACHABLE'] as const).reduce(
    (sum, verdict) => addShare(sum, mass(journeys, verdict)),
    NO_SHARE,
  );
  const port = { port: target.portNumber, protocol: target.protocol };
  return { loadBalancer: balancerAnswer(fabric, client.through.balancer, client, lost, port) };
}

function answerOne(
  prepared: Prepared,
  side: Side,
  question: ProbabilityQuestion,
  asked: Counted,
  offered: Offered | undefined,
): { readonly result: ServiceProbability; readonly door: Door } {
  const { fabric } = side;
  const { destination, place } = asked;
  const outcome = outcomeOf(prepared, side, question, asked);
  const { from, zoneShares } = outcome;
  // Assigned: adding fields to a spread object takes V8 many times as long, and every port has an answer.
  const result: ServiceProbability = Object.assign(
    headOf(fabric, destination, outcome),
    throughField(fabric, destination, outcome),
    outcome.shares,
  );
  if (offered !== undefined && result.omitted !== undefined) refuseLoad(destination);
  const loaded = offered === undefined ? undefined : loadBehind(prepared, result, from, offered);
  const { via, service } = destination.target;
  const named = via === 'LOAD_BALANCER' ? publishedAs(service, fabric.cluster) : undefined;
  return {
    result: loaded === undefined ? result : { ...result, load: loaded },
    door: doorOf(result, { id: `${place} ${fabric.family}`, from, zoneShares, publishedAs: named, load: loaded }),
  };
}

/** What findings are made of. */
function doorOf(
  result: ServiceProbability,
  rest: Pick<Door, 'id' | 'from' | 'zoneShares' | 'publishedAs' | 'load'>,
): Door {
  const { service, via, family, destination, clients, endpoints, verdicts, imbalance, affinity } = result;
  const { id, from, zoneShares, publishedAs, load } = rest;
  const door = {
    id,
    service,
    via,
    family,
    destination,
    clients,
    endpoints,
    verdicts,
    imbalance,
    affinity: affinity?.timeoutSeconds ?? 0,
    from,
    zoneShares,
    publishedAs,
  };
  return load === undefined ? door : { ...door, load };
}

/**
 * How likely is each pod hit? Throws QuestionError for names and values that are wrong. `at`: where the traffic is in
 * the request. `large`: how many endpoints are followed and listed of a Service port with very many; absent where
 * the answer is compared with another.
 */
export function answerProbability(
  prepared: Prepared,
  given: ProbabilityQuestion,
  at = '/probability/traffic',
  large?: LargeLimits,
): Outcome<ProbabilityResult> {
  return placedInSources(prepared.cluster, given, at, () => answerAsked(prepared, given, at, large));
}

function answerAsked(
  prepared: Prepared,
  given: ProbabilityQuestion,
  at: string,
  large: LargeLimits | undefined,
): Outcome<ProbabilityResult> {
  const { cluster, settings } = prepared;
  const offered = given.traffic === undefined ? undefined : readTraffic(given.traffic, at);
  const question = withSources(cluster, given, at);
  const options = balancing(prepared, question.phase);
  const sides = new Map<IPFamily, Side>(
    FAMILIES.map((family) => {
      const own = {
        ...givenRules(prepared, question, family, 'probability'),
        ...options,
        ways: waysOf(prepared, family, question.phase),
      };
      const fabric = new Fabric(cluster, settings, family, own);
      return [
        family,
        { fabric, options: own, large, kinds: new PortKinds(fabric, question), laws: new PortLaws(fabric) },
      ];
    }),
  );
  const ports = portsAsked(cluster, question).flatMap(({ destination, place, families }) => {
    const count = endpointCount(cluster, destination.target.key);
    return families.map((family) => ({ destination, place, count, side: sides.get(family) as Side }));
  });
  requireWalkableCounts(
    ports
      .filter(({ destination, count }) => large === undefined || !isLargeTarget(destination, count, large))
      .map(({ destination, count }) => ({ key: destination.target.key, count })),
    '/probability/services',
  );
  const answers = mapWithProgress(ports, 'Service port', (port) =>
    answerOne(prepared, port.side, question, port, offered),
  );
  return {
    result: {
      services: answers.map(({ result }) => result),
      ...(question.traffic?.models === undefined ? {} : { models: modelAnswers(question.traffic) }),
    },
    assumptions: [...sides.values()].flatMap(({ fabric }) => fabric.assumptions.all()),
    services: [...new Set(ports.map(({ destination }) => destination.target.key))],
    doors: answers.map(({ door }) => door),
  };
}
