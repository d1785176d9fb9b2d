/** Session affinity: that it is there, that it comes or goes, and that it breaks. */
import { joinHostPort } from '../../base/address.js';
import { add, type Fraction, formatFraction, isZero, multiply, ZERO } from '../../base/fraction.js';
import type { Finding } from '../../contract/answers.js';
import { isBalanced } from '../../load-balancers/balancer-addresses.js';
import { probedBalancer } from '../../path/probed-balancer.js';
import type { ServicePort } from '../../proxy/service-port.js';
import { clientPairs, type DoorPair, doorPairs, partWhere } from './client-pairs.js';
import type { DoorOutcome } from './door.js';
import type { DifferenceFinder, StateFinder, View } from './finders.js';
import {
  doorEvidence,
  doorText,
  finding,
  findingWhenRead,
  listed,
  MAX_LISTED,
  partOf,
  portEvidence,
  portText,
} from './finding.js';
import { everyPortOf, portPairs, refOf } from './service-facts.js';

/** What is said of the affinity of a Service port. */
function affinityOf(view: View, port: ServicePort): Pick<Finding, 'message' | 'evidence'> {
  const service = view.cluster.services.get(port.service);
  const pastNodes =
    service !== undefined &&
    isBalanced(service, view.cluster) &&
    probedBalancer(view.cluster, view.settings, port.family, service).sendsToPods;
  const message =
    `${portText(refOf(port))} has session affinity: a client address stays with its endpoint until it has made no ` +
    `connection for ${port.stickyMaxAge} s. Each node keeps that for itself, so that a client that comes over ` +
    'another node draws anew.' +
    (pastNodes
      ? ' It does not apply to what comes through its load balancer, which sends to pods, past the nodes.'
      : '');
  return { message, evidence: { ...portEvidence(refOf(port), port.family), timeoutSeconds: port.stickyMaxAge } };
}

/** Service ports with session affinity. */
export const affinities: StateFinder = (view) =>
  everyPortOf(view)
    .filter(({ port }) => port.stickyMaxAge !== 0)
    .map(({ port }) => findingWhenRead('SESSION_AFFINITY', () => affinityOf(view, port)));

/** Session affinity that comes, goes, or lasts another time. */
export const affinityDifferences: DifferenceFinder = (before, after) =>
  portPairs(before, after).flatMap((pair) => {
    const [was, is] = [pair.before.port.stickyMaxAge, pair.after.port.stickyMaxAge];
    if (was === is) return [];
    const { port } = pair.after;
    const name = portText(refOf(port));
    const evidence = { ...portEvidence(refOf(port), port.family), timeoutSeconds: { before: was, after: is } };
    if (is === 0) {
      const message = `${name} no longer has session affinity: each connection draws an endpoint anew.`;
      return [finding('AFFINITY_REMOVED', message, evidence)];
    }
    if (was === 0) {
      return [finding('AFFINITY_ADDED', `${name} has session affinity now, for ${is} s.`, evidence)];
    }
    return [
      finding('AFFINITY_TIMEOUT_CHANGED', `The session affinity of ${name} lasts ${is} s; it was ${was} s.`, evidence),
    ];
  });

const idOf = ({ receiver }: DoorOutcome) =>
  receiver === undefined ? undefined : joinHostPort(receiver.address, receiver.port ?? 0);

/** Of the clients that have an endpoint by affinity: those that it takes no more connections of. */
function brokenPart({ before, after }: DoorPair): { readonly share: Fraction; readonly endpoints: readonly string[] } {
  let share = ZERO;
  const endpoints = new Set<string>();
  for (const pair of clientPairs(before, after)) {
    const now = new Set(pair.after.outcomes.filter(({ verdict }) => verdict === 'DELIVERED').map(idOf));
    const isBroken = (outcome: DoorOutcome) => outcome.verdict === 'DELIVERED' && !now.has(idOf(outcome));
    const part = partWhere(pair.before, isBroken);
    if (isZero(part)) continue;
    share = add(share, multiply(pair.weight, part));
    for (const outcome of pair.before.outcomes) if (isBroken(outcome)) endpoints.add(idOf(outcome) ?? '');
  }
  return { share, endpoints: [...endpoints].sort() };
}

/** Clients whose endpoint is no longer one for them, where there is affinity on both sides. */
export const affinityBroken: DifferenceFinder = (before, after) =>
  doorPairs(before.doors, after.doors).flatMap((pair) => {
    if (pair.before.affinity === 0 || pair.after.affinity === 0) return [];
    const { share, endpoints } = brokenPart(pair);
    if (isZero(share)) return [];
    const message =
      `${partOf(share)} of the clients that affinity keeps with an endpoint of ${doorText(pair.after)} ` +
      `are sent elsewhere: those of ${listed(endpoints)}.`;
    return [
      finding('AFFINITY_BROKEN', message, {
        ...doorEvidence(pair.after),
        share: formatFraction(share),
        endpoints: endpoints.slice(0, MAX_LISTED),
      }),
    ];
  });
