/** What a Service port gets at a number of replicas, without a walk of its own. */
import type { Growth } from '../../changes/scale-points.js';
import type { Cluster } from '../../cluster/cluster.js';
import type { SweptShares } from '../../contract/answers.js';
import type { ProbabilityQuestion } from '../../contract/requests.js';
import { ANNOTATIONS_OF_HINTS } from '../../control-plane/topology-hints.js';
import { resolveDestination } from '../../path/destinations.js';
import type { Fabric } from '../../path/fabric.js';
import { weighted } from '../../path/trail.js';
import { type EntryClient, entryClients } from '../../probability/entry-clients.js';
import { clientJourneysOf } from '../path/answer-path.js';
import type { ServiceTargeted } from '../probability/asked-ports.js';
import type { GroupJourneys } from '../probability/walked-clients.js';
import { candidatesOf, type Leaving, PairLaw } from './pair-law.js';
import { tallyOf } from './tally.js';

/** The endpoints of one point. */
export interface PointEndpoints {
  isThere(address: string): boolean;
  /** A cluster with these endpoints. */
  cluster(): Cluster;
}

/** Shares of a point, and, where entries choose among different endpoints, what leaves their nodes and zones. */
interface PointShares {
  readonly shares: SweptShares;
  readonly leaving?: Leaving;
}

export interface PortLaw {
  /** Undefined where the law does not say it: then the point has to be walked. */
  at(point: PointEndpoints): PointShares | undefined;
}

/** A cluster at the largest or the smallest number, and how a fabric is made of it. */
interface LawSide {
  readonly fabric: Fabric;
  readonly point: PointEndpoints;
}

/** How the law of pairs is looked for. */
export interface LawQuestion {
  readonly destination: ServiceTargeted;
  readonly question: ProbabilityQuestion;
  readonly most: LawSide;
  readonly least: LawSide;
  readonly growth: Growth;
  /** A fabric for who the clients are at a point, which walks nothing. */
  fabricOf(cluster: Cluster): Fabric;
}

/**
 * The law of a Service port whose entries choose among different endpoints, and the entries that were walked for it;
 * undefined where none holds. Throws QuestionError as `probability` does.
 */
export function pairLaw({
  destination,
  question,
  most,
  least,
  fabricOf,
}: LawQuestion): { readonly law: PortLaw; readonly clientJourneys: readonly GroupJourneys[] } | undefined {
  const clientJourneys: GroupJourneys[] = [];
  const walkIn = (fabric: Fabric, noted: boolean) => (entry: EntryClient) => {
    const client = entry.client();
    const journeys = clientJourneysOf(fabric, client, destination);
    if (noted) clientJourneys.push({ client, weight: entry.weight, journeys: weighted(journeys, entry.weight) });
    return tallyOf(fabric, journeys);
  };
  const entriesOf = (fabric: Fabric) => entryClients(fabric, question.clients, destination);
  const entries = entriesOf(most.fabric);
  const few = entriesOf(least.fabric);
  if (entries === undefined || few === undefined) return undefined;
  const [first] = entries;
  const ports = first === undefined ? [] : portsBehind(most.fabric, destination, first);
  const [port] = ports;
  if (first === undefined || port === undefined || ports.length !== 1) return undefined;
  // Topology mode Auto gives hints by the number of endpoints: those of the largest number are not those of others.
  const { annotations } = destination.target.service.metadata;
  if (ANNOTATIONS_OF_HINTS.some((name) => annotations?.[name] !== undefined)) return undefined;
  const { services } = most.fabric.program(first.node);
  const likenesses = new Map(entries.map(({ node, likeness }) => [node, likeness]));
  const candidates = candidatesOf(
    most.fabric,
    services.endpointsOf(port),
    (node) => likenesses.get(node) ?? `node ${node}`,
  );
  if (candidates === undefined) return undefined;
  const law = PairLaw.shownBy(
    candidates,
    { entries, walk: walkIn(most.fabric, true) },
    { entries: few, isThere: least.point.isThere, walk: walkIn(least.fabric, false) },
  );
  if (law === undefined) return undefined;
  const balanced = destination.target.via === 'LOAD_BALANCER' || first.client().through !== undefined;
  let last = entries;
  return {
    clientJourneys,
    law: {
      at: (point) => {
        // Who a load balancer sends to may follow where endpoints are; where clients are does not.
        const here = balanced ? entryClients(fabricOf(point.cluster()), question.clients, destination, last) : entries;
        last = here ?? last;
        return here === undefined ? undefined : law.sharesOf(point.isThere, here);
      },
    },
  };
}

/** The Service ports that an entry's connections are for. */
function portsBehind(fabric: Fabric, destination: ServiceTargeted, entry: EntryClient) {
  const client = entry.client();
  const { targets } = resolveDestination(fabric, destination, client);
  const [only] = targets;
  if (targets.length !== 1 || only?.target.port === undefined) return [];
  const { protocol, address, port } = only.target;
  return fabric.expectFor(entry.node, protocol, address, port);
}
