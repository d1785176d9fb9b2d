/** Connections to one Service that reach endpoints of another: another one takes them before its rules do. */
import { formatFraction, isZero } from '../../base/fraction.js';
import { remember } from '../../base/remember.js';
import { canonicalEndpoint } from '../../path/known-endpoints.js';
import type { Receiver } from '../../path/trail.js';
import type { ProxyEndpoint } from '../../proxy/service-port.js';
import { type Door, type DoorOutcome, shareWhere } from './door.js';
import type { StateFinder, View } from './finders.js';
import { doorEvidence, doorText, finding, listed, MAX_LISTED, part } from './finding.js';
import { portsOf } from './service-facts.js';

const addressesOf = new WeakMap<readonly ProxyEndpoint[], ReadonlySet<string>>();

/** Addresses of a Service's endpoints, of all its ports: DNS names of headless Services lead to any port. */
function ownAddresses(view: View, key: string): readonly ReadonlySet<string>[] {
  return portsOf(view, key).map(({ port, services }) => {
    const endpoints = services.endpointsOf(port);
    return remember(
      addressesOf,
      endpoints,
      () => new Set(endpoints.map((endpoint) => canonicalEndpoint(endpoint).address)),
    );
  });
}

/** Services beside this one that an endpoint is of. */
function othersWith({ cluster }: View, own: string, { address, port }: Receiver): readonly string[] {
  const lists = (key: string) =>
    cluster
      .slicesOf(key)
      .some(
        ({ endpoints, ports }) =>
          ports?.some((one) => one.port === port) && endpoints?.some(({ addresses }) => addresses.includes(address)),
      );
  return [...cluster.services.keys()].filter((key) => key !== own && lists(key)).sort();
}

function ofDoor(view: View, door: Door) {
  const { service } = door;
  if (service === undefined || door.from.every(({ reachesOwnAlone }) => reachesOwnAlone)) return [];
  const key = `${service.namespace}/${service.name}`;
  const own = ownAddresses(view, key);
  // Nothing translates connections to a Service without rules.
  if (own.length === 0) return [];
  const isForeign = ({ verdict, receiver }: DoorOutcome) =>
    verdict === 'DELIVERED' && receiver?.endpoint === true && !own.some((known) => known.has(receiver.address));
  const foreign = door.from.flatMap(({ outcomes }) => outcomes.filter(isForeign));
  const share = shareWhere(door, isForeign);
  const others = [
    ...new Set(foreign.flatMap(({ receiver }) => (receiver === undefined ? [] : othersWith(view, key, receiver)))),
  ];
  if (isZero(share) || others.length === 0) return [];
  const message = `${part(share)} to ${doorText(door)} reach endpoints of ${listed(others)} instead of its own.`;
  return [
    finding('OTHER_SERVICE_REACHED', message, {
      ...doorEvidence(door),
      share: formatFraction(share),
      services: others.slice(0, MAX_LISTED),
    }),
  ];
}

/** Connections that are delivered, but to endpoints of other Services alone. */
export const otherServicesReached: StateFinder = (view) => view.doors.flatMap((door) => ofDoor(view, door));
