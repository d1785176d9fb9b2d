import { ZERO } from '../../base/fraction.js';
import type { Balanced, Implementation } from '../implementation.js';
import { GKE_ANNOTATIONS } from './annotation-list.js';
import { groupBackends, negBackends } from './backends.js';
import { INSTANCE_GROUP_LIMIT } from './facts.js';
import { backendKind, outOfReach, regionsOf, schemeShown } from './kind.js';
import { gkeFirewall, gkeHealthCheck, gkeWeights, passthrough } from './passthrough.js';

const ZONAL_DISTRIBUTIONS = ['PreferClose', 'PreferSameZone'];

/** Whether clients keep to their zone: said, and the Service asks for it (ingress-gce pkg/l4, a controller flag). */
function keepsToZone({ options, service }: Balanced): boolean {
  return (options.zonalAffinity ?? false) && ZONAL_DISTRIBUTIONS.includes(service.spec?.trafficDistribution ?? '');
}

/**
 * Google Cloud's internal passthrough Network Load Balancer: as the external one, for clients of the VPC.
 * Source: ingress-gce pkg/l4, cloud-provider-gcp gce_loadbalancer_internal.go.
 */
export const gkeInternalPassthrough: Implementation = {
  name: 'gke-internal-passthrough',
  title: 'Google Cloud internal passthrough Network Load Balancer',
  options: [
    'backends',
    'subsetting',
    'previousSubset',
    'weighted',
    'zonalAffinity',
    'includeDrainingNodes',
    'failOpen',
  ],
  annotations: GKE_ANNOTATIONS,
  takes: (service, platform) => schemeShown(service, 'INTERNAL', platform === 'gke'),
  allocates: () => ({ scheme: 'INTERNAL', ipMode: 'VIP' }),
  backends(balanced) {
    if (backendKind(balanced, 'INTERNAL') === 'NEG') return negBackends(balanced, 'INTERNAL');
    const all = groupBackends(balanced, 'instance groups');
    if (all.members.length <= INSTANCE_GROUP_LIMIT) return all;
    balanced.assume(
      'loadBalancer.instanceGroupLimit',
      INSTANCE_GROUP_LIMIT,
      'An internal load balancer over instance groups has 250 VMs at most; which ones is not documented: the first of the snapshot are taken.',
    );
    const beyond = all.members.slice(INSTANCE_GROUP_LIMIT);
    return {
      ...all,
      members: all.members.slice(0, INSTANCE_GROUP_LIMIT),
      excluded: [
        ...all.excluded,
        ...beyond.map(({ node }) => ({ name: node, why: `beyond the limit of ${INSTANCE_GROUP_LIMIT} VMs` })),
      ],
    };
  },
  reach: (balanced, { zone }, members) => outOfReach(balanced, zone, regionsOf(members.map((one) => one.zone))),
  weights(balanced, candidates, client) {
    const weights = gkeWeights(balanced, candidates, 'INTERNAL');
    if (!keepsToZone(balanced)) return weights;
    if (client.zone === '') {
      balanced.assume(
        'loadBalancer.zonalAffinity',
        'none for clients whose zone is not known',
        'Zonal affinity holds clients to backends of their zone; how it treats others is not verified.',
      );
      return weights;
    }
    const near = candidates.some(({ backend }) => backend.zone === client.zone);
    return near
      ? weights.map((weight, index) => (candidates[index]?.backend.zone === client.zone ? weight : ZERO))
      : weights;
  },
  healthCheck: (balanced) => gkeHealthCheck(balanced, 'INTERNAL'),
  firewall: (balanced) => gkeFirewall(balanced, 'INTERNAL'),
  drain: () => ({ seconds: 30, detail: 'connections of a backend that is removed may go on for 30 seconds' }),
  ...passthrough,
};
