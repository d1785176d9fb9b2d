/** What load balancers do for a Service, as text to be compared: what is computed, not what it is computed from. */
import type { IPFamily } from '../../base/address.js';
import { formatFraction } from '../../base/fraction.js';
import type { Service } from '../../cluster/objects.js';
import { FAMILIES } from '../../cluster/settings.js';
import type { Balancer } from '../../load-balancers/balancer.js';
import type { Backend, Forwarded } from '../../load-balancers/implementation.js';
import { serviceFamiliesOf } from '../../load-balancers/service-families.js';
import { probedBalancer } from '../../path/probed-balancer.js';
import { DEFAULT_OUTSIDE } from '../../path/sources.js';
import type { Prepared } from '../prepare.js';

type Side = Pick<Prepared, 'cluster' | 'settings'>;

function backendText(balancer: Balancer, backend: Backend): unknown {
  const { kind, node, address, zone, ports, pod } = backend;
  return [kind, node, address, zone, pod, [...(ports ?? [])], balancer.isLocalOn(node)];
}

/** What a backend of each kind gets of a connection to each port; that of the others follows from their addresses. */
function forwarded(balancer: Balancer, family: IPFamily): readonly unknown[] {
  const { members } = balancer.backends;
  const [first] = members;
  const last = members[members.length - 1];
  if (first === undefined || last === undefined) return [];
  const [source, destination] = [DEFAULT_OUTSIDE[family], DEFAULT_OUTSIDE[family]];
  return (balancer.service.spec?.ports ?? []).flatMap(({ port, protocol = 'TCP' }) =>
    [first, last].map((backend): Forwarded | { readonly refused: string } =>
      balancer.forward(
        { source, destination, destinationPort: port, protocol: protocol as 'TCP' | 'UDP' | 'SCTP' },
        backend,
      ),
    ),
  );
}

/** Who gets how much of the connections of clients in each zone. */
function spread(balancer: Balancer): readonly unknown[] {
  const zones = balancer.implementation.options.includes('zonalAffinity')
    ? ['', ...new Set(balancer.backends.members.map(({ zone }) => zone))]
    : [''];
  return zones.map((zone) => {
    const { shares, failedOpen } = balancer.distribution('AFTER', { address: undefined, zone });
    return [zone, failedOpen, shares.map(({ backend, share }) => [backend.pod ?? backend.node, formatFraction(share)])];
  });
}

function textOf(balancer: Balancer, family: IPFamily): string {
  const { implementation, backends, firewall, affinity, drain, reply } = balancer;
  return JSON.stringify([
    implementation.name,
    backends.group,
    backends.members.map((backend) => backendText(balancer, backend)),
    balancer.healthChecks,
    spread(balancer),
    [firewall, affinity, drain, reply],
    forwarded(balancer, family),
  ]);
}

/**
 * What the load balancer of a Service does, in each of the Service's families: its backends, their health as far as it
 * decides who gets connections, their shares, what they get, health checks, firewall. `earlier`: the side before, whose
 * backends a load balancer that remembers them starts from.
 */
export function balancedText({ cluster, settings }: Side, service: Service, key: string, earlier?: Side): string {
  const was = earlier?.cluster.services.get(key);
  return FAMILIES.filter((family) => serviceFamiliesOf(service).includes(family))
    .map((family) => {
      const plain = probedBalancer(cluster, settings, family, service);
      const before =
        earlier === undefined || was === undefined
          ? undefined
          : probedBalancer(earlier.cluster, earlier.settings, family, was);
      const kept = before?.implementation === plain.implementation ? before.remembered : undefined;
      const given = JSON.stringify(plain.givenSubset) !== JSON.stringify(before?.givenSubset);
      return textOf(
        kept === undefined || given ? plain : probedBalancer(cluster, settings, family, service, kept),
        family,
      );
    })
    .join('\n');
}
