import { joinHostPort } from '../base/address.js';
import { remember } from '../base/remember.js';
import { nodeZone } from '../cluster/addresses.js';
import { serviceMap } from '../proxy/service-map.js';
import type { Backend, Backends, Balanced, BalancedHeader, Excluded, Forwarded } from './implementation.js';

/**
 * The pods behind a Service as backends of their own, in the order of their addresses: endpoints that are not
 * terminating, ready or not. Ports are those that the endpoints listen at.
 */
export function podBackends(balanced: Balanced, group: string): Backends {
  const { cluster, settings, family, key } = balanced;
  const [anyNode] = cluster.nodes.keys();
  if (anyNode === undefined) return { members: [], excluded: [], group };
  const services = serviceMap(cluster, family, settings.proxyOf(anyNode));
  if (services.portsOf(key).length === 0) return { ...headlessBackends(balanced), group };
  const members = new Map<string, Backend & { readonly ports: Map<number, number> }>();
  const excluded = new Map<string, string>();
  for (const port of services.portsOf(key)) {
    for (const endpoint of services.endpointsOf(port)) {
      const name = endpoint.pod ?? endpoint.address;
      if (endpoint.terminating) {
        excluded.set(name, 'it is terminating');
        continue;
      }
      const known = members.get(endpoint.address);
      if (known !== undefined) {
        known.ports.set(port.port, endpoint.port);
        continue;
      }
      const node = cluster.nodes.get(endpoint.node);
      members.set(endpoint.address, {
        kind: 'POD',
        node: endpoint.node,
        address: endpoint.address,
        zone: endpoint.zone || ((node && nodeZone(node)) ?? ''),
        ports: new Map([[port.port, endpoint.port]]),
        ...(endpoint.pod === undefined ? {} : { pod: endpoint.pod }),
        ready: endpoint.ready,
      });
    }
  }
  return { members: [...members.values()], excluded: [...excluded].map(([name, why]) => ({ name, why })), group };
}

/** The pods of a Service that kube-proxy does not look at, as a headless one, by its EndpointSlices. */
function headlessBackends({ cluster, family, key, service }: Balanced): Omit<Backends, 'group'> {
  const members = new Map<string, Backend & { readonly ports: Map<number, number> }>();
  const excluded: Excluded[] = [];
  const numbers = new Map((service.spec?.ports ?? []).map(({ name = '', port }) => [name, port]));
  for (const slice of cluster.slicesOf(key)) {
    if (slice.addressType !== family) continue;
    for (const { addresses, conditions, nodeName: named, zone, targetRef } of slice.endpoints) {
      const nodeName = named ?? '';
      const [address = ''] = addresses;
      if (conditions?.terminating === true) {
        excluded.push({ name: targetRef?.name ?? address, why: 'it is terminating' });
        continue;
      }
      const node = cluster.nodes.get(nodeName);
      const member = remember(members, address, () => ({
        kind: 'POD' as const,
        node: nodeName,
        address,
        zone: zone ?? ((node && nodeZone(node)) || ''),
        ports: new Map<number, number>(),
        ...(targetRef?.kind === 'Pod' && targetRef.name !== undefined
          ? { pod: `${targetRef.namespace ?? key.split('/')[0]}/${targetRef.name}` }
          : {}),
        ready: conditions?.ready ?? true,
      }));
      for (const { name = '', port } of slice.ports ?? []) {
        const number = numbers.get(name ?? '');
        if (number !== undefined && port) member.ports.set(number, port);
      }
    }
  }
  return { members: [...members.values()], excluded };
}

/** The port that the first of the pods with an endpoint for this Service port listens at; undefined: there is none. */
export function podPort(balanced: Balanced, port: number): number | undefined {
  for (const { ports } of podBackends(balanced, '').members) {
    const own = ports?.get(port);
    if (own !== undefined) return own;
  }
  return undefined;
}

/** Sent to the pod itself, past all rules of kube-proxy. `source`: what stands for the client, if it is replaced. */
export function toPod(
  balanced: Balanced,
  sent: BalancedHeader,
  backend: Backend,
  source?: string,
): Forwarded | { readonly refused: string } {
  const port = sent.destinationPort === undefined ? undefined : backend.ports?.get(sent.destinationPort);
  if (port === undefined || backend.address === undefined) {
    return {
      refused: `no endpoint of ${balanced.key} on ${backend.node} listens for port ${sent.destinationPort ?? '?'}`,
    };
  }
  const who = source === undefined ? 'the source is kept' : `the source becomes its own address ${source}`;
  return {
    ...sent,
    source: source ?? sent.source,
    destination: backend.address,
    destinationPort: port,
    detail: `rewrites the destination to the pod’s own ${joinHostPort(backend.address, port)}; ${who}`,
  };
}
