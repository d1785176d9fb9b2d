import { annotationOf, numberOf, switchOf } from '../annotations.js';
import { isLocal, NO_CHECK, nodeHealthCheck } from '../checks.js';
import type { Balanced, Implementation } from '../implementation.js';
import { overNodePorts, tcpCheck } from './over-node-ports.js';

/**
 * Numbers and names of OpenStack's Octavia behind cloud-provider-openstack. Source: its
 * docs/openstack-cloud-controller-manager (expose-applications-using-loadbalancer-type-service.md,
 * using-openstack-cloud-controller-manager.md: create-monitor and monitor-*), pkg/openstack/loadbalancer.go; the
 * Octavia user guide for its providers.
 */
const PREFIX = 'loadbalancer.openstack.org/';
const TIMING = { delay: 5, timeout: 3, up: 1, down: 3 } as const;

/** Which provider of Octavia has it. No snapshot shows it. */
function provider(balanced: Balanced): 'AMPHORA' | 'OVN' {
  const given = balanced.options.provider;
  if (given === undefined) {
    balanced.assume(
      'loadBalancer.provider',
      'AMPHORA',
      'Octavia’s provider is in cloud.conf (lb-provider), which no snapshot holds: Amphora is its ' +
        'default, a proxy whose address pods see. OVN keeps the client’s. Option provider says which.',
    );
  }
  return given ?? 'AMPHORA';
}

/** Whether Octavia checks its members: annotation, else cloud.conf (create-monitor), whose default is no. */
function monitored(balanced: Balanced): boolean {
  const said = switchOf(balanced.service, `${PREFIX}enable-health-monitor`);
  if (said !== undefined) return said;
  balanced.assume(
    'loadBalancer.healthCheck',
    'NONE',
    'Whether Octavia checks its members is in cloud.conf (create-monitor), which no snapshot holds: off ' +
      'is its default. Option healthCheck says otherwise.',
  );
  return false;
}

/** OpenStack's Octavia over node ports: Amphora, a proxy, or OVN, which keeps the client's address. */
export const octavia: Implementation = {
  ...overNodePorts({
    name: 'octavia',
    title: 'OpenStack Octavia load balancer',
    annotation: /^loadbalancer\.openstack\.org\//,
    providerID: /^openstack:\/\//,
    keepsClient: (balanced) => provider(balanced) === 'OVN',
    protocols: ['TCP', 'UDP', 'SCTP'],
    check(balanced, port) {
      const { service } = balanced;
      if (!monitored(balanced)) return NO_CHECK;
      const timing = {
        intervalSeconds: numberOf(service, `${PREFIX}health-monitor-delay`) ?? TIMING.delay,
        timeoutSeconds: numberOf(service, `${PREFIX}health-monitor-timeout`) ?? TIMING.timeout,
        unhealthyAfter: numberOf(service, `${PREFIX}health-monitor-max-retries-down`) ?? TIMING.down,
        healthyAfter: numberOf(service, `${PREFIX}health-monitor-max-retries`) ?? TIMING.up,
      };
      // OVN has no monitors by HTTP: there the node port itself is tried under Local too.
      const local = isLocal(balanced) && (service.spec?.healthCheckNodePort ?? 0) !== 0;
      return local && provider(balanced) !== 'OVN' ? nodeHealthCheck(balanced, timing, []) : tcpCheck(port, timing);
    },
    enforces: (balanced) => provider(balanced) !== 'OVN',
    spread: (balanced) =>
      provider(balanced) === 'OVN'
        ? 'each connection is hashed by its addresses and ports'
        : 'round robin over members',
    sticky: true,
    drain: 'connections of a member that is removed end with it',
    options: ['provider'],
  }),
  allocates: ({ service }) => ({
    scheme:
      annotationOf(service, 'service.beta.kubernetes.io/openstack-internal-load-balancer') === 'true'
        ? 'INTERNAL'
        : 'EXTERNAL',
    ipMode: 'VIP',
  }),
};
