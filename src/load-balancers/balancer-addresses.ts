import { sha1Hex } from '#platform';
import { addressOf, canonicalAddress, type IPFamily } from '../base/address.js';
import type { Cluster } from '../cluster/cluster.js';
import { namespacedName, type Service } from '../cluster/objects.js';
import { ValueIndex } from '../cluster/value-index.js';
import { frontsOf, publishedName } from './aws/ingress.js';
import { isNegService } from './gke/neg-annotations.js';

/**
 * Networks that stand-ins for load balancer addresses come from: for benchmarks (RFC 2544, 198.18.0.0/15) and for
 * documentation (RFC 3849). Both are large enough that two names rarely get the same address.
 */
const STAND_INS = { IPv4: { first: 198, bits: 17 }, IPv6: '2001:db8:1b' } as const;

/** Whether the Service itself shows that it has a load balancer: its own, or the one over its pods' NEGs. */
function showsBalancer(service: Service): boolean {
  return service.spec?.type === 'LoadBalancer' || isNegService(service);
}

/**
 * Whether a load balancer is in front of the Service: its own, or one that an Ingress, a Gateway or a target group
 * binding asks for.
 */
export function isBalanced(service: Service, cluster: Cluster): boolean {
  return showsBalancer(service) || frontsOf(cluster, service).length > 0;
}

const byAddress = new ValueIndex<Service>((service) =>
  showsBalancer(service)
    ? (service.status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip ? [canonicalAddress(ip)] : []))
    : [],
);

/** What a packet is for, beside an address: Services may share an address where their ports differ. */
export interface WantedPort {
  readonly protocol: string;
  readonly port: number | undefined;
}

/**
 * The Service of type LoadBalancer that has this address (canonical text) in its status: of several the first that has
 * the port, else the first.
 */
export function serviceOfAddress(cluster: Cluster, address: string, wanted?: WantedPort): Service | undefined {
  const first = byAddress.first(cluster.services, address);
  if (first === undefined || wanted?.port === undefined) return first;
  const hasPort = ({ spec }: Service) =>
    spec?.ports?.some(({ port, protocol = 'TCP' }) => port === wanted.port && protocol === wanted.protocol) === true;
  return hasPort(first) ? first : (byAddress.all(cluster.services, address).find(hasPort) ?? first);
}

const byHostname = new ValueIndex<Service>((service) =>
  showsBalancer(service)
    ? (service.status?.loadBalancer?.ingress ?? []).flatMap(({ hostname }) =>
        hostname ? [hostname.toLowerCase()] : [],
      )
    : [],
);

/** The Service of type LoadBalancer that is published by this host name. */
export function serviceOfHostname(cluster: Cluster, host: string): Service | undefined {
  return byHostname.first(cluster.services, host.toLowerCase().replace(/\.$/, ''));
}

const byExternalIP = new ValueIndex<Service>(({ spec }) => (spec?.externalIPs ?? []).map((ip) => canonicalAddress(ip)));

/** The `attempt`-th address that stands for the load balancer of a Service, by a hash of the Service's own name. */
function standIn(key: string, family: IPFamily, attempt: number): string {
  const hash = sha1Hex(attempt === 0 ? key : `${key} ${attempt}`);
  if (family === 'IPv6') return addressOf(`${STAND_INS.IPv6}::${hash.slice(0, 4)}:${hash.slice(4, 8)}`)?.text ?? '';
  const { first, bits } = STAND_INS.IPv4;
  const number = Number.parseInt(hash.slice(0, 8), 16) % (1 << bits);
  return [first, 18 + (number >> 16), (number >> 8) & 255, number & 255].join('.');
}

/** More attempts than these are never needed: the network holds 131,072 addresses. */
const MAX_ATTEMPTS = 1000;

/**
 * An address that no Service of the cluster has, for the load balancer of Service `key` (`namespace/name`) whose own
 * address is not known. It follows from the Service's name alone, so that what becomes of other Services does not move
 * it; only where another has that very address already, or `taken` holds it, is the next one used.
 */
export function freeBalancerAddress(
  cluster: Cluster,
  family: IPFamily,
  key: string,
  taken: ReadonlySet<string> = new Set(),
): string {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const text = standIn(key, family, attempt);
    const owner = serviceOfAddress(cluster, text) ?? byExternalIP.first(cluster.services, text);
    if (owner === undefined && !taken.has(text)) return text;
  }
  return standIn(key, family, 0);
}

/**
 * What a Service is published as where that is no address of its own, so that no rule of kube-proxy is for it: a host
 * name alone, or an Ingress or Gateway in front of its pods.
 */
export function publishedAs(service: Service, cluster: Cluster): string | undefined {
  const ingress = service.status?.loadBalancer?.ingress ?? [];
  if (!isBalanced(service, cluster) || ingress.some(({ ip }) => ip)) return undefined;
  const hostname = ingress.find(({ hostname }) => hostname)?.hostname;
  if (hostname !== undefined) return hostname;
  const [front] = service.spec?.type === 'LoadBalancer' ? [] : frontsOf(cluster, service);
  if (front !== undefined) return publishedName(front) ?? front.name;
  return isNegService(service) ? `the Ingress or Gateway of ${namespacedName(service)}` : undefined;
}
