import type { IPFamily } from '../../base/address.js';
import { mapWithProgress } from '../../base/progress.js';
import { remember } from '../../base/remember.js';
import { FAMILIES } from '../../cluster/settings.js';
import type { PathVerdict, ProbabilityResult, ServiceProbability } from '../../contract/answers.js';
import type { ProbabilityQuestion } from '../../contract/requests.js';
import { publishedAs } from '../../load-balancers/addresses.js';
import { Fabric } from '../../path/fabric.js';
import type { WeightedClient } from '../../path/sources.js';
import type { Journey, KnownWay } from '../../path/trail.js';
import { addShare, NO_SHARE, type Share, ShareSum, sharesBy } from '../../probability/distribution.js';
import { probability } from '../chances.js';
import type { Door, DoorClient } from '../findings/door.js';
import { givenRules } from '../given-rules/given-rules.js';
import { modelAnswers } from '../load/load-answer.js';
import { type Offered, readTraffic, withSources } from '../load/offered.js';
import { balancing } from '../path/answer-path.js';
import type { Outcome, Prepared } from '../prepare.js';
import { basisOfAll } from '../share-basis.js';
import { requireWalkable } from '../walk-limits.js';
import { describeAffinity } from './affinity-answer.js';
import { type Asked, portsAsked } from './asked-ports.js';
import { balancerAnswer } from './balancer-answer.js';
import { crossings } from './crossings.js';
import { reachedEndpoints } from './endpoint-shares.js';
import { loadBehind } from './load-behind.js';
import { verdictShares } from './verdict-shares.js';
import { doorClients, headOf, walkClients } from './walked-clients.js';

function mass(journeys: readonly Journey[], verdict: PathVerdict): Share {
  const sum = new ShareSum();
  for (const journey of journeys) if (journey.verdict === verdict) sum.add(journey.chance);
  return sum.share;
}

function byName(shares: ReadonlyMap<string, Share>): readonly [string, Share][] {
  return [...shares].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
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
