import type { Service } from '../cluster/objects.js';
import { groupBackends, negBackends } from './gke/backends.js';
import { ANNOTATIONS, CLASSES } from './gke/facts.js';
import { asksForInternal, gkeFirewall, gkeHealthCheck, gkeWeights, passthrough } from './gke/passthrough.js';
import type { Balanced, Implementation } from './implementation.js';

const GROUPS = { TARGET_POOL: 'target pool', INSTANCE_GROUP: 'instance groups' } as const;

function wantsBackendService({ metadata, spec }: Service): boolean {
  return (
    metadata.annotations?.[ANNOTATIONS.backendService] === 'enabled' || spec?.loadBalancerClass === CLASSES.external
  );
}

/** What holds the backends: as said, or as annotation and class ask for. */
export function externalBackends({ service, options }: Pick<Balanced, 'service' | 'options'>) {
  return options.backends ?? (wantsBackendService(service) ? 'NEG' : 'TARGET_POOL');
}

/**
 * Google Cloud's external passthrough Network Load Balancer: it passes packets to a node as they are, and the node
 * answers the client itself. Source: ingress-gce pkg/l4, cloud-provider-gcp gce_loadbalancer_external.go.
 */
export const gkeExternalPassthrough: Implementation = {
  name: 'gke-external-passthrough',
  title: 'Google Cloud external passthrough Network Load Balancer',
  options: ['backends', 'previousSubset', 'weighted', 'includeDrainingNodes', 'failOpen'],
  takes(service, platform) {
    if (service.spec?.loadBalancerClass === CLASSES.external) return `loadBalancerClass ${CLASSES.external}`;
    if (platform !== 'gke' || service.spec?.loadBalancerClass || asksForInternal(service)) return undefined;
    return wantsBackendService(service)
      ? `platform gke, annotation ${ANNOTATIONS.backendService}`
      : 'platform gke, neither class nor an annotation that asks for an internal one';
  },
  allocates: () => ({ scheme: 'EXTERNAL', ipMode: 'VIP' }),
  backends(balanced) {
    const kind = externalBackends(balanced);
    return kind === 'NEG' ? negBackends(balanced, 'EXTERNAL') : groupBackends(balanced, GROUPS[kind]);
  },
  weights: gkeWeights,
  healthCheck: (balanced) => gkeHealthCheck(balanced, 'EXTERNAL'),
  firewall: (balanced) => gkeFirewall(balanced, 'EXTERNAL'),
  drain: (balanced) =>
    externalBackends(balanced) === 'TARGET_POOL'
      ? {
          seconds: 0,
          detail: 'a target pool has no connection draining: connections of an instance that is removed end',
        }
      : { seconds: 30, detail: 'connections of a backend that is removed may go on for 30 seconds' },
  ...passthrough,
};
