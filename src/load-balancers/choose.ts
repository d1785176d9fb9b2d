import { QuestionError } from '../base/errors.js';
import type { Cluster } from '../cluster/cluster.js';
import {
  type LoadBalancerOption,
  type LoadBalancerOptions,
  loadBalancerChoice,
} from '../cluster/load-balancer-settings.js';
import { namespacedName, type Service } from '../cluster/objects.js';
import type { Settings } from '../cluster/settings.js';
import { generic } from './generic.js';
import type { Implementation } from './implementation.js';
import { IMPLEMENTATIONS, implementationNamed } from './index.js';

export interface Chosen {
  readonly implementation: Implementation;
  readonly options: LoadBalancerOptions;
  /** Whether the request names the implementation. */
  readonly given: boolean;
  /** Where it was not given: what of the snapshot showed it. */
  readonly why: string;
}

function shown(service: Service, settings: Settings, cluster: Cluster): readonly [Implementation, string] {
  for (const implementation of IMPLEMENTATIONS) {
    const why = implementation.takes(service, settings.platform, cluster);
    if (why !== undefined) return [implementation, `${namespacedName(service)}: ${why}.`];
  }
  return [generic, 'Neither the Service’s class and annotations nor the platform tell who balances it.'];
}

/**
 * The load balancer of a Service: what the request's settings or changes say of this Service, then of all Services,
 * then what the snapshot shows. Throws QuestionError INVALID_REQUEST for options that the implementation does not read.
 */
export function chooseImplementation(cluster: Cluster, settings: Settings, service: Service): Chosen {
  const key = namespacedName(service);
  const choice = loadBalancerChoice(settings.loadBalancer, key);
  const [found, why] = shown(service, settings, cluster);
  const implementation = choice.implementation === undefined ? found : implementationNamed(choice.implementation);
  const given = choice.implementation !== undefined;
  const options = choice.options ?? {};
  const own = settings.loadBalancer.services?.[key]?.options ?? {};
  const foreign = (Object.keys(options) as LoadBalancerOption[]).filter(
    (name) => !implementation.options.includes(name),
  );
  // Options for all Services may be meant for others of them; with a name beside them they are not.
  const wrong = foreign.filter((name) => given || name in own);
  if (wrong.length > 0) {
    const at = (name: string) =>
      name in own ? `/settings/loadBalancer/services/${key.replace('/', '~1')}` : '/settings/loadBalancer';
    throw new QuestionError(
      'INVALID_REQUEST',
      `Load balancer ${implementation.name} has no option ${wrong.join(', ')}.`,
      wrong.map((name) => ({
        pointer: `${at(name)}/options/${name}`,
        detail: `Options of ${implementation.name}: ${implementation.options.join(', ') || 'none'}.`,
      })),
    );
  }
  return { implementation, options, given, why };
}
