import type { ServicePort } from './service-port.js';

/** Whether the port has an address for clients outside the cluster (kube-proxy's `ExternallyAccessible`). */
export function externallyAccessible(port: ServicePort): boolean {
  return (
    port.nodePort !== 0 ||
    port.loadBalancerVIPs.length > 0 ||
    port.externalIPs.length > 0 ||
    port.externalIPsRefused === true
  );
}

/** Whether some traffic of the port follows the Cluster policy (kube-proxy's `UsesClusterEndpoints`, 1.24). */
export function usesClusterEndpoints(port: ServicePort): boolean {
  // Pods and host processes are sent to every endpoint even under an external policy Local.
  return !port.internalPolicyLocal || externallyAccessible(port);
}

/** Whether some traffic of the port follows the Local policy (kube-proxy's `UsesLocalEndpoints`, 1.24). */
export function usesLocalEndpoints(port: ServicePort): boolean {
  return port.internalPolicyLocal || (port.externalPolicyLocal && externallyAccessible(port));
}
