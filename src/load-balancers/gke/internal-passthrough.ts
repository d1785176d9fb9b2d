import { ZERO } from '../../base/fraction.js';
import type { Balanced, Implementation } from '../implementation.js';
import { GKE_ANNOTATIONS } from './annotation-list.js';
import { groupBackends, negBackends } from './backends.js';
import { INSTANCE_GROUP_LIMIT, SINCE } from './facts.js';
import { backendKind, outOfReach, regionsOf, schemeShown } from './kind.js';
import { gkeFirewall, gkeHealthCheck, gkeWeights, PASSTHROUGH_OPTIONS, passthrough } from './passthrough.js';
import { isSince, newestVersion } from './version.js';

const ZONAL_DISTRIBUTIONS = ['PreferClose', 'PreferSameZone'];

/**
 * Whether clients keep to their zone: the Service asks for it, and the load balancer has NEGs. The controller has it by
 * a flag, which no snapshot shows. Sources: GKE, "Create an internal load balancer" (zonal affinity); ingress-gce
 * pkg/l4; Google Cloud, "Zonal affinity for internal passthrough Network Load Balancers"
 * (cloud.google.com/load-balancing/docs/internal/zonal-affinity).
 */
function keepsToZone(balanced: Balanced): boolean {
  const { options, service, cluster } = balanced;
  if (!ZONAL_DISTRIBUTIONS.includes(service.spec?.trafficDistribution ?? '')) return false;
  if (options.zonalAffinity !== undefined) return options.zonalAffinity;
  const version = newestVersion(cluster);
  const has = version !== undefined && isSince(version, SINCE.zonalAffinity);
  const keeps = has && backendKind(balanced, 'INTERNAL') === 'NEG';
  balanced.assume(
    'loadBalancer.zonalAffinity',
    keeps,
    'With GKE subsetting, GKE makes zonal affinity of trafficDistribution, a preview of 1.33 and later: ' +
      'whether this cluster has it, no snapshot shows. Option zonalAffinity says otherwise.',
  );
  return keeps;
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
    ...PASSTHROUGH_OPTIONS,
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
      'An internal load balancer over instance groups has 250 VMs at most; which ones is not documented: the ' +
        'first of the snapshot are taken.',
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
    // Only machines in the load balancer's region are held to their zone; for others it is as if there were no
    // affinity.
    if (client.zone === '') return weights;
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
