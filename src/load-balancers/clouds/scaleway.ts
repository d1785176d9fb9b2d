import { annotationOf, numberOf } from '../annotations.js';
import type { Implementation } from '../implementation.js';
import { overNodePorts, secondsOf, tcpCheck } from './over-node-ports.js';

/** Source: scaleway/scaleway-cloud-controller-manager docs/loadbalancer-annotations.md and scaleway/loadbalancers.go. */
const PREFIX = 'service.beta.kubernetes.io/scw-loadbalancer-';

/** Scaleway's load balancer: a proxy over node ports, for TCP alone. */
export const scaleway: Implementation = overNodePorts({
  name: 'scaleway',
  title: 'Scaleway load balancer',
  annotation: /^service\.beta\.kubernetes\.io\/scw-loadbalancer-/,
  providerID: /^scaleway:\/\//,
  keepsClient: () => false,
  protocols: ['TCP'],
  check({ service }, port) {
    const timing = {
      intervalSeconds: secondsOf(service, `${PREFIX}health-check-delay`) ?? 5,
      timeoutSeconds: secondsOf(service, `${PREFIX}health-check-timeout`) ?? 5,
      unhealthyAfter: numberOf(service, `${PREFIX}health-check-max-retries`) ?? 5,
      healthyAfter: 1,
    };
    const type = annotationOf(service, `${PREFIX}health-check-type`)?.toUpperCase();
    const plain = tcpCheck(port, timing);
    if (plain.protocol === 'NONE' || (type !== 'HTTP' && type !== 'HTTPS')) return plain;
    return { ...plain, protocol: type, path: annotationOf(service, `${PREFIX}health-check-http-uri`) ?? '/' };
  },
  // The controller makes access lists of loadBalancerSourceRanges.
  enforces: () => true,
  spread: 'round robin over servers, unless an annotation asks for another algorithm',
  sticky: false,
  drain: 'connections of a server that is removed end',
});
