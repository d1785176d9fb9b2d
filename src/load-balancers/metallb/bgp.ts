import { addressOf, cidrContains, networkOf } from '../../base/address.js';
import { ONE, ZERO } from '../../base/fraction.js';
import { remember } from '../../base/remember.js';
import { namespacedName, type Service } from '../../cluster/objects.js';
import { announcement } from '../checks.js';
import type { Balanced, Implementation } from '../implementation.js';
import { announcedBy, type Route } from './advertisements.js';
import { announced } from './announced-address.js';
import { wantedAddresses } from './sharing.js';
import { convergence, isDown, shownMetallb, speakers, whyNotAnnouncing } from './speakers.js';

/**
 * BGP hold time: how long routers keep a route of a node that fell silent (metallb API: BGPPeer holdTime, default 90
 * s).
 */
const HOLD_SECONDS = 90;

/** A Service of the cluster in the place of the one that is asked about. */
function asked(balanced: Balanced, service: Service): Balanced {
  return { ...balanced, service, key: namespacedName(service) };
}

/** The other Services with an address in the prefix of this one. */
function inPrefix({ cluster, service }: Balanced, length: number): readonly Service[] {
  const own = wantedAddresses(service).flatMap((text) => networkOf(`${text}/${length}`) ?? []);
  return [...cluster.services.values()].filter(
    (other) =>
      other !== service &&
      wantedAddresses(other).some((text) => {
        const address = addressOf(text);
        return address !== undefined && own.some((one) => one.family === address.family && cidrContains(one, address));
      }),
  );
}

const known = new WeakMap<Balanced, Map<string, readonly Route[]>>();

/**
 * The routes to the Service's address that the speaker of a node announces: the address itself where it announces the
 * Service, and a shorter prefix where it announces any Service with an address in it (metallb.io, "Advanced BGP
 * configuration", aggregation). Undefined: the snapshot holds no advertisement.
 */
function routesOf(balanced: Balanced, name: string): readonly Route[] | undefined {
  const node = balanced.cluster.nodes.get(name);
  const objects = announcedBy(balanced.cluster, balanced.service);
  if (node === undefined || objects === undefined || balanced.options.announcingNodes !== undefined) return undefined;
  const byNode = remember(known, balanced, () => new Map<string, readonly Route[]>());
  return remember(byNode, name, () =>
    objects.routes(node, balanced.family).filter(({ isAggregate, length, serves }) => {
      if (whyNotAnnouncing(balanced, name) === undefined) return true;
      if (!isAggregate || isDown(balanced, name)) return false;
      return inPrefix(balanced, length).some(
        (other) => serves(other) && whyNotAnnouncing(asked(balanced, other), name) === undefined,
      );
    }),
  );
}

/** The route that routers prefer among those of one node: the longest prefix, then the highest preference. */
function best(routes: readonly Route[]): readonly [length: number, localPref: number] {
  const length = Math.max(...routes.map((one) => one.length));
  return [length, Math.max(...routes.filter((one) => one.length === length).map(({ localPref }) => localPref))];
}

/**
 * MetalLB in BGP mode: every node (under Local, every node with endpoints) announces the address, and routers spread
 * connections over them by ECMP. Source: metallb/metallb speaker/bgp_controller.go and its documentation.
 */
export const metallbBgp: Implementation = {
  name: 'metallb-bgp',
  title: 'MetalLB (BGP)',
  options: ['announcingNodes', 'enforcesSourceRanges'],
  takes(service, _platform, cluster) {
    const shown = shownMetallb(service, cluster);
    const modes = shown === undefined ? undefined : announcedBy(cluster, service)?.modes;
    return modes?.has('BGP') && !modes.has('L2') ? `${shown}, a BGPAdvertisement and no L2Advertisement` : undefined;
  },
  backends: (balanced) => speakers(balanced, 'BGP speakers', 'BGP'),
  weights(balanced, candidates) {
    const routes = candidates.map(({ backend }) => routesOf(balanced, backend.node));
    const preferred = routes.map((one): readonly [number, number] =>
      one === undefined || one.length === 0 ? [0, 0] : best(one),
    );
    const length = Math.max(...preferred.map(([own]) => own));
    const pref = Math.max(...preferred.filter(([own]) => own === length).map(([, own]) => own));
    const takes = preferred.map(([own, ownPref]) => own === length && ownPref === pref);
    if (routes.some((one) => one?.some(({ isAggregate }) => isAggregate))) {
      balanced.assume(
        'loadBalancer.aggregation',
        `/${length}`,
        'A BGPAdvertisement aggregates addresses into shorter prefixes, which a node announces while any ' +
          'address in it is in use there: routers take the longest prefix that is announced.',
      );
    }
    if (preferred.some(([own, ownPref]) => own === length && ownPref !== pref)) {
      balanced.assume(
        'loadBalancer.localPref',
        pref,
        'BGPAdvertisements give nodes different localPref: routers of the same autonomous system take the ' +
          'routes with the highest alone; those of another do not see it.',
      );
    }
    balanced.assume(
      'loadBalancer.ecmp',
      'all announcing nodes alike, by connection',
      'Routers are taken to hash each connection over equal routes; how many routes they use and what they ' +
        'hash is their own configuration.',
    );
    return takes.map((one) => (one ? ONE : ZERO));
  },
  probe(balanced, { node }) {
    const silent = whyNotAnnouncing(balanced, node);
    if (silent === undefined)
      return { healthy: true, status: undefined, detail: `the speaker of ${node} announces the address` };
    const [route] = routesOf(balanced, node) ?? [];
    if (route === undefined) return { healthy: false, status: undefined, detail: silent };
    const detail =
      `the speaker of ${node} announces a prefix of /${route.length} ` + 'that holds the address, for another Service';
    return { healthy: true, status: undefined, detail };
  },
  healthCheck: (balanced) => announcement(convergence(balanced, HOLD_SECONDS)),
  affinity: () => ({
    by: 'CONNECTION',
    detail: 'routers hash each connection over the nodes that announce the address',
  }),
  drain: () => ({
    seconds: 0,
    detail:
      'routes are withdrawn at once when a node’s last endpoint goes, and after the hold time when the node ' +
      'dies; either way routers may rehash open connections to other nodes, which do not know them',
  }),
  ...announced,
};
