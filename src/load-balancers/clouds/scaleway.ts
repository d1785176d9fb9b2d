import { annotationOf, numberOf, wholeNumber } from '../annotations.js';
import { isLocal, nodeHealthCheck } from '../checks.js';
import type { Implementation } from '../implementation.js';
import { overNodePorts, secondsOf, tcpCheck } from './over-node-ports.js';

/** Source: scaleway/scaleway-cloud-controller-manager docs/loadbalancer-annotations.md: names and defaults. */
const PREFIX = 'service.beta.kubernetes.io/scw-loadbalancer-';

/** A value for all ports, or of this port in `80:http;443,8443:https`; undefined where neither is said. */
function ofPort(text: string | undefined, port: number): string | undefined {
  if (text === undefined || !text.includes(':')) return text;
  for (const entry of text.split(';')) {
    const at = entry.indexOf(':');
    if (entry.slice(0, at).split(',').includes(String(port))) return entry.slice(at + 1);
  }
  return undefined;
}

/** Scaleway's load balancer: a proxy over node ports, for TCP alone. */
export const scaleway: Implementation = overNodePorts({
  name: 'scaleway',
  title: 'Scaleway load balancer',
  annotation: /^service\.beta\.kubernetes\.io\/scw-loadbalancer-/,
  providerID: /^scaleway:\/\//,
  keepsClient: () => false,
  protocols: ['TCP'],
  unread: [`${PREFIX}forward-port-algorithm`, `${PREFIX}sticky-sessions`],
  check(balanced, port) {
    const { service } = balanced;
    const timing = {
      intervalSeconds: secondsOf(service, `${PREFIX}health-check-delay`) ?? 5,
      timeoutSeconds: secondsOf(service, `${PREFIX}health-check-timeout`) ?? 5,
      unhealthyAfter: numberOf(service, `${PREFIX}health-check-max-retries`) ?? 5,
      healthyAfter: 1,
    };
    const type = ofPort(annotationOf(service, `${PREFIX}health-check-type`), port.port)?.toUpperCase();
    const asked = ofPort(annotationOf(service, `${PREFIX}health-check-port`), port.port);
    // `auto`: the health check node port under Local (scaleway-cloud-controller-manager,
    // docs/loadbalancer-annotations.md).
    const own = service.spec?.healthCheckNodePort;
    if (asked === 'auto' && isLocal(balanced) && own) return nodeHealthCheck(balanced, timing, []);
    const usual = tcpCheck(port, timing);
    const number = wholeNumber(asked);
    const plain = usual.protocol === 'NONE' || number === undefined ? usual : { ...usual, port: number };
    if (plain.protocol === 'NONE' || (type !== 'HTTP' && type !== 'HTTPS')) return plain;
    return {
      ...plain,
      protocol: type,
      path: ofPort(annotationOf(service, `${PREFIX}health-check-http-uri`), port.port) ?? '/',
    };
  },
  // The controller makes access lists of loadBalancerSourceRanges.
  enforces: () => true,
  spread: 'round robin over servers, unless an annotation asks for another algorithm',
  sticky: false,
  drain: 'connections of a server that is removed end',
});
