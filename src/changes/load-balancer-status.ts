import type { IPFamily } from '../base/address.js';
import type { Cluster } from '../cluster/cluster.js';
import { namespacedName, type Service } from '../cluster/objects.js';
import { FAMILIES, type Settings } from '../cluster/settings.js';
import { balancerOf } from '../load-balancers/balancer.js';
import { freeBalancerAddress } from '../load-balancers/balancer-addresses.js';
import type { Choice } from './change.js';
import { controlPlaneVersion } from './control-plane-version.js';

type Ingress = NonNullable<NonNullable<NonNullable<Service['status']>['loadBalancer']>['ingress']>[number];

/** First minor version whose API server fills in ipMode by default (gate LoadBalancerIPMode). */
const IP_MODE_SINCE = 30;

export interface Published {
  readonly service: Service;
  readonly choices: readonly Choice[];
}

function familiesOf(service: Service): readonly IPFamily[] {
  const given = service.spec?.ipFamilies ?? [];
  const listed = FAMILIES.filter((family) => given.includes(family));
  return listed.length > 0 ? listed : ['IPv4'];
}

/**
 * The Service with what its load balancer publishes it by: addresses that it has already are kept (with the ipMode of
 * this load balancer), missing ones are taken from the networks for documentation, since a provider's own are not
 * known; or its host name.
 */
export function publishedService(cluster: Cluster, settings: Settings, service: Service): Published {
  const key = namespacedName(service);
  const [first = 'IPv4'] = familiesOf(service);
  const balancer = balancerOf(cluster, settings, first, service);
  const { hostname, ipMode, scheme, addresses, fromPool, pending } = balancer.allocation;
  const publish = (ingress: readonly Ingress[]): Service => ({
    ...service,
    status: { ...service.status, loadBalancer: { ...service.status?.loadBalancer, ingress } },
  });
  const former = service.status?.loadBalancer?.ingress ?? [];
  if (hostname !== undefined) {
    if (former.some((entry) => entry.hostname && !entry.ip)) return { service, choices: [] };
    const choice: Choice = {
      what: `host name of the load balancer of Service ${key}`,
      taken: hostname,
      alternatives: [],
      why:
        `The ${balancer.implementation.title} publishes a Service by host name alone; the name stands for the ` +
        'one that the provider makes.',
    };
    return { service: publish([{ hostname }]), choices: [choice] };
  }
  const mode = controlPlaneVersion(cluster, settings).minor >= IP_MODE_SINCE || ipMode === 'Proxy' ? { ipMode } : {};
  if (addresses !== undefined) return { service: publish(addresses.map((ip) => ({ ip, ...mode }))), choices: [] };
  const kept = former.filter(({ ip }) => ip);
  if (kept.length > 0) return { service: publish(kept.map((entry) => ({ ...entry, ...mode }))), choices: [] };
  if (pending !== undefined) {
    const what = `address of the load balancer of Service ${key}`;
    return {
      service,
      choices: [{ what, taken: 'none', alternatives: [], why: `${pending} The Service stays pending.` }],
    };
  }
  const taken = new Set<string>();
  const choices: Choice[] = [];
  const ingress = familiesOf(service).map((family): Ingress => {
    const asked = family === first ? service.spec?.loadBalancerIP : undefined;
    const pooled = family === first ? fromPool?.address : undefined;
    const ip = asked || pooled || freeBalancerAddress(cluster, family, key, taken);
    taken.add(ip);
    choices.push({
      what: `${family} address of the load balancer of Service ${key}`,
      taken: ip,
      alternatives: asked
        ? []
        : pooled
          ? [`any other free address of ${fromPool?.name}`]
          : [`any ${scheme === 'INTERNAL' ? 'internal ' : ''}address that the provider gives out`],
      why: asked
        ? 'spec.loadBalancerIP asks for it.'
        : pooled
          ? `${fromPool?.name} serves the Service: the lowest address that is free is taken here.`
          : 'Which address the provider gives is not known: one for documentation stands for it, unless the ' +
            'change names one (loadBalancerIngress).',
    });
    return { ip, ...mode };
  });
  return { service: publish(ingress), choices };
}
