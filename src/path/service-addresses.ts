import { addressOf } from '../base/address.js';
import { remember } from '../base/remember.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Service } from '../cluster/objects.js';

const holders = new WeakMap<Cluster['services'], ReadonlyMap<string, Service>>();

const held = new WeakMap<Cluster['services'], ReadonlySet<string>>();

function collect(cluster: Cluster): ReadonlyMap<string, Service> {
  const found = new Map<string, Service>();
  for (const service of cluster.services.values()) {
    const { clusterIP, clusterIPs = [], externalIPs = [] } = service.spec ?? {};
    for (const text of [clusterIP, ...(clusterIPs ?? []), ...(externalIPs ?? [])]) {
      const address = text === undefined ? undefined : addressOf(text)?.text;
      if (address !== undefined && !found.has(address)) found.set(address, service);
    }
  }
  return found;
}

/** The first Service of the snapshot that has the address (canonical text) as a cluster IP or external IP. */
export function serviceHolding(cluster: Cluster, address: string): Service | undefined {
  return remember(holders, cluster.services, () => collect(cluster)).get(address);
}

/** The addresses (canonical text) that Services have: cluster IPs, external IPs and those of load balancers. */
export function heldAddresses(cluster: Cluster): ReadonlySet<string> {
  return remember(held, cluster.services, () => {
    const addresses = new Set(remember(holders, cluster.services, () => collect(cluster)).keys());
    for (const { status } of cluster.services.values()) {
      for (const { ip } of status?.loadBalancer?.ingress ?? []) if (ip) addresses.add(addressOf(ip)?.text ?? ip);
    }
    return addresses;
  });
}
