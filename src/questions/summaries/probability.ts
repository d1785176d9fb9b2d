import type { ProbabilityResult, ServiceProbability } from '../../contract/answers.js';
import { FAILS } from './path.js';
import { count, kindSentence, nounOf, percent, port, range, share, way } from './sentence-parts.js';

/** How a Service port fares, the worst first. */
export type Shape = 'LOST' | 'UNKNOWN' | 'UNEVEN' | 'EVEN';

const LOSSES = ['dropped', 'rejected', 'unreachable'] as const;

/** What is the matter with a Service port; EVEN where all is delivered and every endpoint gets the same. */
export function shapeOf(service: ServiceProbability): Shape {
  if (LOSSES.some((loss) => service[loss].fraction !== '0')) return 'LOST';
  if (service.unknown.fraction !== '0') return 'UNKNOWN';
  return service.imbalance === undefined || service.imbalance.fraction === '1' ? 'EVEN' : 'UNEVEN';
}

/** `2/3 time out (NO_LOCAL_ENDPOINTS)`, `all are refused (NO_ENDPOINTS)`; nothing where all is delivered. */
export function lossWords(service: ServiceProbability): string {
  return service.verdicts
    .filter(({ verdict, share: part }) => verdict !== 'DELIVERED' && part.fraction !== '0')
    .map(
      ({ verdict, cause, share: part }) =>
        `${part.fraction === '1' ? 'all' : share(part)} ${FAILS[verdict]}${cause === undefined ? '' : ` (${cause})`}`,
    )
    .join(', ');
}

function crossing({ crossZone }: ServiceProbability): string {
  return crossZone === undefined || crossZone.fraction === '0' ? '' : ` ${percent(crossZone)} of them cross a zone.`;
}

function one(service: ServiceProbability): string {
  const name = `${port(service.service)}${way(service.via)}`;
  const { endpoints } = service;
  const noun = service.omitted === undefined ? nounOf(endpoints) : 'endpoint';
  const total = endpoints.length + (service.omitted?.endpoints ?? 0);
  const shape = shapeOf(service);
  if (shape === 'LOST' || shape === 'UNKNOWN') {
    const head = shape === 'UNKNOWN' ? 'Not known' : service.delivered.fraction === '0' ? 'Lost' : 'Lost in part';
    const delivered =
      service.delivered.fraction === '0' ? '' : `, ${share(service.delivered)} are delivered to ${count(total, noun)}`;
    // Clients that are not modelled have no name.
    const from = service.unknown.fraction === '1' ? '' : ` from ${service.clients}`;
    return `${head}: of new connections to ${name}${from}, ${lossWords(service)}${delivered}.`;
  }
  if (total === 1) {
    const [only] = endpoints;
    const which = only?.pod ?? `${only?.address}:${only?.port}`;
    return (
      `One ${noun}: ${which} gets every new connection to ${name} from ` +
      `${service.clients}.${kindSentence(service.basis)}${crossing(service)}`
    );
  }
  if (endpoints.length === 0) return `Nothing: no connection to ${name} is made.`;
  const shares = range(endpoints.map(({ share: part }) => part));
  const whole =
    shape === 'EVEN'
      ? `Even: each of ${count(total, noun)} of ${name} gets ${shares}`
      : `Uneven: ${count(total, noun)} of ${name} get ${shares} each (1/${total} would be even)`;
  const { affinity, clients } = service;
  // Who has connected before does not draw again.
  const who =
    affinity === undefined
      ? `new connections from ${clients}`
      : `new clients, ${clients}; session affinity (${affinity.timeoutSeconds} s) keeps each with its ${noun}`;
  return `${whole} of ${who}.${kindSentence(service.basis)}${crossing(service)}`;
}

/** Services and shapes: each Service port once, with the worst that is the matter with it. */
function tally(services: readonly ServiceProbability[]): ReadonlyMap<Shape, number> {
  const order: readonly Shape[] = ['LOST', 'UNKNOWN', 'UNEVEN', 'EVEN'];
  const worst = new Map<string, Shape>();
  for (const service of services) {
    const name = `${port(service.service)}/${service.service.protocol ?? ''}`;
    const shape = shapeOf(service);
    const known = worst.get(name);
    if (known === undefined || order.indexOf(shape) < order.indexOf(known)) worst.set(name, shape);
  }
  const counts = new Map<Shape, number>(order.map((shape) => [shape, 0]));
  for (const shape of worst.values()) counts.set(shape, (counts.get(shape) ?? 0) + 1);
  return counts;
}

const verb = (number: number, single: string, plural: string) => `${number} ${number === 1 ? single : plural}`;

/** How new connections are spread: one Service port in words, many by what is the matter with them. */
export function probabilitySummary({ services }: ProbabilityResult): string {
  const [only] = services;
  if (only === undefined) return 'No Service has a port to ask about.';
  if (services.length === 1) return one(only);
  const counts = tally(services);
  const total = [...counts.values()].reduce((sum, number) => sum + number, 0);
  const [lost = 0, unknown = 0, uneven = 0, even = 0] = counts.values();
  const parts = [
    ...(lost === 0 ? [] : [verb(lost, 'loses connections', 'lose connections')]),
    ...(unknown === 0 ? [] : [verb(unknown, 'is not known', 'are not known')]),
    ...(uneven === 0 ? [] : [verb(uneven, 'is uneven', 'are uneven')]),
    ...(even === 0 ? [] : [verb(even, 'is even', 'are even')]),
  ];
  return `${count(total, 'Service port')}: ${parts.join(', ')}.`;
}
