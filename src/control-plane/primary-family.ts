import { addressFamily, type IPFamily } from '../base/address.js';
import { remember } from '../base/remember.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Service } from '../cluster/objects.js';

const dualStacked = new WeakMap<ReadonlyMap<string, Service>, { readonly service: Service | undefined }>();

/** A Service of both families: the first of these is the one that the cluster's Services have by themselves. */
function dualStackedIn(services: ReadonlyMap<string, Service>): Service | undefined {
  for (const service of services.values()) if (service.spec?.ipFamilies?.length === 2) return service;
  return undefined;
}

/** The family in which the cluster's Services are where they do not say: that of Service default/kubernetes. */
export function primaryFamily({ services }: Cluster): IPFamily | undefined {
  const known = () => remember(dualStacked, services.base, () => ({ service: dualStackedIn(services.base) })).service;
  const own = services.get('default/kubernetes') ?? known();
  const family = own?.spec?.ipFamilies?.[0];
  if (family === 'IPv4' || family === 'IPv6') return family;
  return addressFamily(own?.spec?.clusterIP ?? '');
}
