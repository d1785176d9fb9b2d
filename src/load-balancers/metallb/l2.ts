import { ONE } from '../../base/fraction.js';
import { remember } from '../../base/remember.js';
import { announcement } from '../checks.js';
import type { Balanced, Implementation } from '../implementation.js';
import { announcedBy, statedLeader } from './advertisements.js';
import { announced, firstAddress } from './announced-address.js';
import { convergence, leaderOf, shownMetallb, speakers, whyNotAnnouncing } from './speakers.js';

/** A speaker that stops is missed by the others after about this long (memberlist's default for local networks). */
const FAILOVER_SECONDS = 10;

const leaders = new WeakMap<Balanced, string>();

/** The node whose speaker answers ARP (NDP) for the Service's address; '' where no speaker may. */
function leader(balanced: Balanced): string {
  return remember(leaders, balanced, () => elected(balanced));
}

function elected(balanced: Balanced): string {
  const candidates = speakers(balanced, '', 'L2').members.filter(
    ({ node }) => whyNotAnnouncing(balanced, node) === undefined,
  );
  const { leader: given } = balanced.options;
  if (given !== undefined && candidates.some(({ node }) => node === given)) return given;
  const stated = statedLeader(balanced.cluster, balanced.service);
  if (given === undefined && stated !== undefined && candidates.some(({ node }) => node === stated)) return stated;
  balanced.assume(
    'loadBalancer.leader',
    'by hash of node and address',
    'Speakers elect the leader so; where lease-based election is on it may be another, which the option leader says.',
  );
  const names = candidates.map(({ node }) => node);
  return leaderOf(names, firstAddress(balanced)) ?? '';
}

/**
 * MetalLB in layer 2 mode: one node at a time answers for the address, so every connection enters there and
 * kube-proxy's rules spread them. Source: metallb/metallb speaker/layer2_controller.go (0.15) and its documentation.
 */
export const metallbL2: Implementation = {
  name: 'metallb-l2',
  title: 'MetalLB (layer 2)',
  options: ['announcingNodes', 'leader', 'enforcesSourceRanges'],
  takes(service, _platform, cluster) {
    return shownMetallb(service, cluster);
  },
  backends(balanced) {
    const objects = announcedBy(balanced.cluster, balanced.service);
    if (objects === undefined) {
      balanced.assume(
        'loadBalancer.mode',
        'layer 2',
        'The snapshot holds no L2Advertisement and no BGPAdvertisement of MetalLB: implementation ' +
          'metallb-bgp says the other.',
      );
    } else if (objects.modes.size > 1) {
      balanced.assume(
        'loadBalancer.mode',
        'layer 2',
        'The address is announced in both modes: the answer is about clients of its own network, which come ' +
          'by layer 2; those behind routers come by BGP (implementation metallb-bgp).',
      );
    }
    if (objects !== undefined && objects.interfaces.length > 0) {
      balanced.assume(
        'loadBalancer.interfaces',
        objects.interfaces,
        'An L2Advertisement names network interfaces: which nodes have them, a snapshot does not show; taken ' +
          'to be all that are selected.',
      );
    }
    return speakers(balanced, 'speakers, of which one leads', 'L2');
  },
  weights: (_balanced, candidates) => candidates.map(() => ONE),
  probe(balanced, { node }) {
    const silent = whyNotAnnouncing(balanced, node);
    if (silent !== undefined) return { healthy: false, status: undefined, detail: silent };
    const leads = leader(balanced);
    return leads === node
      ? { healthy: true, status: undefined, detail: `${node} leads: its speaker answers for the address` }
      : { healthy: false, status: undefined, detail: `${leads} leads, not ${node}` };
  },
  healthCheck: (balanced) => announcement(convergence(balanced, FAILOVER_SECONDS)),
  affinity: () => ({ by: 'CLIENT_ADDRESS', detail: 'all connections enter at the node that leads' }),
  drain: () => ({
    seconds: 0,
    detail:
      'when another node comes to lead, packets of open connections arrive there, where nobody knows them, ' +
      'unless kube-proxy happens to send them to the same pod',
  }),
  ...announced,
};
