import { addressOf, type IPFamily } from '../base/address.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Service } from '../cluster/objects.js';
import { ValueIndex } from '../cluster/value-index.js';

/** Networks for documentation (RFC 5737 TEST-NET-2, RFC 3849) that stand-ins for load balancer addresses come from. */
const STAND_INS = { IPv4: '198.51.100.', IPv6: '2001:db8:1b::' } as const;
/** As many as fit into the IPv4 network. */
const STAND_IN_COUNT = 254;

function isBalanced(service: Service): boolean {
  return service.spec?.type === 'LoadBalancer';
}

const byAddress = new ValueIndex<Service>((service) =>
  isBalanced(service)
    ? (service.status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip ? [addressOf(ip)?.text ?? ip] : []))
    : [],
);

/** The Service of type LoadBalancer that has this address (canonical text) in its status; the first of several. */
export function serviceOfAddress(cluster: Cluster, address: string): Service | undefined {
  return byAddress.first(cluster.services, address);
}

const byHostname = new ValueIndex<Service>((service) =>
  isBalanced(service)
    ? (service.status?.loadBalancer?.ingress ?? []).flatMap(({ hostname }) =>
        hostname ? [hostname.toLowerCase()] : [],
      )
    : [],
);

/** The Service of type LoadBalancer that is published by this host name. */
export function serviceOfHostname(cluster: Cluster, host: string): Service | undefined {
  return byHostname.first(cluster.services, host.toLowerCase().replace(/\.$/, ''));
}

/** An address that no Service of the cluster has, for a load balancer whose own is not known: the lowest free one. */
export function freeBalancerAddress(
  cluster: Cluster,
  family: IPFamily,
  taken: ReadonlySet<string> = new Set(),
): string {
  for (let number = 1; number < STAND_IN_COUNT; number++) {
    const text = `${STAND_INS[family]}${family === 'IPv4' ? number : number.toString(16)}`;
    if (!taken.has(text) && serviceOfAddress(cluster, text) === undefined) return text;
  }
  return `${STAND_INS[family]}${family === 'IPv4' ? STAND_IN_COUNT : STAND_IN_COUNT.toString(16)}`;
}

/** Whether the Service is published by host name alone: no rule of kube-proxy is for it. */
export function hostnameOnly(service: Service): string | undefined {
  const ingress = service.status?.loadBalancer?.ingress ?? [];
  return isBalanced(service) && ingress.every(({ ip }) => !ip)
    ? ingress.find(({ hostname }) => hostname)?.hostname
    : undefined;
}
