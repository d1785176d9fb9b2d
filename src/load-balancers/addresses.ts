import { addressOf, type IPFamily } from '../base/address.js';
import type { Cluster } from '../cluster/cluster.js';
import { namespacedName, type Service } from '../cluster/objects.js';
import { ValueIndex } from '../cluster/value-index.js';
import { isNegService } from './gke/neg-annotations.js';

/** Networks for documentation (RFC 5737 TEST-NET-2, RFC 3849) that stand-ins for load balancer addresses come from. */
const STAND_INS = { IPv4: '198.51.100.', IPv6: '2001:db8:1b::' } as const;
/** As many as fit into the IPv4 network. */
const STAND_IN_COUNT = 254;

/** Whether a load balancer stands before the Service: its own, or the one of an Ingress or Gateway over its pods' NEGs. */
export function isBalanced(service: Service): boolean {
  return service.spec?.type === 'LoadBalancer' || isNegService(service);
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

const byExternalIP = new ValueIndex<Service>(({ spec }) =>
  (spec?.externalIPs ?? []).map((ip) => addressOf(ip)?.text ?? ip),
);

/** An address that no Service of the cluster has, for a load balancer whose own is not known: the lowest free one. */
export function freeBalancerAddress(
  cluster: Cluster,
  family: IPFamily,
  taken: ReadonlySet<string> = new Set(),
): string {
  for (let number = 1; number < STAND_IN_COUNT; number++) {
    const text = `${STAND_INS[family]}${family === 'IPv4' ? number : number.toString(16)}`;
    const owner = serviceOfAddress(cluster, text) ?? byExternalIP.first(cluster.services, text);
    if (owner === undefined && !taken.has(text)) return text;
  }
  return `${STAND_INS[family]}${family === 'IPv4' ? STAND_IN_COUNT : STAND_IN_COUNT.toString(16)}`;
}

/**
 * What a Service is published as where that is no address of its own, so that no rule of kube-proxy is for it: a host name
 * alone, or an Ingress or Gateway in front of its pods.
 */
export function publishedAs(service: Service): string | undefined {
  const ingress = service.status?.loadBalancer?.ingress ?? [];
  if (!isBalanced(service) || ingress.some(({ ip }) => ip)) return undefined;
  const hostname = ingress.find(({ hostname }) => hostname)?.hostname;
  return hostname ?? (isNegService(service) ? `the Ingress or Gateway of ${namespacedName(service)}` : undefined);
}
