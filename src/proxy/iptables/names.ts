import { sha256Bytes } from '#platform';
import type { ProxyEndpoint, ServicePort } from '../service-port.js';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
/** Two base32 digits for every ten bits. */
const DIGITS = Array.from({ length: 1024 }, (_, bits) => `${ALPHABET[bits >> 5]}${ALPHABET[bits & 31]}`);

/** Five bytes from `at` on as eight base32 digits (RFC 4648). */
function base32(bytes: string, at: number): string {
  const a = bytes.charCodeAt(at);
  const b = bytes.charCodeAt(at + 1);
  const c = bytes.charCodeAt(at + 2);
  const d = bytes.charCodeAt(at + 3);
  const e = bytes.charCodeAt(at + 4);
  return (
    (DIGITS[(a << 2) | (b >> 6)] as string) +
    (DIGITS[((b & 63) << 4) | (c >> 4)] as string) +
    (DIGITS[((c & 15) << 6) | (d >> 2)] as string) +
    (DIGITS[((d & 3) << 8) | e] as string)
  );
}

/** The first 16 base32 digits of the SHA-256 of a text: what kube-proxy's chain names end with. */
export function chainHash(text: string): string {
  const digest = sha256Bytes(text);
  return base32(digest, 0) + base32(digest, 5);
}

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
          name = `KUBE-SEP-${chainHash(prefix + id)}`;
          endpoints.set(id, name);
        }
        return name;
      },
    };
    names.set(port, known);
  }
  return known;
}
