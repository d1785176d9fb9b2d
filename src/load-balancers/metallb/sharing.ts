/**
 * Services that share an address of MetalLB. It gives an address to a second Service only where both allow it by the
 * same key, have no port in common, and have the same backends: policy Cluster, or policy Local and equal selectors.
 * Sources: metallb.io, usage, "IP address sharing"; metallb/metallb internal/allocator/allocator.go and k8salloc
 * (BackendKey).
 */
import { addressOf } from '../../base/address.js';
import type { Cluster } from '../../cluster/cluster.js';
import { namespacedName, type Service } from '../../cluster/objects.js';
import { ValueIndex } from '../../cluster/value-index.js';
import { annotationOf } from '../annotations.js';

const SHARING_KEYS = ['metallb.io/allow-shared-ip', 'metallb.universe.tf/allow-shared-ip'];
const REQUESTED = ['metallb.io/loadBalancerIPs', 'metallb.universe.tf/loadBalancerIPs'];

function annotated(service: Service, names: readonly string[]): string | undefined {
  return names.map((name) => annotationOf(service, name)).find((value) => value !== undefined && value !== '');
}

/** The addresses (canonical texts) that a Service of type LoadBalancer has or asks for. */
export function wantedAddresses(service: Service): readonly string[] {
  if (service.spec?.type !== 'LoadBalancer') return [];
  const given = (service.status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip ?? '');
  const asked = [service.spec.loadBalancerIP ?? '', ...(annotated(service, REQUESTED) ?? '').split(',')];
  const all = [...given, ...asked].flatMap((text) => addressOf(text.trim())?.text ?? []);
  return [...new Set(all)];
}

const byAddress = new ValueIndex<Service>(wantedAddresses);

/** The other Services that have or want an address of this one. */
export function othersAt(cluster: Cluster, service: Service): readonly Service[] {
  const key = namespacedName(service);
  const found = new Map<string, Service>();
  for (const address of wantedAddresses(service)) {
    for (const other of byAddress.all(cluster.services, address)) {
      if (namespacedName(other) !== key) found.set(namespacedName(other), other);
    }
  }
  return [...found.values()];
}

function backendsOf({ spec }: Service): string {
  if (spec?.externalTrafficPolicy !== 'Local') return '';
  return `Local ${JSON.stringify(Object.entries(spec.selector ?? {}).sort())}`;
}

/** Why MetalLB does not give both Services the same address, in words; undefined where it does. */
export function sharingConflict(a: Service, b: Service): string | undefined {
  const [own, other] = [a, b].map((service) => annotated(service, SHARING_KEYS));
  if (own === undefined || own !== other) return `they have no common value of annotation ${SHARING_KEYS[0]}`;
  const portsOf = ({ spec }: Service) => (spec?.ports ?? []).map(({ port, protocol = 'TCP' }) => `${port}/${protocol}`);
  const common = portsOf(a).find((port) => portsOf(b).includes(port));
  if (common !== undefined) return `both have port ${common}`;
  if (backendsOf(a) === backendsOf(b)) return undefined;
  return 'externalTrafficPolicy Local allows it only where both are Local and have the same selector';
}

/**
 * The Service of two in conflict that does not get the address: who has none yet, else who was made later, else by
 * name.
 */
export function loserOf(a: Service, b: Service, address: string): Service {
  const has = ({ status }: Service) =>
    status?.loadBalancer?.ingress?.some(({ ip }) => ip !== undefined && addressOf(ip)?.text === address) ?? false;
  if (has(a) !== has(b)) return has(a) ? b : a;
  const [first, second] = [a, b].map(({ metadata }) => metadata.creationTimestamp ?? '');
  if (first !== second) return (first as string) > (second as string) ? a : b;
  return namespacedName(a) > namespacedName(b) ? a : b;
}

/** The Service that gets an address which this one wants and may not share; undefined: it gets its own. */
export function losesTo(cluster: Cluster, service: Service): Service | undefined {
  const own = wantedAddresses(service);
  return othersAt(cluster, service).find((other) => {
    const address = own.find((one) => wantedAddresses(other).includes(one));
    if (address === undefined || sharingConflict(service, other) === undefined) return false;
    return loserOf(service, other, address) === service;
  });
}
