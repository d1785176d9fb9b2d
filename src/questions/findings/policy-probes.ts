/** Health checks of load balancers that network policies cut off: the backends look dead though the pods are well. */

import { addressOf, type IPFamily } from '../../base/address.js';
import { QuestionError } from '../../base/errors.js';
import type { Service } from '../../cluster/objects.js';
import type { Finding } from '../../contract/answers.js';
import { isBalanced } from '../../load-balancers/balancer-addresses.js';
import { serviceFamiliesOf } from '../../load-balancers/service-families.js';
import { Fabric } from '../../path/fabric.js';
import { walkProbe } from '../../path/walk-probe.js';
import { enforcementOf } from '../../policies/enforcer.js';
import { policySetOf } from '../../policies/policy-set.js';
import { probeJourneys } from '../path/health-check-result.js';
import type { StateFinder } from './finders.js';
import { finding, listed, MAX_LISTED } from './finding.js';

/** One finding for each Service, and family of it, whose load balancer's probes policies deny at some backend. */
export const probesDenied: StateFinder = ({ cluster, settings, services, wide }) => {
  const { enforced, by } = enforcementOf(cluster, settings.network.policies);
  if (wide === undefined || !enforced) return [];
  if (policySetOf(cluster).isEmpty && by?.deniesByDefault !== true) return [];
  return services.flatMap((key): readonly Finding[] => {
    const service = cluster.services.get(key);
    if (service === undefined || !isBalanced(service, cluster)) return [];
    const families = serviceFamiliesOf(service).filter((family) => hasAddressOf(service, family));
    return families.flatMap((family) => {
      const fabric = new Fabric(cluster, settings, family, { walkProbe });
      return probesOf(fabric, key, service, family);
    });
  });
};

/** Whether the load balancer has, or may have, an address of the family: its status may name none yet, or a host. */
function hasAddressOf({ status }: Service, family: IPFamily): boolean {
  const addresses = (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip ? (addressOf(ip) ?? []) : []));
  return addresses.length === 0 || addresses.some((one) => one.family === family);
}

/** The finding for the probes of one family. */
function probesOf(fabric: Fabric, key: string, service: Service, family: IPFamily): readonly Finding[] {
  if ([...fabric.cluster.nodes.keys()].some((node) => fabric.unmodelled(node) !== undefined)) return [];
  try {
    const clientJourneys = probeJourneys(fabric, fabric.balancerOf(service), {}, { source: { healthCheck: {} } });
    const denied = clientJourneys.filter(
      ({ journey: { verdict, cause } }) => cause === 'NETWORK_POLICY' && verdict !== 'UNKNOWN',
    );
    const [first] = denied;
    if (first === undefined) return [];
    const nodes = [...new Set(denied.map(({ client: { node } }) => node))].sort();
    const from = first.client.address ?? 'its probes';
    const message =
      `Health checks of the load balancer of ${key} (from ${from}) are denied by network policies at ` +
      `${listed(nodes)}: ` +
      `${first.journey.detail}. The load balancer takes these backends out though their pods are well.`;
    return [
      finding('HEALTH_CHECK_DENIED', message, {
        service: key,
        family,
        nodes: nodes.slice(0, MAX_LISTED),
        nodeCount: nodes.length,
        address: from,
        explanation: first.journey.detail,
      }),
    ];
  } catch (error) {
    // Nobody probes it.
    if (error instanceof QuestionError) return [];
    throw error;
  }
}
