import { annotationOf, numberOf } from '../annotations.js';
import type { Implementation } from '../implementation.js';
import { overNodePorts, tcpCheck } from './over-node-ports.js';

/**
 * Source: linode/linode-cloud-controller-manager docs/configuration/annotations.md: names and defaults; UDP is not
 * checked unless asked for.
 */
const PREFIX = 'service.beta.kubernetes.io/linode-loadbalancer-';

/** Linode's NodeBalancer: a proxy over node ports. */
export const linode: Implementation = overNodePorts({
  name: 'linode',
  title: 'Linode NodeBalancer',
  annotation: /^service\.beta\.kubernetes\.io\/linode-loadbalancer-/,
  providerID: /^linode:\/\//,
  keepsClient: () => false,
  protocols: ['TCP', 'UDP'],
  unread: ['default-algorithm', 'default-stickiness', 'firewall-acl', 'firewall-id', 'udp-check-port'].map(
    (name) => `${PREFIX}${name}`,
  ),
  check({ service }, port) {
    const timing = {
      intervalSeconds: numberOf(service, `${PREFIX}check-interval`) ?? 5,
      timeoutSeconds: numberOf(service, `${PREFIX}check-timeout`) ?? 3,
      unhealthyAfter: numberOf(service, `${PREFIX}check-attempts`) ?? 2,
      healthyAfter: 1,
    };
    const type = annotationOf(service, `${PREFIX}check-type`) ?? 'connection';
    const plain = tcpCheck(port, timing);
    if (plain.protocol === 'NONE' || type === 'connection') return plain;
    if (type === 'none') return { ...plain, protocol: 'NONE', port: 0, answeredBy: 'NOBODY' };
    return { ...plain, protocol: 'HTTP', path: annotationOf(service, `${PREFIX}check-path`) ?? '/' };
  },
  // Its firewall is asked for by annotation (firewall-acl); the field is not documented.
  enforces: () => undefined,
  spread: 'round robin over nodes, unless an annotation asks for another algorithm',
  sticky: false,
  drain: 'connections of a node that is removed end',
});
