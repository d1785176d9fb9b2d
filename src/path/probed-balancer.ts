import type { IPFamily } from '../base/address.js';
import { remember } from '../base/remember.js';
import type { Cluster } from '../cluster/cluster.js';
import { namespacedName, type Service } from '../cluster/objects.js';
import type { Settings } from '../cluster/settings.js';
import { Balancer } from '../load-balancers/balancer.js';
import { Fabric } from './fabric.js';
import { walkProbe } from './walk-probe.js';

interface Known {
  readonly fabric: Fabric;
  readonly balancers: Map<string, Balancer>;
}

const known = new WeakMap<Cluster, WeakMap<Settings, Map<IPFamily, Known>>>();

/**
 * The load balancer of a Service whose probes are walked through the nodes' rules, remembered per cluster, settings,
 * family and Service. `kept`: the backends that it starts from where it remembers them. Throws as chooseImplementation
 * does.
 */
export function probedBalancer(
  cluster: Cluster,
  settings: Settings,
  family: IPFamily,
  service: Service,
  kept?: readonly string[],
): Balancer {
  const bySettings = remember(known, cluster, () => new WeakMap<Settings, Map<IPFamily, Known>>());
  const byFamily = remember(bySettings, settings, () => new Map<IPFamily, Known>());
  const { fabric, balancers } = remember(byFamily, family, () => ({
    fabric: new Fabric(cluster, settings, family, { walkProbe }),
    balancers: new Map<string, Balancer>(),
  }));
  return remember(
    balancers,
    `${namespacedName(service)} ${kept?.join(' ') ?? '-'}`,
    () => new Balancer(cluster, settings, family, service, kept, fabric.prober),
  );
}
