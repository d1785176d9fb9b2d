import { joinHostPort } from '../base/address.js';
import { nodeZone } from '../cluster/addresses.js';
import { serviceMap } from '../proxy/service-map.js';
import type { Backend, Backends, Balanced, BalancedHeader, Forwarded } from './implementation.js';

/**
 * The pods behind a Service as backends of their own, in the order of their addresses: endpoints that are not terminating,
 * ready or not. Ports are those that the endpoints listen at.
 */
export function podBackends(balanced: Balanced, group: string): Backends {
  const { cluster, settings, family, key } = balanced;
  const [anyNode] = cluster.nodes.keys();
  if (anyNode === undefined) return { members: [], excluded: [], group };
  const services = serviceMap(cluster, family, settings.proxyOf(anyNode));
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
