import { ONE } from '../base/fraction.js';
import type { Implementation } from './implementation.js';
import { announced, announcement } from './metallb/common.js';
import { convergence, silence, speakers } from './metallb/speakers.js';

/** BGP hold time: how long routers keep a route of a node that fell silent (metallb API: BGPPeer holdTime, default 90 s). */
const HOLD_SECONDS = 90;

/**
 * MetalLB in BGP mode: every node (under Local, every node with endpoints) announces the address, and routers spread
 * connections over them by ECMP. Source: metallb/metallb speaker/bgp_controller.go and its documentation.
 */
export const metallbBgp: Implementation = {
  name: 'metallb-bgp',
  title: 'MetalLB (BGP)',
  options: ['announcingNodes'],
  // Only the request can tell it from layer 2.
  takes: () => undefined,
  backends: (balanced) => speakers(balanced, 'BGP speakers'),
  weights(balanced, candidates) {
    balanced.assume(
      'loadBalancer.ecmp',
      'all announcing nodes alike, by connection',
      'Routers are taken to hash each connection over equal routes; how many routes they use and what they hash is their own configuration.',
    );
    return candidates.map(() => ONE);
  },
  probe(balanced, { node }) {
    const silent = silence(balanced, node);
    return {
      healthy: silent === undefined,
      status: undefined,
      detail: silent ?? `the speaker of ${node} announces the address`,
    };
  },
  healthCheck: (balanced) => announcement(convergence(balanced, HOLD_SECONDS)),
  affinity: () => ({
    by: 'CONNECTION',
    detail: 'routers hash each connection over the nodes that announce the address',
  }),
  drain: () => ({
    seconds: 0,
    detail:
      'routes are withdrawn at once when a node’s last endpoint goes, and after the hold time when the node dies; either way routers may rehash open connections to other nodes, which do not know them',
  }),
  ...announced,
};
