/** What of the API server's validation came with a version, at the defaults of its feature gates. */
import type { AddressRules } from '../api-server/validation/address-rules.js';
import type { ServiceVersion } from '../api-server/validation/service.js';
import { atLeast, type KubernetesVersion } from '../cluster/settings.js';
import type { EndpointSliceFeatures } from './features.js';

/** Addresses and CIDRs are read strictly since 1.36 (gate StrictIPCIDRValidation, KEP-4858). */
export function addressRules(version: KubernetesVersion): AddressRules {
  return { strict: atLeast(version, 36) };
}

/**
 * The rules of Services: names since 1.36 (KEP-5311), traffic distribution by gates, external IPs since 1.29 (#119150),
 * kubelet's port since 1.33 (#129174).
 */
export function serviceVersion(version: KubernetesVersion, features: EndpointSliceFeatures): ServiceVersion {
  return {
    ...addressRules(version),
    name: `Kubernetes 1.${version.minor}`,
    relaxedName: atLeast(version, 36),
    externalIPsCount: atLeast(version, 29),
    kubeletPortAllowed: atLeast(version, 33),
    internalPolicy: atLeast(version, 22),
    trafficDistributions: [
      ...(features.preferClose ? ['PreferClose'] : []),
      ...(features.preferSame ? ['PreferSameZone', 'PreferSameNode'] : []),
    ],
  };
}
