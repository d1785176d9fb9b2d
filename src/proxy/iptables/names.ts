import { hashedNames } from '../name-hash.js';
import type { ProxyEndpoint, ServicePort } from '../service-port.js';

/** The chain names of a Service port (`portProtoHash` in kube-proxy). Not every version uses all of them. */
export interface PortNames {
  /** Endpoints of the Cluster policy. */
  readonly cluster: string;
  /** Endpoints of the Local policy, 1.24. */
  readonly local: string;
  /** Traffic to external destinations, 1.24. */
  readonly external: string;
  /** loadBalancerSourceRanges. */
  readonly firewall: string;
  /** Endpoints of an external policy Local, up to 1.23. */
  readonly xlb: string;
  /** The chain of an endpoint of this port. */
  endpoint(endpoint: ProxyEndpoint): string;
}

const chainHash = hashedNames('');
const endpointName = hashedNames('KUBE-SEP-');

const names = new WeakMap<ServicePort, PortNames>();

/** The chain names of a Service port. Remembered as kube-proxy does, since every name is a hash. */
export function portNames(port: ServicePort): PortNames {
  let known = names.get(port);
  if (known === undefined) {
    const prefix = port.id + port.protocol.toLowerCase();
    const hash = chainHash(prefix);
    const endpoints = new Map<string, string>();
    known = {
      cluster: `KUBE-SVC-${hash}`,
      local: `KUBE-SVL-${hash}`,
      external: `KUBE-EXT-${hash}`,
      firewall: `KUBE-FW-${hash}`,
      xlb: `KUBE-XLB-${hash}`,
      endpoint: ({ id }) => {
        let name = endpoints.get(id);
        if (name === undefined) {
          name = endpointName(prefix + id);
          endpoints.set(id, name);
        }
        return name;
      },
    };
    names.set(port, known);
  }
  return known;
}
