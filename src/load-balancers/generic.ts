import { ONE } from '../base/fraction.js';
import { announcement, isLocal, nodeHealthCheck, type Timing } from './checks.js';
import { keepHeader, toNodePort } from './forward.js';
import type { Implementation } from './implementation.js';
import { nodeBackends } from './node-filter.js';
import { ownAddress } from './own-address.js';
import { sourceRanges } from './source-ranges.js';

/**
 * What is taken where nothing is known of the provider: probes as the in-tree cloud providers made them by default
 * (k8s.io/cloud-provider leaves it to each; 10 s and 3 failures are what AWS and OpenStack use).
 */
const TIMING: Timing = { intervalSeconds: 10, timeoutSeconds: 5, unhealthyAfter: 3, healthyAfter: 2 };

/** Seconds until another node holds an address whose node went away: what VRRP takes. */
const FAILOVER_SECONDS = 4;

/**
 * A load balancer over node ports, as clouds without a way of their own have it: it rewrites the destination to a
 * node's address and node port, keeps the source, and gets the replies.
 */
export const generic: Implementation = {
  name: 'generic',
  title: 'load balancer over node ports',
  options: [
    'preserveClientAddress',
    'proxyAddress',
    'healthCheck',
    'probesPass',
    'enforcesSourceRanges',
    'reply',
    'failOpen',
    'leader',
  ],
  takes: () => undefined,
  allocates: () => ({ scheme: 'EXTERNAL', ipMode: 'VIP' }),
  backends: (balanced) => nodeBackends(balanced, 'nodes'),
  weights(balanced, candidates) {
    balanced.assume(
      'loadBalancer.spread',
      'nodes alike',
      'Nothing in the snapshot shows how this load balancer spreads connections over the nodes that pass its ' +
        'check, which decides each pod’s share under externalTrafficPolicy Local.',
    );
    return candidates.map(() => ONE);
  },
  probe({ options: { leader } }, { node }) {
    if (leader === undefined) return undefined;
    const holds = leader === node;
    return {
      healthy: holds,
      status: undefined,
      detail: holds ? `${node} holds the address` : `${leader} holds the address, not ${node}`,
    };
  },
  forward(balanced, sent, backend) {
    // A node that holds the address gets packets as they were sent.
    if (balanced.options.leader !== undefined) return keepHeader(sent, backend);
    const { preserveClientAddress: given } = balanced.options;
    if (given === undefined) {
      balanced.assume(
        'loadBalancer.preserveClientAddress',
        true,
        'Nothing in the snapshot shows whether this load balancer keeps the client’s address or replaces it ' +
          'by its own, which decides what pods see. Set it with option preserveClientAddress.',
      );
    }
    const source = (given ?? true) ? undefined : ownAddress(balanced, 'an address of the load balancer');
    return toNodePort(balanced, sent, backend, source);
  },
  healthCheck(balanced) {
    if (balanced.options.leader !== undefined) return announcement(FAILOVER_SECONDS);
    balanced.assume(
      'loadBalancer.healthCheck',
      { intervalSeconds: TIMING.intervalSeconds, unhealthyAfter: TIMING.unhealthyAfter },
      'Nothing in the snapshot shows whether and how this load balancer checks its nodes: assumed to check ' +
        'as Kubernetes describes it. Set another check, or NONE, with option healthCheck.',
    );
    return nodeHealthCheck(balanced, TIMING, []);
  },
  failsOpen(balanced) {
    const { failOpen, leader } = balanced.options;
    if (leader !== undefined) return false;
    if (failOpen === undefined) {
      balanced.assume(
        'loadBalancer.failOpen',
        false,
        'Nothing in the snapshot shows what this load balancer does when no node passes its check. Set it ' +
          'with option failOpen.',
      );
    }
    return failOpen ?? false;
  },
  affinity: ({ options: { leader } }) =>
    leader === undefined
      ? { by: 'CONNECTION', detail: 'each connection is sent anew: nothing shows that it keeps clients to a node' }
      : { by: 'CLIENT_ADDRESS', detail: 'all connections enter at the node that holds the address' },
  firewall(balanced) {
    const ranges = sourceRanges(balanced.service);
    const given = balanced.options.enforcesSourceRanges;
    if (ranges !== undefined && given === undefined) {
      balanced.assume(
        'loadBalancer.sourceRanges',
        'enforced by the load balancer',
        balanced.settings.unsupportedDataplane === undefined
          ? 'Clouds turn loadBalancerSourceRanges into their own firewall; kube-proxy does not apply them to ' +
              'node ports. Option enforcesSourceRanges says otherwise.'
          : 'Clouds turn loadBalancerSourceRanges into their own firewall. Option enforcesSourceRanges says otherwise.',
      );
    }
    return { allowed: (given ?? true) ? ranges : undefined, rules: [] };
  },
  drain: (balanced) => ({
    seconds: undefined,
    detail: isLocal(balanced)
      ? 'open connections of a node that fails its health check end or go on as the provider has it'
      : 'open connections of a node that is taken out end or go on as the provider has it',
  }),
  reply(balanced) {
    const { reply, leader } = balanced.options;
    if (leader !== undefined) return reply ?? 'DIRECT';
    if (reply === undefined) {
      balanced.assume(
        'loadBalancer.reply',
        'THROUGH',
        'Nothing in the snapshot shows whether replies pass this load balancer. Set it with option reply.',
      );
    }
    return reply ?? 'THROUGH';
  },
  addressIsLocal: () => false,
};
