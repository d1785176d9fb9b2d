import type { Implementation } from '../implementation.js';
import { GKE_ANNOTATIONS } from './annotation-list.js';
import { groupBackends, negBackends } from './backends.js';
import { backendKind, schemeShown } from './kind.js';
import { gkeFirewall, gkeHealthCheck, gkeWeights, PASSTHROUGH_OPTIONS, passthrough } from './passthrough.js';

const GROUPS = { TARGET_POOL: 'target pool', INSTANCE_GROUP: 'instance groups' } as const;

/**
 * Google Cloud's external passthrough Network Load Balancer: it passes packets to a node as they are, and the node
 * answers the client itself. Source: ingress-gce pkg/l4, cloud-provider-gcp gce_loadbalancer_external.go.
 */
export const gkeExternalPassthrough: Implementation = {
  name: 'gke-external-passthrough',
  title: 'Google Cloud external passthrough Network Load Balancer',
  options: ['backends', 'previousSubset', 'weighted', 'includeDrainingNodes', ...PASSTHROUGH_OPTIONS],
  annotations: GKE_ANNOTATIONS,
  takes: (service, platform) => schemeShown(service, 'EXTERNAL', platform === 'gke'),
  allocates: () => ({ scheme: 'EXTERNAL', ipMode: 'VIP' }),
  backends(balanced) {
    const kind = backendKind(balanced, 'EXTERNAL');
    return kind === 'NEG' ? negBackends(balanced, 'EXTERNAL') : groupBackends(balanced, GROUPS[kind]);
  },
  weights: (balanced, candidates) => gkeWeights(balanced, candidates, 'EXTERNAL'),
  healthCheck: (balanced) => gkeHealthCheck(balanced, 'EXTERNAL'),
  firewall: (balanced) => gkeFirewall(balanced, 'EXTERNAL'),
  drain: (balanced) =>
    backendKind(balanced, 'EXTERNAL') === 'TARGET_POOL'
      ? {
          seconds: 0,
          detail: 'a target pool has no connection draining: connections of an instance that is removed end',
        }
      : { seconds: 30, detail: 'connections of a backend that is removed may go on for 30 seconds' },
  ...passthrough,
};
