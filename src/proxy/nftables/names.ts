import { remember } from '../../base/remember.js';
import { shortHash } from '../name-hash.js';
import type { ProxyEndpoint, ServicePort } from '../service-port.js';

/** The longest name of a chain that kube-proxy makes. */
const LONGEST = 240;

function withHash(name: string): string {
  const hashed = `${shortHash(name)}-${name}`;
  return hashed.length <= LONGEST ? hashed : `${hashed.slice(0, LONGEST - 3)}...`;
}

/** The names of a Service port's chains and sets. */
export interface PortNames {
  readonly cluster: string;
  readonly local: string;
  readonly external: string;
  readonly firewall: string;
  endpoint(endpoint: ProxyEndpoint): string;
  affinity(endpoint: ProxyEndpoint): string;
}

const names = new WeakMap<ServicePort, PortNames>();

/** The names of a Service port: a hash, then `namespace/name/protocol/port`, so that they can be read. Remembered. */
export function portNames(port: ServicePort): PortNames {
  let known = names.get(port);
  if (known === undefined) {
    const base = `${port.service}/${port.protocol.toLowerCase()}/${port.portName}`;
    const hashed = withHash(base);
    const hashOf = ({ address, port: number }: ProxyEndpoint) =>
      withHash(`${base}__${address.replaceAll(':', '.')}/${number}`);
    const endpoints = new Map<string, string>();
    const affinities = new Map<string, string>();
    known = {
      cluster: `service-${hashed}`,
      local: `local-${hashed}`,
      external: `external-${hashed}`,
      firewall: `firewall-${hashed}`,
      endpoint: (endpoint) => remember(endpoints, endpoint.id, () => `endpoint-${hashOf(endpoint)}`),
      affinity: (endpoint) => remember(affinities, endpoint.id, () => `affinity-${hashOf(endpoint)}`),
    };
    names.set(port, known);
  }
  return known;
}
