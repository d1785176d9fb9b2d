import { addressFamily, canonicalAddress } from '../base/address.js';
import { AddressMap } from '../base/address-map.js';
import { remember } from '../base/remember.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Service } from '../cluster/objects.js';

const holders = new WeakMap<Cluster['services'], AddressMap<Service>>();

const held = new WeakMap<Cluster['services'], AddressMap<true>>();

/** A Service's own addresses, canonical: cluster IPs and external IPs. */
function ownAddresses({ spec }: Service): readonly string[] {
  const { clusterIP, clusterIPs, externalIPs } = spec ?? {};
  const found: string[] = [];
  for (const text of [clusterIP, ...(clusterIPs ?? []), ...(externalIPs ?? [])]) {
    if (text === undefined || text === found[0] || addressFamily(text) === undefined) continue;
    found.push(canonicalAddress(text));
  }
  return found;
}

function collect(cluster: Cluster): AddressMap<Service> {
  const found = new AddressMap<Service>();
  for (const service of cluster.services.values()) {
    for (const address of ownAddresses(service)) found.setNew(address, () => service);
  }
  return found;
}

/** The first Service of the snapshot that has the address (canonical text) as a cluster IP or external IP. */
export function serviceHolding(cluster: Cluster, address: string): Service | undefined {
  return remember(holders, cluster.services, () => collect(cluster)).get(address);
}

/** The addresses (canonical text) that Services have: cluster IPs, external IPs and those of load balancers. */
export function heldAddresses(cluster: Cluster): Pick<AddressMap<true>, 'has'> {
  return remember(held, cluster.services, () => {
    const addresses = new AddressMap<true>();
    for (const service of cluster.services.values()) {
      for (const address of ownAddresses(service)) addresses.set(address, true);
      for (const { ip } of service.status?.loadBalancer?.ingress ?? [])
        if (ip) addresses.set(canonicalAddress(ip), true);
    }
    return addresses;
  });
}
