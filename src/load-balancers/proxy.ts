import { nodeHealthCheck } from './checks.js';
import { toNodePort } from './forward.js';
import { generic } from './generic.js';
import type { Implementation } from './implementation.js';
import { nodeBackends } from './node-filter.js';
import { ownAddress } from './own-address.js';
import { podBackends, toPod } from './pod-backends.js';

/**
 * A load balancer that ends connections and opens its own to node ports (or, if said, to pods): what a Service's status
 * tells by `ipMode: Proxy`. kube-proxy writes no rule for such an address (KEP-1860, Kubernetes 1.29), so that pods'
 * packets to it leave the cluster and come back through the load balancer.
 */
export const proxy: Implementation = {
  ...generic,
  name: 'proxy',
  title: 'proxying load balancer',
  options: ['targetType', 'proxyAddress', 'healthCheck', 'probesPass', 'enforcesSourceRanges', 'failOpen'],
  reply: () => 'THROUGH',
  // It took the client's connection, and ends it where it has nobody to pass it on to.
  refusesWithoutBackends: () => true,
  takes(service) {
    const proxied = service.status?.loadBalancer?.ingress?.some(({ ipMode }) => ipMode === 'Proxy');
    return proxied ? 'ipMode Proxy in its status' : undefined;
  },
  allocates: () => ({ scheme: 'EXTERNAL', ipMode: 'Proxy' }),
  backends: (balanced) =>
    balanced.options.targetType === 'IP' ? podBackends(balanced, 'pods') : nodeBackends(balanced, 'nodes'),
  forward(balanced, sent, backend) {
    const source = ownAddress(balanced, 'an address of the proxy');
    return backend.kind === 'POD'
      ? toPod(balanced, sent, backend, source)
      : toNodePort(balanced, sent, backend, source);
  },
  healthCheck(balanced, port) {
    const check = generic.healthCheck(balanced, port);
    return balanced.options.targetType === 'IP'
      ? { ...check, answeredBy: 'POD' }
      : nodeHealthCheck(balanced, check, []);
  },
};
