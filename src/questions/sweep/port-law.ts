/** What a Service port gets at a number of replicas, without a walk of its own. */

import { equals } from '../../base/fraction.js';
import { remember } from '../../base/remember.js';
import type { Growth } from '../../changes/scale-points.js';
import type { Cluster } from '../../cluster/cluster.js';
import type { SweptShares } from '../../contract/answers.js';
import type { ProbabilityQuestion } from '../../contract/requests.js';
import { resolveDestination } from '../../path/destinations.js';
import type { Fabric } from '../../path/fabric.js';
import { weighted } from '../../path/trail.js';
import { type EntryClient, entryClients } from '../../probability/entry-clients.js';
import type { ProxyEndpoint } from '../../proxy/service-port.js';
import { clientJourneysOf } from '../path/answer-path.js';
import type { ServiceTargeted } from '../probability/asked-ports.js';
import type { GroupJourneys } from '../probability/walk-groups.js';
import { type Candidate, candidatesOf } from './pair-law/candidates.js';
import { type EntryPods, type Leaving, PairLaw } from './pair-law/pair-law.js';
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
  /** Who chooses among which endpoints; absent or undefined: not known. */
  entryPods?(): readonly EntryPods[] | undefined;
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
  /** Whether hints follow the number of endpoints (topology mode Auto): each point has its own. */
  readonly isHintedByNumber: boolean;
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
  isHintedByNumber,
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
  const likenesses = new Map(entries.map(({ node, likeness }) => [node, likeness]));
  const endpointsIn = (fabric: Fabric): readonly ProxyEndpoint[] | undefined => {
    const [own, ...others] = portsBehind(fabric, destination, first);
    return own === undefined || others.length > 0 ? undefined : fabric.program(first.node).services.endpointsOf(own);
  };
  const candidatesIn = (fabric: Fabric, endpoints = endpointsIn(fabric)) =>
    endpoints && candidatesOf(fabric, endpoints, (node) => likenesses.get(node) ?? `node ${node}`);
  const candidates = candidatesIn(most.fabric);
  if (candidates === undefined) return undefined;
  // Where hints come and go with the number, only walks of endpoints that have hints show whether nodes follow them.
  const hasHints = ({ zoneHints }: Candidate) => zoneHints.length > 0;
  const hintsWereSeen = candidates.every(hasHints);
  const { isThere } = least.point;
  const ofFew = isHintedByNumber ? candidatesIn(least.fabric) : candidates.filter(({ address }) => isThere(address));
  if (ofFew === undefined) return undefined;
  const law = PairLaw.shownBy(
    { entries, candidates, walk: walkIn(most.fabric, true) },
    { entries: few, candidates: ofFew, walk: walkIn(least.fabric, false) },
  );
  if (law === undefined) return undefined;
  const hinted = withHints(candidates);
  const sharesAt = (point: PointEndpoints, here: readonly EntryClient[]): PointShares | undefined => {
    if (!isHintedByNumber) return law.sharesOf(point.isThere, here);
    const fabric = fabricOf(point.cluster());
    const endpoints = endpointsIn(fabric);
    const own = hinted(endpoints) ?? candidatesIn(fabric, endpoints);
    if (own === undefined || (!hintsWereSeen && own.some(hasHints))) return undefined;
    return law.among(own).sharesOf(() => true, here);
  };
  // Who a load balancer sends to may follow where endpoints are; where clients are does not. Under policy Cluster it is
  // the same for each number where it is for the smallest and the largest.
  const { externalTrafficPolicy } = destination.target.service.spec ?? {};
  const isBalanced = destination.target.via === 'LOAD_BALANCER' || first.client().through !== undefined;
  const followsEndpoints = isBalanced && (externalTrafficPolicy === 'Local' || !sameEntries(entries, few));
  let last = entries;
  return {
    clientJourneys,
    law: {
      at: (point) => {
        const here = followsEndpoints
          ? entryClients(fabricOf(point.cluster()), question.clients, destination, last)
          : entries;
        last = here ?? last;
        return here === undefined ? undefined : sharesAt(point, here);
      },
    },
  };
}

function sameEntries(some: readonly EntryClient[], others: readonly EntryClient[]): boolean {
  if (some.length !== others.length) return false;
  return some.every(({ node, weight, likeness, zone }, index) => {
    const other = others[index] as EntryClient;
    return node === other.node && likeness === other.likeness && zone === other.zone && equals(weight, other.weight);
  });
}

/**
 * Finds the candidate of each endpoint, with the endpoint's own hints. Undefined where an endpoint has no candidate, or
 * is not ready.
 */
function withHints(
  candidates: readonly Candidate[],
): (endpoints: readonly ProxyEndpoint[] | undefined) => readonly Candidate[] | undefined {
  // By address: ids are made anew for each list of endpoints, and texts that are new are slow to look up.
  const places = new Map<string, number | Map<string, number>>();
  for (const [place, { id, address }] of candidates.entries()) {
    const others = places.get(address);
    if (others === undefined) places.set(address, place);
    else if (typeof others === 'number')
      places.set(
        address,
        new Map([
          [(candidates[others] as Candidate).id, others],
          [id, place],
        ]),
      );
    else others.set(id, place);
  }
  const placeOf = ({ id, address }: ProxyEndpoint): number | undefined => {
    const place = places.get(address);
    if (typeof place === 'object') return place.get(id);
    return place !== undefined && (candidates[place] as Candidate).id === id ? place : undefined;
  };
  const variants = new Map<Candidate, Map<string, Candidate>>();
  return (endpoints) => {
    if (endpoints === undefined) return undefined;
    const found: Candidate[] = [];
    for (const endpoint of endpoints) {
      const { ready, zoneHints, nodeHints } = endpoint;
      const place = placeOf(endpoint);
      if (place === undefined || !ready) return undefined;
      const like = candidates[place] as Candidate;
      const known = remember(variants, like, () => new Map<string, Candidate>());
      const [zone] = zoneHints;
      // Mostly it is one zone, whose name needs no text to be made.
      const isOneZone = zone !== undefined && zoneHints.length === 1 && nodeHints.length === 0;
      const hints = isOneZone ? zone : JSON.stringify([zoneHints, nodeHints]);
      found[place] = remember(known, hints, () => ({
        ...like,
        zoneHints,
        nodeHints,
      }));
    }
    // In the order of candidates, without the places of those that are not there.
    return found.filter((candidate) => candidate !== undefined);
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
