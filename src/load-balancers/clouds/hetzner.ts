import { annotationOf, numberOf } from '../annotations.js';
import { NO_CHECK } from '../checks.js';
import type { Implementation } from '../implementation.js';
import { overNodePorts, secondsOf } from './over-node-ports.js';

/**
 * Source: hetznercloud/hcloud-cloud-controller-manager internal/annotation/load_balancer.go (names) and
 * internal/hcops/load_balancer.go; a target needs as many passes to become healthy as failures to become unhealthy
 * (Hetzner Cloud API, load balancer service, health check).
 */
const PREFIX = 'load-balancer.hetzner.cloud/';

/** Hetzner Cloud's load balancer: a proxy over node ports, for TCP alone. */
export const hetzner: Implementation = overNodePorts({
  name: 'hetzner',
  title: 'Hetzner Cloud load balancer',
  annotation: /^load-balancer\.hetzner\.cloud\//,
  providerID: /^hcloud:\/\//,
  keepsClient: () => false,
  protocols: ['TCP'],
  unread: [`${PREFIX}node-selector`, `${PREFIX}algorithm-type`],
  check({ service }, port) {
    if ((port.protocol ?? 'TCP') !== 'TCP') return NO_CHECK;
    const said = annotationOf(service, `${PREFIX}health-check-protocol`)?.toUpperCase();
    const protocol = said === 'HTTP' || said === 'HTTPS' ? said : 'TCP';
    const retries = numberOf(service, `${PREFIX}health-check-retries`) ?? 3;
    return {
      protocol,
      port: numberOf(service, `${PREFIX}health-check-port`) ?? port.nodePort ?? 0,
      ...(protocol === 'TCP' ? {} : { path: annotationOf(service, `${PREFIX}health-check-http-path`) ?? '/' }),
      intervalSeconds: secondsOf(service, `${PREFIX}health-check-interval`) ?? 15,
      timeoutSeconds: secondsOf(service, `${PREFIX}health-check-timeout`) ?? 10,
      unhealthyAfter: retries,
      healthyAfter: retries,
      sources: [],
      answeredBy: 'NODE_PORT',
    };
  },
  // Its load balancers have no firewall (Hetzner documentation, "Load Balancers", firewalls are for servers).
  enforces: () => false,
  spread: 'round robin over targets, unless an annotation asks for least connections',
  sticky: false,
  drain: 'connections of a target that is removed end',
});
