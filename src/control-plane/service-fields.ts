import type { Service } from '../cluster/objects.js';
import { atLeast, type KubernetesVersion } from '../cluster/settings.js';

/** Which fields of a Service mean something, given the others. Source: Kubernetes 1.36 pkg/registry/core/service. */

export function typeOf(service: Service): string {
  return service.spec?.type ?? 'ClusterIP';
}

export function isHeadless(service: Service): boolean {
  return service.spec?.clusterIP === 'None';
}

export function needsClusterIP(service: Service): boolean {
  return typeOf(service) !== 'ExternalName';
}

/** Its ports may have node ports. */
export function mayHaveNodePorts(service: Service): boolean {
  return typeOf(service) === 'NodePort' || typeOf(service) === 'LoadBalancer';
}

/** Its ports get node ports where they have none. */
export function getsNodePorts(service: Service): boolean {
  if (typeOf(service) === 'NodePort') return true;
  return typeOf(service) === 'LoadBalancer' && service.spec?.allocateLoadBalancerNodePorts !== false;
}

/** An external traffic policy is set, and means something: up to 1.28 not for external IPs alone (#119150). */
export function hasExternalPolicy(service: Service, version: KubernetesVersion): boolean {
  if (mayHaveNodePorts(service)) return true;
  return atLeast(version, 29) && typeOf(service) === 'ClusterIP' && (service.spec?.externalIPs ?? []).length > 0;
}

export function needsHealthCheckNodePort(service: Service): boolean {
  return typeOf(service) === 'LoadBalancer' && service.spec?.externalTrafficPolicy === 'Local';
}
