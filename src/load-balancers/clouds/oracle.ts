import { annotationOf } from '../annotations.js';
import { isLocal } from '../checks.js';
import type { Balanced, Implementation } from '../implementation.js';
import { localCheck, overNodePorts } from './over-node-ports.js';

/**
 * Source: oracle/oci-cloud-controller-manager docs/load-balancer-annotations.md and pkg/cloudprovider/providers/oci
 * (load_balancer_spec.go: health checkers; is-preserve-source of network load balancers follows the policy Local).
 */
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
  check: (balanced, port) =>
    localCheck(
      balanced,
      port,
      { intervalSeconds: 10, timeoutSeconds: 3, unhealthyAfter: 3, healthyAfter: 3 },
      'KUBE_PROXY',
    ),
  // Source ranges become rules of security lists, or of a network security group (securityListManagementMode All, the default).
  enforces: () => true,
  spread: 'round robin over backends, or a hash of addresses and ports (network load balancer)',
  sticky: false,
  drain: 'connections of a backend that is drained go on, of one that is removed end',
});
