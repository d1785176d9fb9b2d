import type { KubernetesVersion } from '../cluster/settings.js';

/** When a gate first was on by default (never: undefined), and from when setting it has no effect any more. */
interface GateHistory {
  /** First minor version that knows the gate. */
  readonly since: number;
  /** First minor version where it is on unless turned off. */
  readonly onSince: number;
  /** First minor version where it is GA and locked: always on. */
  readonly lockedSince: number;
}

const NEVER = Number.POSITIVE_INFINITY;

/** The feature gates that change what kube-proxy programs (Kubernetes 1.20 to 1.36, pkg/features/kube_features.go). */
const GATES = {
  /** spec.internalTrafficPolicy. */
  ServiceInternalTrafficPolicy: { since: 21, onSince: 22, lockedSince: 26 },
  /** Zone hints of EndpointSlices. */
  TopologyAwareHints: { since: 21, onSince: 24, lockedSince: 33 },
  /** Falling back to endpoints that are terminating but still serve. */
  ProxyTerminatingEndpoints: { since: 22, onSince: 26, lockedSince: 28 },
  /** status.loadBalancer.ingress[].ipMode. */
  LoadBalancerIPMode: { since: 29, onSince: 30, lockedSince: 32 },
  /** kube-proxy's healthz fails on a node that is being deleted (not iptables: what load balancers see of it). */
  KubeProxyDrainingTerminatingNodes: { since: 28, onSince: 30, lockedSince: 31 },
  /** Hints count whether or not the Service has a topology annotation. */
  ServiceTrafficDistribution: { since: 30, onSince: 31, lockedSince: 33 },
  /** Node hints of EndpointSlices. */
  PreferSameTrafficDistribution: { since: 33, onSince: 34, lockedSince: 35 },
  /** ServiceCIDR objects say which addresses Services may have. */
  MultiCIDRServiceAllocator: { since: 27, onSince: 33, lockedSince: 34 },
  /** spec.externalIPs; on unless an administrator turns them off. */
  AllowServiceExternalIPs: { since: 36, onSince: 36, lockedSince: NEVER },
} as const satisfies Record<string, GateHistory>;

export type FeatureGate = keyof typeof GATES;

/**
 * Whether a feature gate is on: what was set explicitly wins over the version's default, except before the gate exists
 * (off) and after it is locked (on).
 */
export function gateEnabled(
  version: KubernetesVersion,
  set: Readonly<Record<string, boolean>>,
  gate: FeatureGate,
): boolean {
  const { since, onSince, lockedSince } = GATES[gate];
  if (version.minor < since) return false;
  if (version.minor >= lockedSince) return true;
  return set[gate] ?? version.minor >= onSince;
}
