import { addressFamily, canonicalAddress } from '../base/address.js';
import { AddressMap } from '../base/address-map.js';
import { remember } from '../base/remember.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Service } from '../cluster/objects.js';

const holders = new WeakMap<Cluster['services'], AddressMap<Service>>();

const held = new WeakMap<Cluster['services'], AddressMap<true>>();

/** Adds a Service under its own addresses, canonical, that are not there yet: cluster IPs and external IPs. */
function addOwn<V>(to: AddressMap<V>, { spec }: Service, value: V): void {
  const add = (text: string) => {
    if (addressFamily(text) !== undefined) to.setNew(canonicalAddress(text), value);
  };
  if (spec?.clusterIP !== undefined) add(spec.clusterIP);
  for (const text of spec?.clusterIPs ?? []) if (text !== spec?.clusterIP) add(text);
  for (const text of spec?.externalIPs ?? []) add(text);
}

function collect(cluster: Cluster): AddressMap<Service> {
  const found = new AddressMap<Service>();
  for (const service of cluster.services.values()) addOwn(found, service, service);
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
      addOwn(addresses, service, true);
      for (const { ip } of service.status?.loadBalancer?.ingress ?? [])
        if (ip) addresses.set(canonicalAddress(ip), true);
    }
    return addresses;
  });
}
