import type { Service } from '../../cluster/objects.js';
import { annotationOf, numberOf } from '../annotations.js';
import { isLocal } from '../checks.js';
import type { Balanced, Implementation } from '../implementation.js';
import { localCheck, overNodePorts } from './over-node-ports.js';

/** Source: oracle/oci-cloud-controller-manager docs/load-balancer-annotations.md: names and defaults; times are in milliseconds there. */
const PREFIX = 'service.beta.kubernetes.io/oci-load-balancer-';

/** A time of an annotation in seconds. */
function seconds(service: Service, name: string): number | undefined {
  const milliseconds = numberOf(service, `${PREFIX}${name}`);
  return milliseconds === undefined ? undefined : milliseconds / 1000;
}

function isNetwork({ service }: Balanced): boolean {
  return annotationOf(service, 'oci.oraclecloud.com/load-balancer-type') === 'nlb';
}

/** Oracle Cloud's load balancer, a proxy, or its network load balancer, which can keep the client's address. */
export const oracle: Implementation = overNodePorts({
  name: 'oracle',
  title: 'Oracle Cloud load balancer',
  annotation:
    /^(?:oci\.oraclecloud\.com\/|service\.beta\.kubernetes\.io\/oci-|oci-network-load-balancer\.oraclecloud\.com\/)/,
  providerID: /^(?:oci:\/\/)?ocid1\.instance\./,
  keepsClient(balanced) {
    if (!isNetwork(balanced)) return false;
    const said = annotationOf(balanced.service, 'oci-network-load-balancer.oraclecloud.com/is-preserve-source');
    return said === undefined ? isLocal(balanced) : said === 'true';
  },
  protocols: ['TCP', 'UDP'],
  check(balanced, port) {
    const { service } = balanced;
    const retries = numberOf(service, `${PREFIX}health-check-retries`) ?? 3;
    const timing = {
      intervalSeconds: seconds(service, 'health-check-interval') ?? 10,
      timeoutSeconds: seconds(service, 'health-check-timeout') ?? 3,
      unhealthyAfter: retries,
      healthyAfter: retries,
    };
    return localCheck(balanced, port, timing, 'KUBE_PROXY');
  },
  // Source ranges become rules of security lists, which the controller manages in modes All (the default) and Frontend.
  enforces: ({ service }) => annotationOf(service, `${PREFIX}security-list-management-mode`) !== 'None',
  spread: 'round robin over backends, or a hash of addresses and ports (network load balancer)',
  sticky: false,
  drain: 'connections of a backend that is drained go on, of one that is removed end',
});
