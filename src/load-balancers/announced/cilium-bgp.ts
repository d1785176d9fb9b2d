/**
 * Cilium's BGP control plane: nodes announce the addresses of Services, and routers spread connections over them.
 * Sources: Cilium, "BGP Control Plane Resources"
 * (docs.cilium.io/en/stable/network/bgp-control-plane/bgp-control-plane-v2/) and "BGP Control Plane (Legacy)": a
 * CiliumBGPClusterConfig selects nodes, a CiliumBGPAdvertisement of type Service selects Services and says
 * LoadBalancerIP; before that a CiliumBGPPeeringPolicy does both. With externalTrafficPolicy Local only nodes with an
 * endpoint announce.
 */

import { ONE } from '../../base/fraction.js';
import { fieldsOf } from '../../base/record.js';
import type { Cluster } from '../../cluster/cluster.js';
import { matchesSelector } from '../../cluster/labels.js';
import type { Node, Service } from '../../cluster/objects.js';
import { type Resource, resourceName } from '../../cluster/resources.js';
import { announcement, isLocal } from '../checks.js';
import { listOf, selectorOf } from '../fields.js';
import { readyEndpointsOn } from '../health.js';
import type { Balanced, Implementation, ProbeResult } from '../implementation.js';
import { nodeBackends } from '../node-filter.js';
import { allocatedByCilium } from './cilium-pools.js';
import { held, isDown } from './holding.js';

const CLASS = 'io.cilium/bgp-control-plane';
/** The hold time of a session by default (CiliumBGPPeerConfig, timers.holdTimeSeconds). */
const HOLD_SECONDS = 90;

/** Labels that selectors of Services may name beside a Service's own. */
function labelsOf({ metadata: { labels, name, namespace = 'default' } }: Service): Readonly<Record<string, string>> {
  return {
    ...labels,
    'io.kubernetes.service.name': name,
    'io.kubernetes.service.namespace': namespace,
    'io.cilium/lb-ipam': '',
  };
}

/** Whether a selector takes a Service; an absent one takes none, as the documentation has it. */
function takesService(selector: unknown, service: Service): boolean {
  return selector !== undefined && selector !== null && matchesSelector(labelsOf(service), selectorOf(selector));
}

function announces({ spec }: Resource, service: Service): boolean {
  return listOf(fieldsOf(spec).advertisements).some((one) => {
    const { advertisementType, selector, service: of } = fieldsOf(one);
    const addresses = listOf(fieldsOf(of).addresses);
    return advertisementType === 'Service' && addresses.includes('LoadBalancerIP') && takesService(selector, service);
  });
}

/** Node selectors of the objects that announce a Service, with their names; undefined: none does. */
function announcing(cluster: Cluster, service: Service): ReadonlyMap<string, unknown> | undefined {
  const all = [...cluster.resources.values()];
  const of = (kind: string) => all.filter((one) => one.kind === kind);
  const found = new Map<string, unknown>();
  if (of('CiliumBGPAdvertisement').some((one) => announces(one, service))) {
    for (const config of of('CiliumBGPClusterConfig'))
      found.set(resourceName(config), fieldsOf(config.spec).nodeSelector);
  }
  for (const policy of of('CiliumBGPPeeringPolicy')) {
    const { nodeSelector, virtualRouters } = fieldsOf(policy.spec);
    const takes = listOf(virtualRouters).some((one) => takesService(fieldsOf(one).serviceSelector, service));
    if (takes) found.set(resourceName(policy), nodeSelector);
  }
  return found.size === 0 ? undefined : found;
}

function probe(balanced: Balanced, name: string): ProbeResult {
  const why = isDown(balanced, name)
    ? `${name} is down (its Ready condition is Unknown)`
    : isLocal(balanced) && readyEndpointsOn(balanced, name) === 0
      ? `no ready endpoint of ${balanced.key} on ${name}: it does not announce the address`
      : undefined;
  return { healthy: why === undefined, status: undefined, detail: why ?? `${name} announces the address` };
}

export const ciliumBgp: Implementation = {
  name: 'cilium-bgp',
  title: 'Cilium (BGP)',
  options: ['announcingNodes', 'enforcesSourceRanges'],
  takes(service, _platform, cluster) {
    const { loadBalancerClass } = service.spec ?? {};
    if (loadBalancerClass) return loadBalancerClass === CLASS ? `loadBalancerClass ${CLASS}` : undefined;
    const [name] = [...(announcing(cluster, service)?.keys() ?? [])];
    return name === undefined ? undefined : `${name} announces it`;
  },
  probe: (balanced, { node }) => probe(balanced, node),
  healthCheck: () => announcement(HOLD_SECONDS),
  ...held,
  allocates: allocatedByCilium,
  backends(balanced) {
    const { cluster, service, options } = balanced;
    const selectors = announcing(cluster, service);
    if (options.announcingNodes === undefined) {
      balanced.assume(
        'loadBalancer.announcingNodes',
        selectors === undefined ? 'every node' : [...selectors.keys()],
        selectors === undefined
          ? 'The snapshot holds no object of Cilium that announces the Service by BGP.'
          : 'Every node that one of these selects is taken to have a session and to announce the address; ' +
              'peers and their filters are not read.',
      );
    }
    const selected = ({ metadata: { labels } }: Node) =>
      selectors === undefined ||
      [...selectors.values()].some(
        (selector) => selector === undefined || selector === null || matchesSelector(labels, selectorOf(selector)),
      );
    return nodeBackends(balanced, 'nodes that announce the address', (node) => {
      if (options.announcingNodes !== undefined) {
        return options.announcingNodes.includes(node.metadata.name) ? undefined : 'it is not to announce the address';
      }
      return selected(node)
        ? undefined
        : 'no CiliumBGPClusterConfig and no CiliumBGPPeeringPolicy of the Service selects it';
    });
  },
  weights(balanced, candidates) {
    balanced.assume(
      'loadBalancer.ecmp',
      'all announcing nodes alike, by connection',
      'Routers are taken to hash each connection over equal routes; how many routes they use and what they ' +
        'hash is their own configuration.',
    );
    return candidates.map(() => ONE);
  },
  affinity: () => ({
    by: 'CONNECTION',
    detail: 'routers hash each connection over the nodes that announce the address',
  }),
  drain: () => ({
    seconds: 0,
    detail:
      'when a route is withdrawn, routers may send packets of open connections to other nodes, which do not know them',
  }),
  addressIsLocal: () => false,
};
