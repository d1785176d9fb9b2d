import { annotationOf } from '../annotations.js';
import { keepHeader } from '../forward.js';
import type { Balanced, Implementation } from '../implementation.js';
import { localCheck, overNodePorts, secondsOf } from './over-node-ports.js';

/**
 * Source: digitalocean/digitalocean-cloud-controller-manager docs/controllers/services/annotations.md: names and
 * defaults.
 */
const PREFIX = 'service.beta.kubernetes.io/do-loadbalancer-';

/** Whether it is a network load balancer, which passes packets as they are. */
function isNetwork({ service }: Balanced): boolean {
  return annotationOf(service, `${PREFIX}type`)?.toUpperCase() === 'REGIONAL_NETWORK';
}

const proxying = overNodePorts({
  name: 'digitalocean',
  title: 'DigitalOcean load balancer',
  annotation: /^(?:service\.beta\.kubernetes\.io\/do-loadbalancer-|kubernetes\.digitalocean\.com\/load-balancer-id)/,
  providerID: /^digitalocean:\/\//,
  keepsClient: () => false,
  protocols: ['TCP', 'UDP'],
  unread: ['algorithm', 'sticky-sessions-type', 'healthcheck-protocol', 'healthcheck-port', 'healthcheck-path'].map(
    (name) => `${PREFIX}${name}`,
  ),
  check(balanced, port) {
    const { service } = balanced;
    const timing = {
      intervalSeconds: secondsOf(service, `${PREFIX}healthcheck-check-interval-seconds`) ?? 3,
      timeoutSeconds: secondsOf(service, `${PREFIX}healthcheck-response-timeout-seconds`) ?? 5,
      unhealthyAfter: secondsOf(service, `${PREFIX}healthcheck-unhealthy-threshold`) ?? 3,
      healthyAfter: secondsOf(service, `${PREFIX}healthcheck-healthy-threshold`) ?? 5,
    };
    return localCheck(balanced, port, timing, 'KUBE_PROXY');
  },
  enforces: () => true,
  spread: (balanced) =>
    isNetwork(balanced)
      ? 'each connection is hashed by its addresses and ports'
      : 'round robin over droplets, unless an annotation asks for least connections',
  sticky: false,
  drain: 'connections of a droplet that is removed end',
});

/**
 * DigitalOcean's load balancer: a proxy over node ports, or with type REGIONAL_NETWORK one that passes packets as they
 * are.
 */
export const digitalocean: Implementation = {
  ...proxying,
  forward: (balanced, sent, backend) =>
    isNetwork(balanced) && (balanced.options.preserveClientAddress ?? true)
      ? keepHeader(sent, backend)
      : proxying.forward(balanced, sent, backend),
  reply: (balanced) => balanced.options.reply ?? (isNetwork(balanced) ? 'DIRECT' : 'THROUGH'),
  // A network load balancer ends no connections: without nodes nobody answers.
  refusesWithoutBackends: (balanced) => !isNetwork(balanced),
};
