/** Names of the implementations of load balancers, as `settings.loadBalancer` and the `loadBalancer` change spell them. */
export const LOAD_BALANCERS = [
  'generic',
  'gke-external-passthrough',
  'gke-internal-passthrough',
  'gke-container-native',
  'aws-nlb',
  'aws-classic',
  'azure',
  'metallb-l2',
  'metallb-bgp',
  'k3s-servicelb',
  'proxy',
] as const;

export type LoadBalancerName = (typeof LOAD_BALANCERS)[number];

/** What can be said of a load balancer beside its name. Each implementation lists those that it reads. */
export interface LoadBalancerOptions {
  /** GKE: what the load balancer's backends are. */
  readonly backends?: 'TARGET_POOL' | 'INSTANCE_GROUP' | 'NEG';
  /** GKE, internal: GCE_VM_IP NEGs that hold a subset of the nodes. The same as backends NEG. */
  readonly subsetting?: boolean;
  /** GKE: the nodes that the NEGs hold already; kept where they are still candidates. */
  readonly previousSubset?: readonly string[];
  /** GKE: backends weighted by their number of ready endpoints. Counts under externalTrafficPolicy Local only. */
  readonly weighted?: boolean;
  /** GKE, internal: clients keep to backends of their own zone. */
  readonly zonalAffinity?: boolean;
  /** GKE: nodes that are drained stay backends of Services with externalTrafficPolicy Local. */
  readonly includeDrainingNodes?: boolean;
  /** Whether connections go to every backend when all fail their health checks. */
  readonly failOpen?: boolean;
  /** AWS NLB, proxy: nodes by their node ports (INSTANCE), or pods (IP). */
  readonly targetType?: 'INSTANCE' | 'IP';
  /** AWS NLB: whether TCP targets see the client's address. */
  readonly preserveClientAddress?: boolean;
  /** AWS: the address of a zone leads to backends of every zone. */
  readonly crossZone?: boolean;
  /** The address that load balancers which replace the client's put in its place. */
  readonly proxyAddress?: string;
  /** Azure: nodes get packets with the load balancer's own address. */
  readonly floatingIP?: boolean;
  /** Azure: one probe of kube-proxy for all Services of policy Cluster. */
  readonly sharedProbe?: boolean;
  /** MetalLB: the nodes whose speakers announce the address. */
  readonly announcingNodes?: readonly string[];
  /** MetalLB, layer 2: the node that leads, where it is not the one that hashes first. */
  readonly leader?: string;
}

export type LoadBalancerOption = keyof LoadBalancerOptions;

/** An implementation and its options. Without a name: the one that the snapshot shows, with these options. */
export interface LoadBalancerChoice {
  readonly implementation?: LoadBalancerName;
  readonly options?: LoadBalancerOptions;
}

/** `settings.loadBalancer` of a request. */
export interface LoadBalancerSettings extends LoadBalancerChoice {
  /** Services that differ, by `namespace/name`: their fields win. */
  readonly services?: Readonly<Record<string, LoadBalancerChoice>>;
}

/** One choice laid over another. Options belong to an implementation: another one does not inherit them. */
function mergedChoice(under: LoadBalancerChoice, over: LoadBalancerChoice): LoadBalancerChoice {
  const replaced =
    over.implementation !== undefined &&
    under.implementation !== undefined &&
    over.implementation !== under.implementation;
  const options = replaced ? over.options : { ...under.options, ...over.options };
  const implementation = over.implementation ?? under.implementation;
  return {
    ...(implementation === undefined ? {} : { implementation }),
    ...(options === undefined || Object.keys(options).length === 0 ? {} : { options }),
  };
}

/** Settings laid over others, Service by Service and field by field. */
export function mergedLoadBalancers(under: LoadBalancerSettings, over: LoadBalancerSettings): LoadBalancerSettings {
  const keys = new Set([...Object.keys(under.services ?? {}), ...Object.keys(over.services ?? {})]);
  const services = Object.fromEntries(
    [...keys].map((key) => [key, mergedChoice(under.services?.[key] ?? {}, over.services?.[key] ?? {})]),
  );
  return { ...mergedChoice(under, over), ...(keys.size === 0 ? {} : { services }) };
}

/** What is said of one Service (`namespace/name`). */
export function loadBalancerChoice(settings: LoadBalancerSettings, service: string): LoadBalancerChoice {
  return mergedChoice(settings, settings.services?.[service] ?? {});
}
