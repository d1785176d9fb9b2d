import { ONE } from '../base/fraction.js';
import { isLocal, nodeHealthCheck, type Timing } from './checks.js';
import { toNodePort } from './forward.js';
import type { Implementation } from './implementation.js';
import { nodeBackends } from './node-filter.js';
import { sourceRanges } from './source-ranges.js';

/**
 * What is taken where nothing is known of the provider: probes as the in-tree cloud providers made them by default
 * (k8s.io/cloud-provider leaves it to each; 10 s and 3 failures are what AWS and OpenStack use).
 */
const TIMING: Timing = { intervalSeconds: 10, timeoutSeconds: 5, unhealthyAfter: 3, healthyAfter: 2 };

/**
 * A load balancer over node ports, as clouds without a way of their own have it: it rewrites the destination to a
 * node's address and node port, keeps the source, and gets the replies.
 */
export const generic: Implementation = {
  name: 'generic',
  title: 'load balancer over node ports',
  options: ['failOpen'],
  takes: () => undefined,
  allocates: () => ({ scheme: 'EXTERNAL', ipMode: 'VIP' }),
  backends: (balanced) => nodeBackends(balanced, 'nodes'),
  weights: (_balanced, candidates) => candidates.map(() => ONE),
  forward: (balanced, sent, backend) => toNodePort(balanced, sent, backend),
  healthCheck(balanced) {
    balanced.assume(
      'loadBalancer.healthCheck',
      { intervalSeconds: TIMING.intervalSeconds, unhealthyAfter: TIMING.unhealthyAfter },
      'Nothing tells how often this load balancer probes its nodes.',
    );
    return nodeHealthCheck(balanced, TIMING, []);
  },
  failsOpen: ({ options }) => options.failOpen ?? false,
  affinity: () => ({
    by: 'CONNECTION',
    detail: 'each connection is sent anew: nothing tells that it keeps clients to a node',
  }),
  firewall(balanced) {
    const allowed = sourceRanges(balanced.service);
    if (allowed !== undefined) {
      balanced.assume(
        'loadBalancer.sourceRanges',
        'enforced by the load balancer',
        balanced.settings.unsupportedDataplane === undefined
          ? 'Clouds turn loadBalancerSourceRanges into their own firewall; kube-proxy does not apply them to node ports.'
          : 'Clouds turn loadBalancerSourceRanges into their own firewall.',
      );
    }
    return { allowed, rules: [] };
  },
  drain: (balanced) => ({
    seconds: undefined,
    detail: isLocal(balanced)
      ? 'open connections of a node that fails its health check end or go on as the provider has it'
      : 'open connections of a node that is taken out end or go on as the provider has it',
  }),
  reply: () => 'THROUGH',
  addressIsLocal: () => false,
};
