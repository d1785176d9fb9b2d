/**
 * What Google's load balancers do that is a number or a name. One place to correct. Sources: kubernetes/ingress-gce
 * (pkg/l4, pkg/neg, 2026), kubernetes/cloud-provider-gcp (providers/gce/gce_loadbalancer*.go), GKE's documentation.
 */

/** ingress-gce pkg/annotations/service.go. */
export const ANNOTATIONS = {
  /** `enabled`: a regional backend service instead of a target pool. */
  backendService: 'cloud.google.com/l4-rbs',
  /** `Internal`: an internal passthrough load balancer. */
  type: 'networking.gke.io/load-balancer-type',
  /** Its name before 1.17. */
  formerType: 'cloud.google.com/load-balancer-type',
  /** `pods-per-node`: weighted load balancing. */
  weighted: 'networking.gke.io/weighted-load-balancing',
  /** Written by the NEG controller once the NEGs are there. */
  negStatus: 'cloud.google.com/neg-status',
  /**
   * `true`: clients of other regions reach an internal load balancer (GKE, internal load balancing, "global access").
   */
  globalAccess: 'networking.gke.io/internal-load-balancer-allow-global-access',
  strongAffinity: 'networking.gke.io/l4-strong-session-affinity',
} as const;

export const CLASSES = {
  external: 'networking.gke.io/l4-regional-external',
  internal: 'networking.gke.io/l4-regional-internal',
  /** Of the cloud controller manager's own load balancers (cloud-provider-gcp providers/gce). */
  externalLegacy: 'networking.gke.io/l4-regional-external-legacy',
  internalLegacy: 'networking.gke.io/l4-regional-internal-legacy',
} as const;

/**
 * Finalizers that the controllers write on a Service (ingress-gce pkg/utils/common/finalizer.go, cloud-provider-gcp).
 */
export const FINALIZERS: Readonly<
  Record<
    string,
    { readonly scheme: 'EXTERNAL' | 'INTERNAL'; readonly backends: 'TARGET_POOL' | 'INSTANCE_GROUP' | 'NEG' }
  >
> = {
  'gke.networking.io/l4-ilb-v1': { scheme: 'INTERNAL', backends: 'INSTANCE_GROUP' },
  'gke.networking.io/l4-ilb-v2': { scheme: 'INTERNAL', backends: 'NEG' },
  'gke.networking.io/l4-netlb-v1': { scheme: 'EXTERNAL', backends: 'TARGET_POOL' },
  'gke.networking.io/l4-netlb-v2': { scheme: 'EXTERNAL', backends: 'INSTANCE_GROUP' },
  'gke.networking.io/l4-netlb-v3': { scheme: 'EXTERNAL', backends: 'NEG' },
};

/**
 * Versions from which GKE does something (GKE, "LoadBalancer Service parameters",
 * cloud.google.com/kubernetes-engine/docs/concepts/service-load-balancer-parameters).
 */
export const SINCE = {
  /** New internal load balancers have NEGs by themselves. */
  subsetting: { minor: 36, patch: 0, gke: undefined },
  /** New external load balancers have a backend service by themselves. */
  backendService: { minor: 37, patch: 0, gke: undefined },
  /** Annotation l4-rbs makes NEGs; instance groups before. */
  backendServiceNegs: { minor: 32, patch: 2, gke: 1652000 },
  /** Classes l4-regional-external and l4-regional-internal. */
  classes: { minor: 33, patch: 1, gke: 1779000 },
  /** Weighted load balancing. */
  weights: { minor: 31, patch: 0, gke: undefined },
  /**
   * Zonal affinity follows trafficDistribution (GKE, "Create an internal load balancer", zonal affinity; a preview).
   */
  zonalAffinity: { minor: 33, patch: 0, gke: undefined },
} as const;

/**
 * Of Services and nodes with several networks (GKE, "Multi-network LoadBalancer Services",
 * cloud.google.com/kubernetes-engine/docs/concepts/about-multinetwork-loadbalancer-services; cloud-provider-gcp
 * crd/apis/network/v1).
 */
export const NETWORKS = {
  /** In the selector of a Service: the network whose interfaces of pods it has. */
  selector: 'networking.gke.io/network',
  /**
   * The networks that a node is connected to, as JSON: `[{"name": "dmz"}]` and `[{"network": "dmz", "ipAddress":
   * "…"}]`.
   */
  status: 'networking.gke.io/network-status',
  north: 'networking.gke.io/north-interfaces',
  /** The network of every node. */
  usual: 'default',
} as const;

/** ingress-gce pkg/utils/node: a node that GKE is draining. */
export const DRAIN_LABEL = { key: 'operation.gke.io/type', value: 'drain' } as const;

/** ingress-gce pkg/l4/healthchecks: one health check for all Services under Cluster, one per Service under Local. */
export const TIMING = {
  Cluster: { intervalSeconds: 8, timeoutSeconds: 1, unhealthyAfter: 3, healthyAfter: 1 },
  Local: { intervalSeconds: 3, timeoutSeconds: 1, unhealthyAfter: 2, healthyAfter: 1 },
} as const;

/** cloud-provider-gcp gce_loadbalancer.go (IPv4); ingress-gce pkg/l4 (IPv6): where probes come from. */
export const PROBE_SOURCES = {
  IPv4: ['130.211.0.0/22', '35.191.0.0/16', '209.85.152.0/22', '209.85.204.0/22'],
  internalIPv6: ['2600:2d00:1:b029::/64'],
  externalIPv6: ['2600:1901:8001::/48'],
} as const;

/** GKE's documentation: VMs of one internal load balancer over instance groups. */
export const INSTANCE_GROUP_LIMIT = 250;
