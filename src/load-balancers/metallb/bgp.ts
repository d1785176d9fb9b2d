import { ONE, ZERO } from '../../base/fraction.js';
import type { Implementation } from '../implementation.js';
import { announcedBy } from './advertisements.js';
import { announced, announcement } from './common.js';
import { convergence, shownMetallb, silence, speakers } from './speakers.js';

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
  takes(service, _platform, cluster) {
    const shown = shownMetallb(service, cluster);
    const modes = shown === undefined ? undefined : announcedBy(cluster, service)?.modes;
    return modes?.has('BGP') && !modes.has('L2') ? `${shown}, a BGPAdvertisement and no L2Advertisement` : undefined;
  },
  backends: (balanced) => speakers(balanced, 'BGP speakers', 'BGP'),
  weights(balanced, candidates) {
    const objects = announcedBy(balanced.cluster, balanced.service);
    if (objects?.aggregated) {
      balanced.assume(
        'loadBalancer.aggregation',
        'routes of the address alone',
        'A BGPAdvertisement aggregates addresses into shorter prefixes: a node announces a prefix while any address in it is in use there.',
      );
    }
    const prefs = candidates.map(({ backend }) => {
      const node = balanced.cluster.nodes.get(backend.node);
      return node === undefined || objects === undefined ? 0 : objects.localPref(node);
    });
    const best = Math.max(...prefs);
    if (prefs.some((pref) => pref !== best)) {
      balanced.assume(
        'loadBalancer.localPref',
        best,
        'BGPAdvertisements give nodes different localPref: routers of the same autonomous system take the routes with the highest alone; those of another do not see it.',
      );
    }
    balanced.assume(
      'loadBalancer.ecmp',
      'all announcing nodes alike, by connection',
      'Routers are taken to hash each connection over equal routes; how many routes they use and what they hash is their own configuration.',
    );
    return prefs.map((pref) => (pref === best ? ONE : ZERO));
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
