import { annotationOf, numberOf } from '../annotations.js';
import { isLocal } from '../checks.js';
import type { Balanced, Implementation } from '../implementation.js';
import { localCheck, overNodePorts } from './over-node-ports.js';

/**
 * Source: oracle/oci-cloud-controller-manager docs/load-balancer-annotations.md: names and defaults; times are in
 * milliseconds there.
 */
const PREFIX = 'service.beta.kubernetes.io/oci-load-balancer-';

/** Of the network load balancer, by other names. */
const NETWORK_PREFIX = 'oci-network-load-balancer.oraclecloud.com/';

function prefixOf(balanced: Balanced): string {
  return isNetwork(balanced) ? NETWORK_PREFIX : PREFIX;
}

/** A time of an annotation in seconds. */
function seconds(balanced: Balanced, name: string): number | undefined {
  const milliseconds = numberOf(balanced.service, prefixOf(balanced) + name);
  return milliseconds === undefined ? undefined : milliseconds / 1000;
}

function isNetwork({ service }: Balanced): boolean {
  return annotationOf(service, 'oci.oraclecloud.com/load-balancer-type') === 'nlb';
}

const base = overNodePorts({
  name: 'oracle',
  title: 'Oracle Cloud load balancer',
  annotation:
    /^(?:oci\.oraclecloud\.com\/|service\.beta\.kubernetes\.io\/oci-|oci-network-load-balancer\.oraclecloud\.com\/)/,
  providerID: /^(?:oci:\/\/)?ocid1\.instance\./,
  keepsClient(balanced) {
    // Under Cluster the client's address is not kept, whatever the annotation says (OCI release notes, 2022-08-17).
    if (!isNetwork(balanced) || !isLocal(balanced)) return false;
    return annotationOf(balanced.service, `${NETWORK_PREFIX}is-preserve-source`) !== 'false';
  },
  protocols: ['TCP', 'UDP'],
  check(balanced, port) {
    const retries = numberOf(balanced.service, `${prefixOf(balanced)}health-check-retries`) ?? 3;
    const timing = {
      intervalSeconds: seconds(balanced, 'health-check-interval') ?? 10,
      timeoutSeconds: seconds(balanced, 'health-check-timeout') ?? 3,
      unhealthyAfter: retries,
      healthyAfter: retries,
    };
    return localCheck(balanced, port, timing, 'KUBE_PROXY');
  },
  // Source ranges become rules of security lists, which the controller manages in modes All and Frontend: for a load
  // balancer by default, for a network load balancer where it is asked to.
  enforces(balanced) {
    const mode = annotationOf(balanced.service, `${prefixOf(balanced)}security-list-management-mode`);
    return isNetwork(balanced) ? mode === 'All' || mode === 'Frontend' : mode !== 'None';
  },
  spread: (balanced) =>
    isNetwork(balanced)
      ? 'each connection is hashed by its addresses, ports and protocol'
      : 'round robin over backends',
  sticky: false,
  drain: 'connections of a backend that is drained go on, of one that is removed end',
});

/** Oracle Cloud's load balancer, a proxy, or its network load balancer, which can keep the client's address. */
export const oracle: Implementation = {
  ...base,
  // A network load balancer ends no connections: without backends nobody answers.
  refusesWithoutBackends: (balanced) => !isNetwork(balanced),
};
