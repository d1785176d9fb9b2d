/** The Service ports that a question is about. */
import { addressOf, type IPFamily } from '../../base/address.js';
import { QuestionError } from '../../base/errors.js';
import type { Cluster } from '../../cluster/cluster.js';
import type { Service } from '../../cluster/objects.js';
import { FAMILIES } from '../../cluster/settings.js';
import type { ProbabilityQuestion, ServiceDestination, TransportProtocol } from '../../contract/requests.js';
import { isBalanced, publishedAs } from '../../load-balancers/balancer-addresses.js';
import type { Destination } from '../../path/destinations.js';
import {
  checkServiceSpec,
  isHeadless,
  type ServiceTarget,
  serviceFamilies,
  targetOfService,
} from '../../path/service-target.js';

/** A Service as a destination. */
export type ServiceTargeted = Extract<Destination, { kind: 'SERVICE' }>;

export interface Asked {
  /** What names it on both sides of a change: what was asked, and which of several alike. */
  readonly place: string;
  readonly destination: ServiceTargeted;
}

/** A Service destination before its names are checked; the protocol tells ports of one number apart. */
export interface Wanted {
  readonly service: ServiceDestination;
  readonly protocol: TransportProtocol | undefined;
  /** The Service of the cluster, where it is known. */
  readonly found?: Service;
}

/** Every port of these Services, only those of one protocol where it is given. */
export function everyPort(services: Iterable<Service>, asked: TransportProtocol | undefined): readonly Wanted[] {
  const all: { readonly wanted: Wanted; readonly name: string }[] = [];
  for (const service of services) {
    if (service.spec?.type === 'ExternalName') continue;
    if (!service.spec?.clusterIP && !isHeadless(service)) continue;
    const { name, namespace = 'default' } = service.metadata;
    for (const port of service.spec?.ports ?? []) {
      const protocol = (port.protocol ?? 'TCP') as TransportProtocol;
      if (asked !== undefined && protocol !== asked) continue;
      const own: { -readonly [Key in keyof ServiceDestination]: ServiceDestination[Key] } = { namespace, name };
      // Of a headless Service's only port those are meant who know the endpoints' own.
      if (!isHeadless(service) || port.name) own.port = port.port;
      if (port.name !== undefined) own.portName = port.name;
      all.push({ wanted: { service: own, protocol, found: service }, name: `${namespace}/${name}:${port.name ?? ''}` });
    }
  }
  all.sort(({ name: a }, { name: b }) => (a < b ? -1 : a > b ? 1 : 0));
  return all.map(({ wanted }) => wanted);
}

/** The Services that a load balancer has an address or a name for. */
function balancedServices(cluster: Cluster): readonly Service[] {
  return [...cluster.services.values()].filter(
    (service) =>
      isBalanced(service, cluster) &&
      ((service.status?.loadBalancer?.ingress ?? []).length > 0 || publishedAs(service, cluster) !== undefined),
  );
}

function askedAbout(cluster: Cluster, question: ProbabilityQuestion): readonly Asked[] {
  const { services, protocol } = question;
  const balanced = question.clients?.loadBalancer !== undefined;
  const asked: readonly Wanted[] =
    services?.map((service) => ({ service, protocol })) ??
    everyPort(balanced ? balancedServices(cluster) : cluster.services.values(), protocol);
  const wanted: readonly Wanted[] = !balanced
    ? asked
    : asked.map(({ service, ...rest }) => ({ service: { via: 'LOAD_BALANCER' as const, ...service }, ...rest }));
  const counts = new Map<string, number>();
  const placeOf = (target: ServiceTarget): string => {
    const { key, port, portNumber, protocol, via, node, address } = target;
    const name = `${key} ${port?.name ?? portNumber} ${protocol} ${via} ${node ?? ''} ${address ?? ''}`;
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    return `${name} ${count}`;
  };
  return wanted.map(({ service, protocol, found }, index) => {
    const pointer = `/probability/services/${index}`;
    const target =
      found === undefined
        ? checkServiceSpec(cluster, service, protocol, pointer)
        : targetOfService(cluster, found, service, protocol, pointer);
    return { place: placeOf(target), destination: { kind: 'SERVICE', target } };
  });
}

/** A Service port that is asked about, and the families of it. */
export interface AskedPort extends Asked {
  readonly families: readonly IPFamily[];
}

/**
 * What a question is about, in the order in which it is answered. Throws QuestionError for names and values that are
 * wrong.
 */
export function portsAsked(cluster: Cluster, question: ProbabilityQuestion): readonly AskedPort[] {
  // A client outside has an address of one family: its own, where the Service has that and the question names none.
  const outside = addressOf(question.clients?.external?.address ?? '')?.family;
  return askedAbout(cluster, question).map((asked) => {
    const { destination } = asked;
    const has = serviceFamilies(cluster, destination.target);
    const wanted = question.families ?? (outside !== undefined && has.includes(outside) ? [outside] : FAMILIES);
    const families = FAMILIES.filter((family) => has.includes(family) && wanted.includes(family));
    if (families.length === 0 && question.services !== undefined) {
      throw new QuestionError(
        'INVALID_REQUEST',
        `Service ${destination.target.key} has none of the families asked for.`,
        [{ pointer: '/probability/families', detail: `It has ${has.join(' and ') || 'no address'}.` }],
      );
    }
    return { place: asked.place, destination, families };
  });
}
